/** All jobs of a journal as they are now, with what a check of their histories asks for. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import { JobTable } from "../engine/writer/job_table.ts";
import type { EntryLocation, JournalHead } from "../engine/ports.ts";
import type { FileSystem } from "../journal/file_system.ts";
import { JournalReading } from "../journal/journal_reading.ts";

/** Entries that counted for an expectation other than that of `main`. */
type Facts = ReadonlyMap<LogId, JobEventLogEntry>;

export class RecordedJobs {
  readonly table: JobTable;
  readonly #facts: Facts;
  readonly #reading: JournalReading;

  private constructor(table: JobTable, facts: Facts, reading: JournalReading) {
    this.table = table;
    this.#facts = facts;
    this.#reading = reading;
  }

  /**
   * Reads a journal, beside its server if there is one.
   *
   * @throws {JournalDamagedError}
   * @throws {JournalUnusableError}
   */
  static async read(
    fileSystem: FileSystem,
    folder: string,
    progress: (done: number, total: number) => void,
  ): Promise<RecordedJobs> {
    const table = new JobTable();
    const facts = new Map<LogId, JobEventLogEntry>();
    const reading = await JournalReading.begin(fileSystem, folder, {
      refuse: refuseEntry,
      replay(entry) {
        const matched = table.apply(entry)?.matched ?? [];
        if (matched.some((id) => id !== MAIN_EXPECTATION_ID)) facts.set(entry.logId, entry);
      },
      progress,
    });
    return new RecordedJobs(table, facts, reading);
  }

  get head(): JournalHead {
    return this.#reading.head;
  }

  /** The entries at these positions, which counted for expectations. */
  readonly factsAt = (logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> =>
    Promise.resolve(logIds.flatMap((logId) => this.#facts.get(logId) ?? []));

  /** Where the line of an entry is. */
  locate(logId: LogId): EntryLocation | undefined {
    return this.#reading.locate([logId])[0];
  }
}
