/**
 * Judges what an entry says: whether it could have been recorded, by its names, its ids and what it
 * refers to, and whether it follows from the entries before it. The attributes of framework facts
 * are checked by their schemas.
 */

import { type JobEventLogEntry, LIMIT_FACTS, PAUSE_FACTS } from "../core/event.ts";
import {
  EVENT_TYPE_RULE,
  type EventId,
  ID_PATTERN,
  ID_RULE,
  isEventType,
  isReserved,
  type LogId,
} from "../core/ids.ts";
import type { JobHead } from "../core/job_state.ts";
import { refuseEntry } from "../engine/writer/framework_schemas.ts";
import type { Projection } from "../engine/writer/projection.ts";
import type { EventIds } from "../engine/writer/event_ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { Catalogue, LineIndexes } from "../journal/read/catalogue.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import type { Layout } from "../journal/layout.ts";
import type { LineIndex } from "../journal/read/line_index.ts";
import { SegmentReader } from "../journal/read/segment_reader.ts";

/**
 * The job after the entry, if the entry is about one; or what is wrong with the entry. Without the
 * steps of the job: to copy thousands for each entry would take minutes.
 */
type Audited =
  | { readonly kind: "applied"; readonly job: JobHead | undefined }
  | { readonly kind: "flaw"; readonly reason: string; readonly byNewerVersion: boolean };

/** Judges the meaning of entries, and projects those that are valid. */
export class EntryAudit {
  constructor(private readonly projection: Projection) {}

  audit(entry: JobEventLogEntry): Audited {
    const illegality = findIllegality(entry);
    const unknown = illegality ?? refuseEntry(entry);
    if (unknown === undefined) return this.#project(entry);
    this.projection.eventIds.add(entry);
    return flaw(unknown, illegality === undefined);
  }

  /** Projects as a start does, so that everything in a snapshot can be compared. */
  #project(entry: JobEventLogEntry): Audited {
    const { table } = this.projection;
    const { jobId, eventType } = entry;
    const isNew = eventType === "job.JobCreated" && jobId !== undefined;
    // An ended job may have left memory.
    if (isNew) table.wake(jobId);
    const exists = isNew && table.head(jobId) !== undefined;
    try {
      this.projection.replay(entry);
      if (exists) return flaw(`job ${jobId} already exists`);
      return { kind: "applied", job: jobId === undefined ? undefined : table.head(jobId) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return flaw(error.message);
    }
  }
}

function flaw(reason: string, byNewerVersion = false): Audited {
  return { kind: "flaw", reason, byNewerVersion };
}

/** What is wrong with an entry by itself; `undefined` when nothing is. */
export function findIllegality(entry: JobEventLogEntry): string | undefined {
  return nameFlaw(entry) ?? idFlaw(entry) ?? causeFlaw(entry) ?? subjectFlaw(entry);
}

function nameFlaw({ eventType, stratum }: JobEventLogEntry): string | undefined {
  if (!isEventType(eventType)) {
    return `event type ${JSON.stringify(eventType)} is not legal: it must be ${EVENT_TYPE_RULE}`;
  }
  if (isReserved(eventType) === (stratum === "framework")) return undefined;
  return stratum === "framework"
    ? `event type ${eventType} is not in a namespace of the framework`
    : `event type ${eventType} is in a namespace of the framework, and its stratum is ${stratum}`;
}

function idFlaw({ eventId, jobId, taskId, executionId }: JobEventLogEntry): string | undefined {
  return illegalId("eventId", eventId) ?? illegalId("jobId", jobId) ??
    illegalId("taskId", taskId) ?? illegalId("executionId", executionId);
}

function illegalId(name: string, id: string | undefined): string | undefined {
  if (id === undefined || ID_PATTERN.test(id)) return undefined;
  return `${name} ${JSON.stringify(id)} is not legal: it must be ${ID_RULE}`;
}

/** A cause comes before its effect, so that chains of causes always end. */
function causeFlaw({ causedBy, logId }: JobEventLogEntry): string | undefined {
  if (causedBy === undefined) return undefined;
  if (Number.isInteger(causedBy) && causedBy >= 1 && causedBy < logId) return undefined;
  return `causedBy ${causedBy} is not a position before the entry's own`;
}

/**
 * Facts about jobs name the job, and facts about tasks the task. Facts about the journal name
 * neither.
 */
function subjectFlaw({ eventType, stratum, jobId, taskId }: JobEventLogEntry): string | undefined {
  if (stratum !== "framework") return undefined;
  if (eventType.startsWith("journal.")) {
    return jobId === undefined ? undefined : `${eventType} names a job`;
  }
  if (OF_ALL_JOBS.includes(eventType)) {
    return jobId === undefined ? undefined : `${eventType} names a job, but concerns all of them`;
  }
  if (jobId === undefined) return `${eventType} names no job`;
  return taskId === undefined && TASK_FACT.test(eventType)
    ? `${eventType} names no task`
    : undefined;
}

const OF_ALL_JOBS = [...PAUSE_FACTS, ...LIMIT_FACTS];
/** A `job.TimerSet` is also recorded for a timed wait, which has no task. */
const TASK_FACT = /^job\.(?:Task|TimerElapsed$|CompensationStarted$)/;

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

/** Checks that no event id occurs twice, by reading the lines themselves. */
export class UniqueIds {
  readonly #segments: SegmentInfo[] = [];
  readonly #indexes = new Map<string, LineIndex>();
  readonly #last = new LastIds();

  constructor(private readonly fileSystem: FileSystem, private readonly layout: Layout) {}

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
      ? eventIds.candidates(entry.eventId, 0, this.#last.firstLogId)
      : [last];
    this.#last.add(entry);
    return candidates.length > 0 ? { entry, candidates } : undefined;
  }

  /** The position of the earlier entry with the same id, if there is one. */
  async firstOf({ entry, candidates }: Suspect): Promise<LogId | undefined> {
    const catalogue = new Catalogue(this.#segments, new LineIndexes(this.#indexes));
    const reader = new SegmentReader(this.fileSystem, this.layout, catalogue);
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
