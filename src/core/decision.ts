/** The result of a decision: events, or a rejection that says why. */

import type { JobEventDraft } from "./event.ts";
import type { JobId } from "./ids.ts";
import type { JobState, StateName } from "./job_state.ts";

export interface Rejection {
  /** A sentence: action first, then the state. */
  readonly message: string;
  /** The states in which the same command is accepted; empty when there is none. */
  readonly allowedIn: readonly StateName[];
  /** A further condition in those states. */
  readonly allowedWhile?: Hold;
  /** For a retry: the job as which it was already retried. */
  readonly retriedAs?: JobId;
}

type Hold =
  | "suspended"
  | "not suspended"
  | "parked"
  | "suspended or parked"
  | "parked or compensating";

export type Decision =
  | { readonly accepted: true; readonly events: readonly JobEventDraft[] }
  | { readonly accepted: false; readonly rejection: Rejection };

export function accept(events: readonly JobEventDraft[]): Decision {
  return { accepted: true, events };
}

export function reject(
  message: string,
  allowedIn: readonly StateName[],
  allowedWhile?: Hold,
): Decision {
  const condition = allowedWhile === undefined ? {} : { allowedWhile };
  return { accepted: false, rejection: { message, allowedIn, ...condition } };
}

export function rejectState(
  job: JobState,
  verb: string,
  allowedIn: readonly StateName[],
): Decision {
  return reject(`Cannot ${verb} job ${job.jobId}: state is ${job.state}`, allowedIn);
}

export type Reasoned = { readonly reason?: string };
type ControlEventType = `job.Job${"Started" | "Suspended" | "Resumed" | "Cancelled" | "Woken"}`;

export function control(
  eventType: ControlEventType,
  jobId: JobId,
  { reason }: Reasoned,
): JobEventDraft {
  const attributes = reason === undefined ? {} : { reason };
  return { stratum: "framework", eventType, jobId, attributes };
}
