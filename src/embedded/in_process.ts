/** A Daybook without a server or a process of its own: all of it is here. */

import { Daybook } from "../server/daybook.ts";
import { startWarnings } from "../server/start_warnings.ts";
import { systemClock, systemRandom } from "../server/system.ts";
import type { EmbeddedDaybook, OpenOptions } from "./daybook.ts";
import { InProcessDaybook } from "./in_process_daybook.ts";
import { configurationOf } from "./settings.ts";

/** See `openDaybook`. */
export async function openInProcess(options: OpenOptions): Promise<EmbeddedDaybook> {
  const { journal, definitions, settings = {}, warn = warnOnConsole } = options;
  const configuration = configurationOf(journal, settings);
  const daybook = await Daybook.open({
    configuration,
    clock: systemClock,
    random: systemRandom,
    definitions,
    warn,
    onJournalFailed: options.onJournalFailed ?? ((error) => warn(failedText(error))),
  });
  await daybook.tried();
  for (const warning of startWarnings(daybook.engine)) warn(warning);
  const { engine, fetch } = daybook;
  return new InProcessDaybook({
    engine,
    fetch,
    clock: systemClock,
    maxStartDelayMs: configuration.maxStartDelayMs,
    stop: (closeServer) => daybook.stop(closeServer),
  });
}

function warnOnConsole(message: string): void {
  console.error(`daybook: ${message}`);
}

function failedText({ message }: Error): string {
  return `${message}; end this process, since only the next start tells what is on disk`;
}
