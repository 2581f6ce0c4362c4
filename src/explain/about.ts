/** What carries a value, jobs and events, and what became of each. */

import type { Statement } from "./explanation.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";

export interface JobAbout<Cite> extends Statement<Cite> {
  readonly jobId: JobId;
}

export interface EventAbout<Cite> extends Statement<Cite> {
  readonly eventId: EventId;
}

export interface About<Cite> {
  /** As it was asked. */
  readonly about: string;
  /** What came later is not in here: the head of the journal, or as far as the index of values is. */
  readonly asOf: LogId;
  readonly summary: string;
  /** The newest first, and not all of many. */
  readonly jobs: readonly JobAbout<Cite>[];
  readonly events: readonly EventAbout<Cite>[];
}
