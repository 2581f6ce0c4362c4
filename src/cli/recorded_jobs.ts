/** All jobs of a journal as they are now, with what a check of their histories asks for. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import { refuseEntry } from "../engine/framework_schemas.ts";
import { JobTable } from "../engine/job_table.ts";
import type { EntryLocation, JournalHead } from "../engine/ports.ts";
import type { FileSystem } from "../journal/file_system.ts";
import { readJournal } from "../journal/reading.ts";

interface SegmentLines {
  readonly name: string;
  readonly firstLogId: LogId;
  /** Line numbers of its entries, in order. */
  readonly lines: number[];
}

export class RecordedJobs {
  readonly table: JobTable = new JobTable();
  /** Entries that counted for an expectation other than that of `main`. */
  readonly #facts = new Map<LogId, JobEventLogEntry>();
  readonly #segments: SegmentLines[] = [];
  #head: JournalHead = { logId: 0, chain: "" };

  /**
   * Reads a journal, beside its server if there is one.
   *
   * @throws {JournalDamagedError}
   * @throws {JournalUnusableError}
   */
  static async read(
    fileSystem: FileSystem,
    folder: string,
    onProgress: (done: number, total: number) => void,
  ): Promise<RecordedJobs> {
    const jobs = new RecordedJobs();
    jobs.#head = await readJournal({
      fileSystem,
      folder,
      onProgress,
      refuse: refuseEntry,
      take: (entry, location) => jobs.#take(entry, location),
    });
    return jobs;
  }

  get head(): JournalHead {
    return this.#head;
  }

  /** The entries at these positions, which counted for expectations. */
  readonly factsAt = (logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> =>
    Promise.resolve(logIds.flatMap((logId) => this.#facts.get(logId) ?? []));

  /** Where the line of an entry is. */
  locate(logId: LogId): EntryLocation | undefined {
    const segment = this.#segments.findLast(({ firstLogId }) => firstLogId <= logId);
    const line = segment?.lines[logId - segment.firstLogId];
    return segment === undefined || line === undefined
      ? undefined
      : { logId, segment: segment.name, line };
  }

  #take(entry: JobEventLogEntry, { logId, segment: name, line }: EntryLocation): void {
    const last = this.#segments.at(-1);
    if (last?.name === name) last.lines.push(line);
    else this.#segments.push({ name, firstLogId: logId, lines: [line] });
    const applied = this.table.apply(entry);
    if (applied?.matched.some((id) => id !== MAIN_EXPECTATION_ID)) this.#facts.set(logId, entry);
  }
}
