/** Times that were far older than those of other jobs when a job was given them. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

const MINUTE = 60_000;
const ONCE = { maxAttempts: 1 };

type From = "input" | "event" | "result";

/** The contrast of the last job, which fails, where the ages of the times in others are these. */
async function told(
  from: From,
  agesMs: readonly number[],
  oldMs: number,
  write = (ms: number) => new Date(ms).toISOString(),
): Promise<string | undefined> {
  const dry = defineJob({
    type: "grain.dry",
    version: 1,
    input: v.looseObject({ silo: v.number() }),
    expects: ({ silo }) => ({
      read: { eventType: "sensor.Read", correlation: { equals: { silo } } },
    }),
    async run(ctx, { silo }) {
      await ctx.expect("read");
      await ctx.task("look-up", () => from === "result" ? { readAt: readAt[silo] } : {});
      await ctx.task("heat", () => {
        if (silo === agesMs.length) throw new Error("out of range");
      }, { retry: ONCE });
    },
  });
  const daybook = await Explained.start({ definitions: [dry], maxRunning: 8 });
  const readAt: string[] = [];
  for (const [silo, ms] of [...agesMs, oldMs].entries()) {
    await daybook.clock.advance(1_000 + silo * 977 % 5_000);
    readAt[silo] = write(daybook.clock.now() - ms);
    const time = { readAt: readAt[silo] };
    await daybook.submit(`dry-${silo}`, "grain.dry", { silo, ...from === "input" ? time : {} });
    await daybook.event("sensor.Read", { silo, ...from === "event" ? time : {} });
  }
  const last = `dry-${agesMs.length}`;
  await daybook.assertCitations(last);
  return (await daybook.explanation(last)).contrast?.statement;
}

const FRESH = Array.from({ length: 12 }, (_, at) => 200 + at * 1_711 % 9_000);

Deno.test("contrast: a time that was far older than those of others when the job was given it is named with its age", async () => {
  for (
    const [from, name] of [
      ["event", "event of read.readAt"],
      ["input", "input.readAt"],
      ["result", "result of look-up.readAt"],
    ] as const
  ) {
    assert.equal(
      await told(from, FRESH, 384 * MINUTE),
      `This job has age of ${name} = 6 h 24 min, where all 12 that went through have at most 8.7 s.`,
    );
  }
});

Deno.test("contrast: the age of a time is not named that others had nearly, that is young, to come, or a day", async () => {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  for (
    const [agesMs, oldMs, write] of [
      [[...FRESH, 60 * MINUTE], 384 * MINUTE],
      [FRESH.map(() => 300), 0.9 * MINUTE],
      [FRESH, -384 * MINUTE],
      [FRESH, 384 * 24 * MINUTE, day],
    ] as const
  ) {
    for (const from of ["event", "input", "result"] as const) {
      assert.doesNotMatch(await told(from, agesMs, oldMs, write) ?? "", /age of/);
    }
  }
});
