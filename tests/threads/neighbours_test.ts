/** Good jobs in threads are affected by bad ones no more than by another busy process. */

import assert from "node:assert/strict";
import { openInProcess } from "../../src/embedded/in_process.ts";
import type { EmbeddedDaybook, Job } from "../../src/mod.ts";
import { rounds } from "../support/effort.ts";
import { good, hostile } from "../support/process/isolated_definitions.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { pause } from "../support/until.ts";

/** In turns, so that other load on the machine slows both sides equally. */
const TURNS = 5;
const GOOD_JOBS_A_TURN = 200;
const BETWEEN_MS = 40;
const END_MS = 120_000;
const KINDS = ["spin", "exhaustLater", "exit", "spinLater", "exhaust"] as const;

/** Submits good jobs at a steady pace; returns how long each takes. */
async function timesOfGoodOnes(daybook: EmbeddedDaybook): Promise<readonly number[]> {
  const times: Promise<number>[] = [];
  for (let number = 0; number < GOOD_JOBS_A_TURN; number++) {
    times.push(timeOf(daybook, number));
    await pause(BETWEEN_MS);
  }
  return await Promise.all(times);
}

/** The p99. */
function p99Of(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
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
    await using daybook = await openInProcess({
      journal: `${folder}/journal`,
      definitions: [good, hostile],
      warn: () => {},
    }, { threads: { max: 8, memoryMb: 64 } });
    // Its threads are started before the measurement.
    await Promise.all(
      Array.from({ length: 12 }, (_, number) => number).map((number) => timeOf(daybook, number)),
    );
    result = await work(daybook);
  });
  return result as Result;
}

async function besideSpinning(daybook: EmbeddedDaybook): Promise<readonly number[]> {
  const spinning = new Deno.Command(Deno.execPath(), { args: ["eval", "for (;;);"] }).spawn();
  try {
    return await timesOfGoodOnes(daybook);
  } finally {
    spinning.kill("SIGKILL");
    await spinning.status;
  }
}

async function besideBadOnes(daybook: EmbeddedDaybook) {
  const end = new AbortController();
  const bad = misbehave(daybook, end.signal);
  const times = await timesOfGoodOnes(daybook);
  end.abort();
  return { times, ended: await bad };
}

Deno.test({
  name: "threads: good jobs next to bad ones all end, about as fast as next to a busy process",
  // It takes a minute of both processors.
  ignore: rounds(0, 1) === 0,
  fn: async () => {
    const outside: number[] = [];
    const inside: number[] = [];
    const bad: Job[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      outside.push(...await withDaybook(besideSpinning));
      const { times, ended } = await withDaybook(besideBadOnes);
      inside.push(...times);
      bad.push(...ended);
    }
    const [p99Outside, p99Inside] = [p99Of(outside), p99Of(inside)];
    console.log(
      `threads: p99 ${p99Outside.toFixed(1)} ms beside a spinning process, ` +
        `${p99Inside.toFixed(1)} ms beside ${bad.length} bad jobs`,
    );
    assert.ok(bad.length >= TURNS);
    assert.ok(bad.every(({ state }) => state === "Failed"));
    assert.ok(p99Inside <= 1.2 * p99Outside, `${p99Inside} > 1.2 * ${p99Outside}`);
  },
});
