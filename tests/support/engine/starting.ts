/** Jobs that start others by events, and then work until a test ends them. */

import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Explained } from "./explained.ts";

export class Starting {
  readonly #working = new Map<string, () => void>();

  /** Type `site.publish` starts as many of `asset.render`, which end at once, as it is told. */
  definitions() {
    const publish = defineJob({
      ...{ type: "site.publish", version: 1, input: v.object({ assets: v.number() }) },
      run: async (ctx, { assets }) => {
        await ctx.task("spawn", (task) => {
          for (let asset = 0; asset < assets; asset++) task.emit("asset.Wanted", { asset });
          return assets;
        });
        return await ctx.task("collect", (task) =>
          new Promise<string>((resolve, reject) => {
            this.#working.set(ctx.jobId, () => resolve("live"));
            task.signal.addEventListener("abort", () => reject(task.signal.reason));
          }));
      },
    });
    const render = defineJob({
      ...{ type: "asset.render", version: 1, input: v.looseObject({}) },
      startsOn: { eventType: "asset.Wanted", input: () => ({}) },
      run: (ctx) => ctx.task("render", () => "rendered"),
    });
    /** Each job starts another like it, except for site b. */
    const crawl = defineJob({
      ...{ type: "web.crawl", version: 1, input: v.object({ site: v.string() }) },
      limits: { key: ({ site }) => site, perKey: 1 },
      startsOn: {
        eventType: "web.LinkFound",
        input: ({ attributes }) => attributes as { site: string },
      },
      run: async (ctx, { site }) => {
        await ctx.task("follow", (task) => site === "b" || task.emit("web.LinkFound", { site }));
        return await ctx.task("wait", () => new Promise<string>(() => {}));
      },
    });
    return [publish, render, crawl];
  }

  async end(daybook: Explained, jobId: string): Promise<void> {
    const end = this.#working.get(jobId);
    if (end === undefined) throw new TypeError(`Cannot end ${jobId}: it does not work`);
    end();
    await daybook.clock.settle();
  }
}
