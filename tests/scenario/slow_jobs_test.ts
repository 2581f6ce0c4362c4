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

/** A job that is in a chunk of its rows, where others of its type went through; its summary. */
async function inChunks(
  { others, rows, after, input = (rows) => ({ rows }) }: {
    /** The rows of the jobs that went through. */
    readonly others: readonly number[];
    readonly rows: number;
    /** How many chunks it has behind it. */
    readonly after: number;
    readonly input?: (rows: number) => object;
  },
): Promise<string> {
  const chunks = (rows: number) => Math.ceil(rows / 500);
  let isHeld = false;
  const importRows = defineJob({
    type: "rows.import",
    version: 1,
    input: ANY_INPUT,
    async run(ctx) {
      const count = ctx.jobId === "big" ? rows : others[Number(ctx.jobId.slice(3))] ?? 0;
      for (let at = 1; at <= chunks(count); at++) {
        if (isHeld && at > after) await ctx.task(`chunk-${at}`, () => new Promise(() => {}));
        else {
          await ctx.task(
            `chunk-${at}`,
            () => new Promise<void>((resolve) => void daybook.clock.setTimer(2_000, resolve)),
          );
        }
      }
    },
  });
  const daybook = await Explained.start({ definitions: [importRows], maxRunning: 20 });
  for (const [at, count] of others.entries()) {
    await daybook.submit(`job${at}`, "rows.import", input(count));
  }
  for (let at = 0; at < 200; at++) await daybook.clock.advance(2_000);
  isHeld = true;
  await daybook.submit("big", "rows.import", input(rows));
  for (let at = 0; at < after; at++) await daybook.clock.advance(2_000);
  await daybook.assertCitations("big");
  return (await daybook.explanation("big")).summary;
}

Deno.test("explain a slow job: numbered steps behind it, and how many there will be by what others were given", async () => {
  const summary = await inChunks({
    others: [20_100, 30_700, 41_499, 10_001],
    rows: 60_000,
    after: 62,
  });
  assert.ok(
    summary.endsWith(
      " 62 tasks such as chunk-62 have completed since 2026-01-01T00:06:40.000Z, each in 2 s in " +
        "the median. Judging by the 4 jobs of its type before it, input.rows = 60000 means 120 to " +
        "121 of them: until about 2026-01-01T00:10:42.000Z at this rate.",
    ),
    summary,
  );
  const pages = (rows: number) => ({ pages: Array(rows / 500).fill("x") });
  assert.match(
    await inChunks({ others: [1_500, 3_000, 2_500], rows: 6_000, after: 5, input: pages }),
    /length of input\.pages = 12 means 12 of them: until about 2026-01-01T00:07:04\.000Z/,
  );
  assert.match(
    await inChunks({ others: [3_000, 3_000, 2_900], rows: 3_000, after: 4 }),
    /The 3 jobs of its type before it had 6: until about 2026-01-01T00:06:52\.000Z/,
  );
});

Deno.test("explain a slow job: how many numbered steps there will be is not said if others do not show it", async () => {
  const any = { rows: 60_000, after: 62 };
  for (
    const known of [
      // Two chunks each, or three: 60,000 rows may be 86 to 128.
      { ...any, others: [600, 700, 1_200, 800] },
      { ...any, others: [20_100, 30_700] },
      // Of others that had six, it has more already.
      { ...any, others: [3_000, 3_000, 2_900] },
      { ...any, others: [20_100, 30_700, 41_499, 10_001], input: () => ({ rows: "many" }) },
    ]
  ) {
    assert.match(await inChunks(known), / 62 tasks such as .* in the median\.$/);
  }
  assert.match(
    await inChunks({ others: [20_100, 30_700, 41_499], rows: 60_000, after: 2 }),
    /, without a time limit\.$/,
  );
});
