/** What sets a job apart that executes or sleeps for far longer than others did. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

const ANY_INPUT = v.record(v.string(), v.unknown());

/** Encodes with what the settings say, which takes as long as the input says. */
async function encoded(
  last: { readonly encoder?: string; readonly ms?: number; readonly minutes?: number },
  /** The encoder of other jobs, the first ones of which came before a restart. */
  encoders: readonly string[] = ["nvenc"],
): Promise<Explained> {
  const lengthsMs = new Map<string, number>();
  const transcode = defineJob({
    type: "video.transcode",
    version: 1,
    input: ANY_INPUT,
    async run(ctx, { encoder }) {
      await ctx.task("settings", () => ({ encoder: encoder as string, crf: 21 }));
      await ctx.task(
        "encode",
        () =>
          new Promise<void>((resolve) =>
            void daybook.clock.setTimer(lengthsMs.get(ctx.jobId) ?? 100, resolve)
          ),
      );
    },
  });
  let daybook = await Explained.start({ definitions: [transcode], maxRunning: 20 });
  for (let at = 0; at < 14; at++) {
    const encoder = encoders[at % encoders.length];
    await daybook.submit(`done-${at}`, "video.transcode", { encoder, minutes: at });
    await daybook.clock.advance(1_000);
  }
  daybook = await daybook.crash();
  const { encoder = "x264", ms = 60_000, minutes = 5 } = last;
  lengthsMs.set("slow-1", Math.min(ms, 9_000)).set("slow-2", ms);
  await daybook.submit("slow-1", "video.transcode", { encoder, minutes });
  await daybook.submit("slow-2", "video.transcode", { encoder, minutes });
  await daybook.clock.advance(10_000);
  return daybook;
}

Deno.test("explain a slow job: a value that only those which take long have is named, while it executes", async () => {
  const daybook = await encoded({});
  const { summary } = await daybook.explanation("slow-2");
  await daybook.assertCitations("slow-2");
  assert.match(
    summary,
    /Both jobs that take long like this have input\.encoder such as "x264", where all 14 that did not have "nvenc"\.$/,
  );
});

Deno.test("explain a slow job: nothing is named that others had who were as fast as usual, or for a job that is no slower", async () => {
  for (
    const daybook of [
      await encoded({}, ["nvenc", "x264"]),
      await encoded({ encoder: "nvenc" }),
      await encoded({ ms: 500 }),
    ]
  ) {
    assert.doesNotMatch((await daybook.explanation("slow-2")).summary, /take long/);
  }
});

Deno.test("explain a slow job: the form of an input that only a far longer sleep has is named", async () => {
  const remind = defineJob({
    type: "appointment.remind",
    version: 1,
    input: ANY_INPUT,
    async run(ctx, { startsAt }) {
      const when = await ctx.task("parse", () => new Date(`${startsAt} UTC`).toISOString());
      await ctx.sleep("before", { until: new Date(when) });
    },
  });
  const daybook = await Explained.start({ definitions: [remind], maxRunning: 20 });
  for (let at = 10; at < 22; at++) {
    await daybook.submit(`r-${at}`, "appointment.remind", { startsAt: `2026-01-01 00:${at}` });
  }
  await daybook.clock.advance(1_800_000);
  await daybook.submit("odd", "appointment.remind", { startsAt: "05/01/2026 09:30" });
  assert.match(
    (await daybook.explanation("odd")).summary,
    /This job has input\.startsAt = "05\/01\/2026 09:30", where all 12 that did not have one of the form "9-9-9 9:9" \(9 for digits\)\.$/,
  );
  await daybook.submit("late", "appointment.remind", { startsAt: "2026-04-30 09:30" });
  assert.doesNotMatch((await daybook.explanation("late")).summary, /This job has/);
});
