/** The feeds of entries that streams read, and the messages that they send. */

import type { JobEventLogEntry, Stratum } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import type { Transition } from "../../engine/requests.ts";

export interface Scan {
  readonly entries: readonly JobEventLogEntry[];
  /** Everything up to here was read; a reader continues beyond it. */
  readonly scannedTo: LogId;
  /** Whether there are no more entries now. */
  readonly caughtUp: boolean;
}

export interface Feed {
  /** Entries with `logId > after`, oldest first, at most `limit`. */
  read(after: LogId, limit: number): Promise<Scan>;
  /** Entries with `logId < before`, newest first, at most `limit`. */
  back(before: LogId, limit: number): Promise<Scan>;
}

function journalFeed(engine: JobEngine): Feed {
  return {
    async read(after, limit) {
      const entries = await engine.entries(after, limit);
      const scannedTo = entries.at(-1)?.logId ?? after;
      return { entries, scannedTo, caughtUp: scannedTo >= engine.headLogId };
    },
    async back(before, limit) {
      const after = Math.max(0, before - 1 - limit);
      const entries = after >= before - 1 ? [] : await engine.entries(after, before - 1 - after);
      return { entries: entries.toReversed(), scannedTo: after + 1, caughtUp: after === 0 };
    },
  };
}

/** The entries of one job; the position moves past entries of other jobs without reading them. */
function jobFeed(engine: JobEngine, jobId: JobId): Feed {
  return {
    async read(after, limit) {
      const head = Math.max(engine.headLogId, after);
      const last = engine.job(jobId)?.lastLogId ?? 0;
      if (last <= after) return { entries: [], scannedTo: head, caughtUp: true };
      const entries = await engine.history.of(jobId, after, limit);
      const readTo = entries.at(-1)?.logId ?? head;
      const caughtUp = readTo >= last;
      return { entries, scannedTo: caughtUp ? Math.max(readTo, head) : readTo, caughtUp };
    },
    // No entry before the first one of a job belongs to it.
    async back(before, limit) {
      const entries = await engine.history.back(jobId, before, limit);
      const caughtUp = entries.length < limit;
      return { entries, scannedTo: caughtUp ? 1 : entries.at(-1)?.logId ?? 1, caughtUp };
    },
  };
}

/** The fastest feed that has all entries of interest. */
export function selectFeed(engine: JobEngine, jobId: JobId | undefined): Feed {
  return jobId !== undefined && engine.job(jobId) !== undefined
    ? jobFeed(engine, jobId)
    : journalFeed(engine);
}

/** Which entries a reader wants; an absent member matches all. */
export interface EntryFilter {
  readonly eventTypes?: ReadonlySet<string> | undefined;
  readonly jobId?: JobId | undefined;
  readonly stratum?: Stratum | undefined;
  /** Only entries that changed the state or condition of a job. */
  readonly onlyTransitions?: boolean;
}

type Transitions = Pick<JobEngine, "transitionAt">;

export function passes(
  entry: JobEventLogEntry,
  { jobId, stratum, eventTypes, onlyTransitions = false }: EntryFilter,
  transitions: Transitions,
): boolean {
  return (jobId === undefined || jobId === entry.jobId) &&
    (stratum === undefined || stratum === entry.stratum) &&
    (eventTypes === undefined || eventTypes.has(entry.eventType)) &&
    (!onlyTransitions || transitions.transitionAt(entry) !== undefined);
}

const RECONNECT_MS = 2_000;
/** How often an idle stream sends a heartbeat. */
export const HEARTBEAT_MS = 15_000;

/**
 * A message without data: it dispatches no event, but moves the client's `Last-Event-ID`, never
 * beyond what was scanned for this client.
 */
export function heartbeatAt(position: LogId): string {
  return `: heartbeat\nid: ${position}\n\n`;
}

/** The beginning of every stream. */
export function greetingAt(position: LogId): string {
  return `retry: ${RECONNECT_MS}\n${heartbeatAt(position)}`;
}

/** As many as are read at a time. */
const MESSAGES_MAX = 512;

/** What a stream has to know about an entry. */
interface Prepared {
  readonly entry: JobEventLogEntry;
  /** How it changed its job. */
  readonly transition: Transition | undefined;
  message: string | undefined;
}

/**
 * The messages of entries that were read last. The journal returns recent entries as the same
 * objects to all readers, so each message is created once for all filters. A ring, since a
 * `WeakMap` would cost the garbage collector as much as creating the messages.
 */
export class StreamMessages implements Transitions {
  readonly #ring = Array<Prepared | undefined>(MESSAGES_MAX);

  constructor(private readonly engine: Transitions) {}

  of(entry: JobEventLogEntry): string {
    const prepared = this.#prepare(entry);
    return prepared.message ??= `id: ${entry.logId}\ndata: ${
      entryText(entry, prepared.transition)
    }\n\n`;
  }

  transitionAt(entry: JobEventLogEntry): Transition | undefined {
    return this.#prepare(entry).transition;
  }

  #prepare(entry: JobEventLogEntry): Prepared {
    const place = entry.logId % MESSAGES_MAX;
    const prepared = this.#ring[place];
    if (prepared?.entry === entry) return prepared;
    const transition = this.engine.transitionAt(entry);
    return this.#ring[place] = { entry, transition, message: undefined };
  }

  /**
   * Frees them before the garbage collector moves them. After every batch: in V8 15.0, `fill` takes
   * thirty times as long, and leaves 8 KB of garbage.
   */
  clear(): void {
    for (let place = 0; place < MESSAGES_MAX; place++) this.#ring[place] = undefined;
  }
}

/** The entry, and how it changed its job. */
function entryText(entry: JobEventLogEntry, transition: Transition | undefined): string {
  const text = entryJson(entry);
  if (transition === undefined) return `${text}}`;
  return `${text},"job":{"jobId":"${entry.jobId}",${
    endings.getOrInsertComputed(transition, ending)
  }`;
}

/** By transition: the engine has one object for each kind. */
const endings = new WeakMap<Transition, string>();

function ending(transition: Transition): string {
  return JSON.stringify(transition).slice(1) + "}";
}

/**
 * The entry as `JSON.stringify` writes it, which takes twice as long, without the closing brace. Ids,
 * names and times of receipt need no escaping: `line_reader.ts` refuses others.
 */
function entryJson(entry: JobEventLogEntry): string {
  const { logId, receivedAt, stratum, eventId, eventType, occurredAt, attributes } = entry;
  const { jobId, taskId, executionId, traceId, spanId, actor, causedBy } = entry;
  const occurred = occurredAt === receivedAt ? `"${receivedAt}"` : JSON.stringify(occurredAt);
  return `{"logId":${logId},"receivedAt":"${receivedAt}","stratum":"${stratum}",` +
    `"eventId":"${eventId}","eventType":"${eventType}","occurredAt":${occurred}` +
    (jobId === undefined ? "" : `,"jobId":"${jobId}"`) +
    (taskId === undefined ? "" : `,"taskId":"${taskId}"`) +
    (executionId === undefined ? "" : `,"executionId":"${executionId}"`) +
    (traceId === undefined ? "" : `,"traceId":${JSON.stringify(traceId)}`) +
    (spanId === undefined ? "" : `,"spanId":${JSON.stringify(spanId)}`) +
    (actor === undefined ? "" : `,"actor":${JSON.stringify(actor)}`) +
    (causedBy === undefined ? "" : `,"causedBy":${causedBy}`) +
    `,"attributes":${JSON.stringify(attributes)}`;
}
