/** The jobs and events that carry a value, and the outcome of each. */

import type { Statement } from "./explanation.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";

export interface JobAbout<Cite> extends Statement<Cite> {
  readonly jobId: JobId;
}

export interface EventAbout<Cite> extends Statement<Cite> {
  readonly eventId: EventId;
}

export interface About<Cite> {
  /** As requested. */
  readonly about: string;
  /** Later entries are not included. It is the head of the journal, or of the index of values. */
  readonly asOf: LogId;
  readonly summary: string;
  /** Newest first; not all if there are many. */
  readonly jobs: readonly JobAbout<Cite>[];
  readonly events: readonly EventAbout<Cite>[];
}
