/** Shared by the benchmarks in this process: a Daybook in a folder, and the results. */

import { type Configuration, readConfiguration } from "../src/settings/configuration.ts";
import { Daybook } from "../src/server/daybook.ts";
import { systemClock, systemRandom } from "../src/server/system.ts";
import { paired } from "./figures.ts";
import { withFolder } from "./folder.ts";
import { threeTasks } from "./server/definitions.ts";

export const PAYLOAD = "x".repeat(100);
export const IN_FLIGHT = 64;

function configurationFor(folder: string, flags: readonly string[]): Configuration {
  const result = readConfiguration({
    args: ["--journal", folder, "--port", "0", ...flags],
    env: () => undefined,
    readTextFile: () => "",
  });
  if (result.kind !== "run") throw new Error(`Cannot configure the benchmark: ${result.kind}`);
  return result.configuration;
}

export async function openDaybook(
  folder: string,
  flags: readonly string[] = [],
): Promise<Daybook> {
  const daybook = await Daybook.open({
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
  daybook.work();
  return daybook;
}

type Engine = Daybook["engine"];

/** Measures two in turns: the baseline with little data, and one with much. */
export function withTwoDaybooks(
  rounds: number,
  [few, many]: readonly [few: number, many: number],
  fill: (folder: string, size: number) => Promise<Daybook>,
  measure: (daybook: Daybook, size: number) => Promise<number>,
) {
  return withFolder((fewFolder) =>
    withFolder(async (manyFolder) => {
      const [small, large] = [await fill(fewFolder, few), await fill(manyFolder, many)];
      const found = await paired(rounds, () => measure(small, few), () => measure(large, many));
      await Promise.all([small, large].map((daybook) => daybook.stop(() => Promise.resolve())));
      return found;
    })
  );
}

/** Runs something this many times, numbered from 0, `IN_FLIGHT` at a time. */
export async function many(count: number, run: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const client = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
}

/** Runs a job of three tasks until it is done. */
export async function runCode(engine: Engine): Promise<void> {
  const outcome = await engine.create({ type: "bench.three", input: { payload: PAYLOAD } });
  if (!outcome.ok) throw new Error(`Cannot create: ${outcome.problem.kind}`);
  await engine.waitFor(outcome.value.job.jobId, ({ state }) => state === "Done", 60_000);
}

export interface Result {
  readonly name: string;
  readonly figure: string;
  /** Compared with the baseline, if there is one. */
  readonly ratio?: number;
  readonly target?: number;
}
