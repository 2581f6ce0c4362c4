/** What the benchmarks in this process share: a Daybook in a folder, and what they report. */

import { type Configuration, readConfiguration } from "../src/configuration.ts";
import { Daybook } from "../src/daybook.ts";
import { systemClock, systemRandom } from "../src/system.ts";
import { threeTasks } from "./server/definitions.ts";

export const PAYLOAD = "x".repeat(100);

function configurationFor(folder: string, flags: readonly string[]): Configuration {
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

export interface Result {
  readonly name: string;
  readonly figure: string;
  /** Against the baseline, when there is one. */
  readonly ratio?: number;
  readonly target?: number;
}
