/** What the benchmarks share: definitions, a Daybook in a fresh folder, and medians. */

import * as v from "valibot";
import { type Configuration, readConfiguration } from "../src/configuration.ts";
import { Daybook } from "../src/daybook.ts";
import { type AnyJobDefinition, defineJob } from "../src/engine/definition.ts";
import { systemClock, systemRandom } from "../src/system.ts";

/** Three durable steps that do nothing, and a payload of about 100 bytes. */
export const threeTasks: AnyJobDefinition = defineJob({
  type: "bench.three",
  version: 1,
  input: v.object({ payload: v.string() }),
  async run(ctx) {
    await ctx.task("one", () => 1);
    await ctx.task("two", () => 2);
    await ctx.task("three", () => 3);
    return "done";
  },
});

export const PAYLOAD = "x".repeat(100);

export function configurationFor(
  folder: string,
  flags: readonly string[] = [],
): Configuration {
  const result = readConfiguration({
    args: ["--journal", folder, "--port", "0", ...flags],
    env: () => undefined,
    readTextFile: () => "",
  });
  if (result.kind !== "run") throw new Error(`Cannot configure the benchmark: ${result.kind}`);
  return result.configuration;
}

export function openDaybook(folder: string, flags: readonly string[] = []): Promise<Daybook> {
  return Daybook.open({
    configuration: configurationFor(folder, flags),
    clock: systemClock,
    random: systemRandom,
    definitions: [threeTasks],
    warn: console.error,
    onJournalFailed: (error) => {
      console.error(error);
      Deno.exit(70);
    },
  });
}

/** Runs with a folder of its own, which is removed afterwards. */
export async function withFolder<Result>(
  run: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await Deno.makeTempDir({ prefix: "daybook-bench-" });
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

export function perSecond(count: number, milliseconds: number): number {
  return Math.round(count / (milliseconds / 1_000));
}

/** Runs two measurements in turn and gives both medians and the median of their ratios. */
export async function paired(
  rounds: number,
  baseline: () => Promise<number>,
  measured: () => Promise<number>,
): Promise<{ readonly baseline: number; readonly measured: number; readonly ratio: number }> {
  const pairs: [number, number][] = [];
  for (let round = 0; round < rounds; round++) pairs.push([await baseline(), await measured()]);
  return {
    baseline: median(pairs.map(([before]) => before)),
    measured: median(pairs.map(([, after]) => after)),
    ratio: median(pairs.map(([before, after]) => after / before)),
  };
}

export interface Result {
  readonly name: string;
  readonly figure: string;
  /** Against the baseline, when there is one. */
  readonly ratio?: number;
  readonly target?: number;
}
