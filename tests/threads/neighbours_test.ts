/** What good jobs in threads feel of bad ones beside them: no more than of another busy process. */

import assert from "node:assert/strict";
import { type EmbeddedDaybook, type Job, openDaybook } from "../../src/mod.ts";
import { rounds } from "../support/effort.ts";
import { good, hostile } from "../support/process/isolated_definitions.ts";
import { inFolder } from "../support/temporary_folder.ts";

const GOOD_JOBS = 1_000;
const BETWEEN_MS = 40;
const END_MS = 120_000;
const KINDS = ["spin", "exhaustLater", "exit", "spinLater", "exhaust"] as const;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Submits good jobs at a steady pace; gives the time that 99 of 100 take at most. */
async function p99OfGoodOnes(daybook: EmbeddedDaybook): Promise<number> {
  const times: Promise<number>[] = [];
  for (let number = 0; number < GOOD_JOBS; number++) {
    times.push(timeOf(daybook, number));
    await pause(BETWEEN_MS);
  }
  const sorted = (await Promise.all(times)).toSorted((left, right) => left - right);
  return sorted[Math.ceil(0.99 * sorted.length) - 1] ?? NaN;
}

async function timeOf(daybook: EmbeddedDaybook, number: number): Promise<number> {
  const start = performance.now();
  const job = await daybook.submit(good, { number });
  const { output } = await daybook.wait(job, { timeoutMs: END_MS });
  assert.equal(output, 2 * number + 1);
  return performance.now() - start;
}

/** One bad job after the other, until the signal. */
async function misbehave(daybook: EmbeddedDaybook, signal: AbortSignal): Promise<readonly Job[]> {
  const ended: Job[] = [];
  for (let turn = 0; !signal.aborted; turn++) {
    const kind = KINDS[turn % KINDS.length] ?? "spin";
    const job = await daybook.submit(hostile, { kind, timeoutMs: 2_000 });
    ended.push(await daybook.wait(job, { timeoutMs: END_MS }));
  }
  return ended;
}

async function withDaybook<Result>(work: (daybook: EmbeddedDaybook) => Promise<Result>) {
  let result: Result | undefined;
  await inFolder(async (folder) => {
    await using daybook = await openDaybook({
      journal: `${folder}/journal`,
      definitions: [good, hostile],
      settings: { "thread-memory": "64MiB", "max-threads": "8" },
      warn: () => {},
    });
    // Its threads are there before anything is measured.
    await Promise.all(
      Array.from({ length: 12 }, (_, number) => number).map((number) => timeOf(daybook, number)),
    );
    result = await work(daybook);
  });
  return result as Result;
}

Deno.test({
  name: "threads: good jobs beside bad ones all end, about as fast as beside a busy process",
  // It takes a minute of both processors.
  ignore: rounds(0, 1) === 0,
  fn: async () => {
    const outside = await withDaybook(async (daybook) => {
      const spinning = new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"] }).spawn();
      const p99 = await p99OfGoodOnes(daybook);
      spinning.kill("SIGKILL");
      await spinning.status;
      return p99;
    });
    const inside = await withDaybook(async (daybook) => {
      const end = new AbortController();
      const bad = misbehave(daybook, end.signal);
      const p99 = await p99OfGoodOnes(daybook);
      end.abort();
      return { p99, bad: await bad };
    });
    console.log(
      `threads: p99 ${outside.toFixed(1)} ms beside a spinning process, ` +
        `${inside.p99.toFixed(1)} ms beside ${inside.bad.length} bad jobs`,
    );
    assert.ok(inside.bad.length >= 5);
    assert.ok(inside.bad.every(({ state }) => state === "Failed"));
    assert.ok(inside.p99 <= 1.2 * outside, `${inside.p99} > 1.2 * ${outside}`);
  },
});
