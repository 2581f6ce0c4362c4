/** The real engine on a journal in files, on any disk. */

import type { AnyJobDefinition } from "../../../src/engine/definition.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import type { JobIndex } from "../../../src/engine/job_index.ts";
import type { PastEvents } from "../../../src/engine/views/past_events.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import type { FileJournalOptions } from "../../../src/journal/options.ts";
import { unlimited } from "./unlimited.ts";

export interface EngineOnFilesOptions extends Omit<FileJournalOptions, "consumer"> {
  readonly definitions: readonly AnyJobDefinition[];
  readonly maxRunning: number;
  /** The index of ended jobs; without one they stay in memory. */
  readonly index?: JobIndex;
  /** The search for events by value; the engine's own by default. */
  readonly pastEvents?: PastEvents | undefined;
  /** Starts with a pause of everything. */
  readonly hold?: boolean;
}

/** Started, with unfinished jobs resumed. */
export async function engineOnFiles(
  { definitions, maxRunning, index, pastEvents, hold, ...files }: EngineOnFilesOptions,
) {
  const { clock, random } = files;
  const engine = new JobEngine({
    ...unlimited(),
    clock,
    random,
    definitions,
    maxRunning,
    index,
    pastEvents,
  });
  const { journal, report } = await FileJournal.open({ ...files, consumer: engine.consumer });
  try {
    await engine.start(journal, report.recoveredLogId ?? undefined, hold);
  } catch (error) {
    await journal.close();
    throw error;
  }
  return { engine, journal, report };
}
