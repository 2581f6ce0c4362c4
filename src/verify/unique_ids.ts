/** Checks that no event id occurs twice, by reading the lines themselves. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import type { EventIds } from "../engine/writer/event_ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { Catalogue, LineIndexes } from "../journal/catalogue.ts";
import type { FileSystem } from "../journal/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import type { LineIndex } from "../journal/line_index.ts";
import { SegmentReader } from "../journal/segment_reader.ts";
import type { JobState } from "../core/job_state.ts";
import { findIllegality } from "./legality.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import type { Projection } from "../engine/writer/projection.ts";

/** The job after the entry, if the entry is about one; or what is wrong with the entry. */
type Audited =
  | { readonly kind: "applied"; readonly job: JobState | undefined }
  | { readonly kind: "flaw"; readonly reason: string; readonly byNewerVersion: boolean };

/** Judges the meaning of entries, and projects those that are valid. */
export class EntryAudit {
  readonly #projection: Projection;

  constructor(projection: Projection) {
    this.#projection = projection;
  }

  audit(entry: JobEventLogEntry): Audited {
    const illegality = findIllegality(entry);
    const unknown = illegality ?? refuseEntry(entry);
    if (unknown === undefined) return this.#project(entry);
    this.#projection.eventIds.add(entry);
    return flaw(unknown, illegality === undefined);
  }

  /** Projects as a start does, so that everything in a snapshot can be compared. */
  #project(entry: JobEventLogEntry): Audited {
    const { table } = this.#projection;
    const { jobId, eventType } = entry;
    const isNew = eventType === "job.JobCreated" && jobId !== undefined;
    // An ended job may have left memory.
    if (isNew) table.wake(jobId);
    const exists = isNew && table.job(jobId) !== undefined;
    try {
      this.#projection.replay(entry);
      if (exists) return flaw(`job ${jobId} already exists`);
      return { kind: "applied", job: jobId === undefined ? undefined : table.job(jobId) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return flaw(error.message);
    }
  }
}

function flaw(reason: string, byNewerVersion = false): Audited {
  return { kind: "flaw", reason, byNewerVersion };
}

/** An entry whose id may have been used before. */
export interface Suspect {
  readonly entry: JobEventLogEntry;
  readonly candidates: readonly LogId[];
}

/**
 * The ids of at least this many entries are remembered, and of all that were received at the same
 * time.
 */
const LAST_MAX = 1_024;

export class UniqueIds {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  readonly #segments: SegmentInfo[] = [];
  readonly #indexes = new Map<string, LineIndex>();
  readonly #last = new LastIds();

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** From now on, lines belong to this segment, and are added to its index before they are seen. */
  begin(segment: SegmentInfo, index: LineIndex): void {
    this.#segments.push(segment);
    this.#indexes.set(segment.name, index);
  }

  /**
   * Takes the next entry.
   *
   * @param eventIds Those of all earlier entries.
   */
  see(entry: JobEventLogEntry, eventIds: EventIds): Suspect | undefined {
    const last = this.#last.positionOf(entry.eventId);
    const candidates = last === undefined
      ? eventIds.candidates(entry.eventId, { before: this.#last.firstLogId })
      : [last];
    this.#last.add(entry);
    return candidates.length > 0 ? { entry, candidates } : undefined;
  }

  /** The position of the earlier entry with the same id, if there is one. */
  async firstOf({ entry, candidates }: Suspect): Promise<LogId | undefined> {
    const catalogue = new Catalogue(this.#segments, new LineIndexes(this.#indexes));
    const reader = new SegmentReader(this.#fileSystem, this.#layout, catalogue);
    for (const logId of candidates) {
      const [earlier] = await reader.readAt([logId]);
      if (earlier?.eventId === entry.eventId) return logId;
    }
    return undefined;
  }
}

/** The ids of the latest entries, so that those need not be read again. */
class LastIds {
  #young = new Map<EventId, LogId>();
  #old = new Map<EventId, LogId>();
  #firstYoung: LogId = 1;
  #firstOld: LogId = 1;
  #receivedAt = "";

  /** Entries from here on are remembered. */
  get firstLogId(): LogId {
    return this.#firstOld;
  }

  positionOf(eventId: EventId): LogId | undefined {
    return this.#old.get(eventId) ?? this.#young.get(eventId);
  }

  /** Entries received at the same time stay together, however many there are. */
  add({ eventId, logId, receivedAt }: JobEventLogEntry): void {
    if (this.#young.size >= LAST_MAX && receivedAt !== this.#receivedAt) {
      [this.#old, this.#young] = [this.#young, new Map()];
      [this.#firstOld, this.#firstYoung] = [this.#firstYoung, logId];
    }
    this.#receivedAt = receivedAt;
    this.#young.set(eventId, logId);
  }
}
