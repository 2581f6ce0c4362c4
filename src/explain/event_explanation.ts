/** The explanation of one event, in sentences that cite the lines they rest on. */

import type { Statement } from "./explanation.ts";
import type { EventId, JobId, LogId } from "../core/ids.ts";
import type { Mismatch } from "./mismatch.ts";
import type { RuleName } from "../core/rules.ts";

/** A job that the event reached or started, and its effect there. */
export interface ReachedJob<Cite> extends Statement<Cite> {
  readonly jobId: JobId;
  /** The row of the state table that applied. */
  readonly rule: RuleName;
}

/** A job that waits for an event like this one, or a definition that starts on one. */
export interface NearlyReached<Cite> extends Statement<Cite> {
  readonly jobId?: JobId;
  readonly expectation?: string;
  /** The type of job that would have been started. */
  readonly type?: string;
  /** The clauses that the event fails; empty when only the time or the job was wrong. */
  readonly clauses: readonly Mismatch[];
}

export interface EventExplanation<Cite> {
  readonly eventId: EventId;
  readonly eventType: string;
  /** The entry of the event. */
  readonly logId: LogId;
  /** The head of the journal: later entries are not included. */
  readonly asOf: LogId;
  readonly summary: string;
  /** Oldest first; `more` counts those that are not listed. */
  readonly reached: readonly ReachedJob<Cite>[];
  readonly more?: number;
  readonly nearly: readonly NearlyReached<Cite>[];
  /** Events that were refused because they reused the id of this one with other content. */
  readonly refused: readonly Statement<Cite>[];
}
