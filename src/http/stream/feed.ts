/** What a reader of entries goes along, and the messages that it gets. */

import type { JobEventLogEntry, Stratum } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobEngine } from "../../engine/job_engine.ts";

export interface Scan {
  readonly entries: readonly JobEventLogEntry[];
  /** Everything up to here was sent; a reader continues after it. */
  readonly scannedTo: LogId;
  /** Nothing more is there now. */
  readonly caughtUp: boolean;
}

export interface Feed {
  /** Entries with `logId > after`, oldest first, at most `limit`. */
  read(after: LogId, limit: number): Promise<Scan>;
}

function journalFeed(engine: JobEngine): Feed {
  return {
    async read(after, limit) {
      const entries = await engine.entries(after, limit);
      const scannedTo = entries.at(-1)?.logId ?? after;
      return { entries, scannedTo, caughtUp: scannedTo >= engine.headLogId };
    },
  };
}

/** Reading one job moves the reader past entries of others, without reading those. */
export function jobFeed(engine: JobEngine, jobId: JobId): Feed {
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
  };
}

/** The quickest feed that has all entries of interest. */
export function selectFeed(engine: JobEngine, jobId: JobId | undefined): Feed {
  return jobId !== undefined && engine.job(jobId) !== undefined
    ? jobFeed(engine, jobId)
    : journalFeed(engine);
}

/** Which entries a reader wants; what is absent lets all pass. */
export interface EntryFilter {
  readonly eventTypes?: ReadonlySet<string> | undefined;
  readonly jobId?: JobId | undefined;
  readonly stratum?: Stratum | undefined;
}

export function passes(entry: JobEventLogEntry, filter: EntryFilter): boolean {
  return (filter.jobId === undefined || filter.jobId === entry.jobId) &&
    (filter.stratum === undefined || filter.stratum === entry.stratum) &&
    (filter.eventTypes === undefined || filter.eventTypes.has(entry.eventType));
}

const RECONNECT_MS = 2_000;

/**
 * A message that dispatches no event, for it has no data, but moves the reader's
 * `Last-Event-ID`: never beyond what was scanned for it.
 */
export function heartbeatAt(position: LogId): string {
  return `: heartbeat\nid: ${position}\n\n`;
}

/** What every stream begins with. */
export function greetingAt(position: LogId): string {
  return `retry: ${RECONNECT_MS}\n${heartbeatAt(position)}`;
}

/**
 * The journal gives recent entries as the same objects to all who read them, so each is
 * put into text once for all filters, and forgotten with it.
 */
const MESSAGES = new WeakMap<JobEventLogEntry, string>();

export function streamMessage(
  entry: JobEventLogEntry,
  engine: Pick<JobEngine, "transitionAt">,
): string {
  let message = MESSAGES.get(entry);
  if (message === undefined) {
    const transition = engine.transitionAt(entry);
    const data = transition === undefined
      ? entry
      : { ...entry, job: { jobId: entry.jobId, ...transition } };
    message = `id: ${entry.logId}\ndata: ${JSON.stringify(data)}\n\n`;
    MESSAGES.set(entry, message);
  }
  return message;
}
