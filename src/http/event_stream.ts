/**
 * Server-sent events: section 8 of the design. A subscriber is a cursor, not a queue:
 * it reads pages of the journal, and is only woken when there is more.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { isTerminal } from "../core/job_state.ts";
import type { Transition } from "../engine/requests.ts";
import { untilAborted } from "./abort.ts";
import type { Edge } from "./edge.ts";
import type { EnginePort } from "./engine_port.ts";
import { type EntryFilter, type Feed, passes } from "./feed.ts";

const RECONNECT_MS = 2_000;
const PAGE_SIZE_MAX = 512;

/** In UTF-16 units; a chunk is over it by one message at most. */
const CHUNK_LENGTH_MAX = 128 * 1024;

export interface StreamRequest {
  readonly feed: Feed;
  readonly filter: EntryFilter;
  readonly onlyTransitions: boolean;
  readonly after: LogId;
  /** The job with whose end the stream ends. */
  readonly untilEndOf?: JobId;
}

/** The chunks of one stream, each of one or more whole messages. */
export async function* streamMessages(
  request: StreamRequest,
  edge: Edge,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const reader = new StreamReader(request, edge.engine);
  const { clock, heartbeatMs, engine } = edge;
  let saidAt = clock.monotonic();
  yield `retry: ${RECONNECT_MS}\n${reader.heartbeat()}`;
  while (!signal.aborted) {
    const chunk = await reader.readOn();
    const quietMs = clock.monotonic() - saidAt;
    if (chunk !== "" || quietMs >= heartbeatMs) {
      saidAt = clock.monotonic();
      yield chunk === "" ? reader.heartbeat() : chunk;
    }
    // Filters may have kept the end from the reader, who would ask for it again and again.
    if (reader.isOver) yield reader.heartbeat();
    if (reader.isOver || engine.draining) return;
    if (!reader.isCaughtUp || chunk !== "") continue;
    const waitMs = Math.max(0, heartbeatMs - (clock.monotonic() - saidAt));
    await untilAborted(engine.changed(reader.cursor, waitMs, signal), signal);
  }
}

/** Goes along a feed, and keeps its place. */
class StreamReader {
  cursor: LogId;
  isCaughtUp = false;
  #pageSize = PAGE_SIZE_MAX;

  constructor(private readonly request: StreamRequest, private readonly engine: EnginePort) {
    this.cursor = request.after;
  }

  /**
   * A message that dispatches no event, for it has no data, but moves the reader's
   * `Last-Event-ID`: never beyond what was scanned for it.
   */
  heartbeat(): string {
    return `: heartbeat\nid: ${this.cursor}\n\n`;
  }

  /** Whether the job with whose end the stream ends is over, and all of it was read. */
  get isOver(): boolean {
    const endedBy = endOf(this.engine, this.request.untilEndOf);
    return endedBy !== undefined && this.cursor >= endedBy;
  }

  /** The messages of the next page; empty when none of it passes. */
  async readOn(): Promise<string> {
    const scan = await this.request.feed.read(this.cursor, this.#pageSize);
    const endedBy = endOf(this.engine, this.request.untilEndOf) ?? Infinity;
    let chunk = "";
    let used = 0;
    for (const entry of scan.entries) {
      if (entry.logId > endedBy || chunk.length >= CHUNK_LENGTH_MAX) break;
      chunk += this.#messageOf(entry);
      this.cursor = entry.logId;
      used += 1;
    }
    this.#noteProgress(used, scan.entries.length);
    this.isCaughtUp = used === scan.entries.length && scan.caughtUp;
    if (used === scan.entries.length) this.cursor = Math.max(this.cursor, scan.scannedTo);
    return chunk;
  }

  /** What did not fit is read again later, so pages shrink to what fits. */
  #noteProgress(used: number, read: number): void {
    this.#pageSize = used < read ? Math.max(1, used) : Math.min(PAGE_SIZE_MAX, this.#pageSize * 2);
  }

  #messageOf(entry: JobEventLogEntry): string {
    const { filter, onlyTransitions } = this.request;
    if (!passes(entry, filter)) return "";
    const transition = this.engine.transitionAt(entry.logId);
    return onlyTransitions && transition === undefined ? "" : messageOf(entry, transition);
  }
}

/**
 * The journal gives recent entries as the same objects to all who read them, so each is
 * put into text once for all streams, and forgotten with it.
 */
const MESSAGES = new WeakMap<JobEventLogEntry, string>();

function messageOf(entry: JobEventLogEntry, transition: Transition | undefined): string {
  let message = MESSAGES.get(entry);
  if (message === undefined) {
    const data = transition === undefined
      ? entry
      : { ...entry, job: { jobId: entry.jobId, ...transition } };
    message = `id: ${entry.logId}\ndata: ${JSON.stringify(data)}\n\n`;
    MESSAGES.set(entry, message);
  }
  return message;
}

/** The entry that ended a job, or `undefined` while it goes on. */
export function endOf(engine: EnginePort, jobId: JobId | undefined): LogId | undefined {
  const job = jobId === undefined ? undefined : engine.job(jobId);
  return job !== undefined && isTerminal(job) ? job.endedBy : undefined;
}
