/** Imports a job: checks whether it fits this journal, and appends it at new positions. */

import { isDeepStrictEqual } from "node:util";
import type { JobEventLogEntry } from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import { quotedEntry, withReferences } from "../core/log_references.ts";
import type { UnplacedEvent } from "../engine/ports.ts";
import { FiledJobs } from "../engine/matching/filed_jobs.ts";
import type { Projection } from "../engine/writer/projection.ts";
import type { FileJournal } from "../journal/file_journal.ts";
import type { ExportFile } from "./export_parser.ts";
import { findIllegality } from "../verify/entry_audit.ts";

export interface Imported {
  /** Appended entries, without `journal.Imported`. */
  readonly entries: number;
  /** Entries that were here already, and are referred to where they are. */
  readonly known: number;
  readonly first: LogId;
  readonly last: LogId;
}

/** The job cannot be imported; the message says why. */
export class ImportRefusedError extends Error {
  override readonly name = "ImportRefusedError";
}

interface ImportParts {
  readonly journal: FileJournal;
  /** Of all entries of the journal. */
  readonly projection: Projection;
}

export class JobImport {
  /** The positions that entries of the file have here. */
  readonly #positions = new Map<LogId, LogId>();

  constructor(private readonly parts: ImportParts, private readonly file: ExportFile) {}

  /**
   * Appends the entries that are missing here, as one batch: afterwards all of them are there, or
   * none.
   *
   * @throws {ImportRefusedError} when this journal contradicts the history.
   * @throws {GroupTooLargeError} when one batch cannot hold it.
   */
  async run(): Promise<Imported> {
    this.#requireNewJob();
    this.#requireLegal();
    const fresh = await this.#freshEntries();
    this.#requireUnexpected(fresh);
    const group = this.#groupOf(fresh);
    const { entries, durable } = this.parts.journal.append(group);
    await durable;
    const [first, last] = [entries[0]?.logId ?? 0, entries.at(-1)?.logId ?? 0];
    const known = this.file.entries.length - fresh.length;
    return { entries: fresh.length, known, first, last };
  }

  #requireNewJob(): void {
    const { jobId, idempotency } = this.file.job;
    const { table } = this.parts.projection;
    const here = table.job(jobId);
    if (here !== undefined) {
      throw new ImportRefusedError(`job ${jobId} already exists here, and is ${here.state}`);
    }
    const keeper = idempotency && table.jobOfKey(idempotency.key);
    if (keeper === undefined) return;
    throw new ImportRefusedError(
      `its idempotency key ${JSON.stringify(idempotency?.key)} belongs to job ${keeper} here`,
    );
  }

  /** Refuses what a verification of this journal would then call damage. */
  #requireLegal(): void {
    for (const entry of this.file.entries) {
      const flaw = findIllegality(entry);
      if (flaw !== undefined) throw new ImportRefusedError(`its entry ${entry.logId}: ${flaw}`);
    }
  }

  /** Returns the entries to append. For the others it notes their positions here. */
  async #freshEntries(): Promise<readonly JobEventLogEntry[]> {
    const fresh: JobEventLogEntry[] = [];
    for (const entry of this.file.entries) {
      const here = await this.#find(entry.eventId) ?? await this.#find(quotedEntry(entry).eventId);
      if (here === undefined) fresh.push(entry);
      else this.#positions.set(entry.logId, this.#requireSame(entry, here).logId);
    }
    return fresh;
  }

  async #find(eventId: EventId): Promise<JobEventLogEntry | undefined> {
    const { journal, projection } = this.parts;
    const entries = await journal.readAt(projection.eventIds.candidates(eventId));
    return entries.find((entry) => entry.eventId === eventId);
  }

  #requireSame(entry: JobEventLogEntry, here: JobEventLogEntry): JobEventLogEntry {
    if (entry.jobId === this.file.job.jobId) {
      throw new ImportRefusedError(
        `event ${entry.eventId} of its history already exists here, as entry ${here.logId}`,
      );
    }
    if (isSameFact(quotedEntry(entry), quotedEntry(here))) return here;
    throw new ImportRefusedError(
      `event ${entry.eventId}, which it refers to, is another event here: entry ${here.logId}`,
    );
  }

  /**
   * Refuses events that a job here waits for. Once recorded, a delivery of the event would be a
   * duplicate, and that job would never get it.
   */
  #requireUnexpected(fresh: readonly JobEventLogEntry[]): void {
    const filed = new FiledJobs();
    filed.open(this.parts.projection.table.jobs());
    for (const entry of fresh) {
      if (entry.stratum !== "domain" || entry.jobId !== undefined) continue;
      const [jobId] = filed.started.jobsFor(entry);
      if (jobId === undefined) continue;
      throw new ImportRefusedError(
        `job ${jobId} waits here for event ${entry.eventId} (${entry.eventType}), which comes ` +
          "with it; deliver that event here first (POST /events), then import again",
      );
    }
  }

  #groupOf(fresh: readonly JobEventLogEntry[]): readonly UnplacedEvent[] {
    const { journal } = this.parts;
    const { header, job } = this.file;
    const imported: UnplacedEvent = {
      stratum: "framework",
      eventType: "journal.Imported",
      attributes: { jobId: job.jobId, entries: fresh.length, from: header.from.head },
    };
    const first = journal.nextLogId + 1;
    fresh.forEach(({ logId }, index) => this.#positions.set(logId, first + index));
    return [imported, ...fresh.map((entry) => this.#moved(entry))];
  }

  /** The entry to append: everything it says, with positions of this journal. */
  #moved(entry: JobEventLogEntry): UnplacedEvent {
    const { logId: _, ...event } = withReferences(entry, (logId) => this.#at(logId));
    return event as UnplacedEvent;
  }

  #at(logId: LogId): LogId {
    const position = this.#positions.get(logId);
    if (position === undefined) {
      throw new TypeError(`Cannot place entry ${logId}: it is not in this journal`);
    }
    return position;
  }
}

/** Ignores positions and the time of receipt: both journals may have received the same event. */
function isSameFact(left: JobEventLogEntry, right: JobEventLogEntry): boolean {
  if (left.eventType !== right.eventType || left.jobId !== right.jobId) return false;
  return left.stratum === "framework"
    ? left.receivedAt === right.receivedAt
    : isDeepStrictEqual(left.attributes, right.attributes);
}
