/** The jobs and events that carry a value, and what became of each. */

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
  /** Later entries are not included: the head of the journal, or of the index of values. */
  readonly asOf: LogId;
  readonly summary: string;
  /** Newest first; not all of many. */
  readonly jobs: readonly JobAbout<Cite>[];
  readonly events: readonly EventAbout<Cite>[];
}
