/** A job, as embedding programs see it. */

import type { Correlation } from "../core/correlation.ts";
import type { ErrorFact } from "../core/framework_events.ts";
import type { Deadline, ExpectedEventKind, Multiplicity } from "../core/job_plan.ts";
import { jobResource } from "../core/job_resource.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { InputRetention } from "../core/sealed_input.ts";

/** The state of a job; Done and Failed are final. */
export type JobStateName = "Created" | "Running" | "Compensating" | "Done" | "Failed";

/** What a job is doing right now, or how it ended. */
export type JobCondition =
  | "created"
  | "scheduled"
  | "queued"
  | "executing"
  | "waiting"
  | "sleeping"
  | "backingOff"
  | "suspended"
  | "parked"
  | "compensating"
  | "succeeded"
  | "failed"
  | "cancelled";

/**
 * A snapshot of a job: it does not change afterwards. The fields are those of `GET /jobs/:id`.
 * Times are RFC 3339, in UTC.
 */
export interface Job<Output = unknown> {
  /** Chosen by the submitter, or `job_` and a ULID. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** The version of the definition that created it; `null` for a plan without code. */
  readonly definitionVersion: number | null;
  /** The state, by the table of states. */
  readonly state: JobStateName;
  /** The condition, which is more detailed, for operators. */
  readonly condition: JobCondition;
  /** When the job was recorded. */
  readonly createdAt: string;
  /** When the job will start; absent once it has started. */
  readonly startAt?: string | undefined;
  /** `null` until it starts. */
  readonly startedAt: string | null;
  /** `null` until it is Done or Failed. */
  readonly endedAt: string | null;
  /** When the first of its sleeps ends; present only while it sleeps. */
  readonly sleepsUntil?: string | undefined;
  /** The position of its last entry in the journal. */
  readonly lastLogId: number;
  /** The position of its first entry in the journal. */
  readonly firstLogId: number;
  /** Lower runs first. */
  readonly priority: number;
  /** The labels it was submitted with. */
  readonly labels: Readonly<Record<string, string>>;
  /** The job that this one retries: it failed, or was cancelled while parked. */
  readonly retryOf?: string | undefined;
  /** Present only while it is parked: held until an operator or new code decides. */
  readonly parked?: JobParking;
  /** The key by which its definition limits how many jobs run at a time. */
  readonly key?: string;
  /** The key by which its definition limits how many jobs start in a period. */
  readonly rateKey?: string;
  /** The input as submitted, with secrets masked. */
  readonly input: JsonValue;
  /** For a sealed input: where its secrets are, and how long it is kept. */
  readonly sealed?:
    | { readonly secrets: readonly string[]; readonly retention: InputRetention }
    | undefined;
  /**
   * What `run` returned, as JSON: a `Date` becomes text. `null` until then, and if it returned
   * nothing.
   */
  readonly output: Output | null;
  /** The expectations of the job; `run` itself is listed as `main`. */
  readonly expected: readonly JobExpectation[];
  /** The tasks that have begun; `run` itself is listed as `main`. */
  readonly tasks: readonly JobTask[];
  /** The waits of `run` with a time limit; absent if there were none. */
  readonly waits?: readonly JobWait[];
  /** Why the job failed or is compensating; otherwise `null`. */
  readonly failure: JobFailure | null;
}

/** Why the engine holds a job. */
export interface JobParking {
  /**
   * `diverged`: `run` no longer follows the recorded history; `noDefinition`: no loaded definition
   * can run it; `crashed`: the process ended each time the job continued.
   */
  readonly reason: "diverged" | "noDefinition" | "crashed";
  /** The obstacle, as a message. */
  readonly message: string;
  /** For `diverged`: the position of the entry from which `run` diverged. */
  readonly disagreesWith?: number;
  /** The position of the entry that parked the job. */
  readonly by: number;
}

/** An expectation of a job, and its progress. */
export interface JobExpectation {
  /** The name that `ctx.expect` takes. */
  readonly id: string;
  /** For readers; ignored in matching. */
  readonly kind: ExpectedEventKind;
  /** The type of event that counts. */
  readonly eventType: string;
  /** Which events of that type count. */
  readonly correlation: Correlation;
  /** The task that an event must be about. */
  readonly taskId?: string | undefined;
  /** How many events are required, as in the plan. */
  readonly multiplicity: Multiplicity;
  /** How many events are required, as a number. */
  readonly required: number;
  /** How many events have matched; those beyond `required` are not counted. */
  readonly matched: number;
  /** The time limit, from the start of the job. */
  readonly within?: Deadline;
  /** Whether enough events have matched, or the expectation was waived. */
  readonly satisfied: boolean;
  /** The position of the entry that waived it: it counts as satisfied without all its events. */
  readonly waived?: number;
  /** The positions of the entries that matched. */
  readonly by: readonly number[];
}

/** A wait of `run` for an expectation, with a time limit. */
export interface JobWait {
  /** The expectation. */
  readonly expectation: string;
  /** The number of this wait among those for the same expectation, from 1. */
  readonly wait: number;
  /**
   * How long `run` asked to wait, in milliseconds; absent in journals from before it was recorded.
   */
  readonly withinMs?: number;
  /** When the wait ends without the event. */
  readonly dueAt: string;
  /** The position of the entry that records this end. */
  readonly passedBy?: number;
}

/** One step of a job: a task or a sleep. */
export interface JobTask {
  /** The name passed to `ctx.task` or `ctx.sleep`. */
  readonly taskId: string;
  /** Such as `running`, `sleeping`, `backingOff`, `completed`, `failed` or `compensated`. */
  readonly status: string;
  /** Attempts begun; 0 for a sleep. */
  readonly attempts: number;
  /** When the first attempt or the sleep began. */
  readonly startedAt: string;
  /** When the task ended; `null` until its outcome is final. */
  readonly endedAt: string | null;
  /** The last report of `task.progress`. */
  readonly progress?:
    | { readonly done: number; readonly total?: number; readonly note?: string }
    | undefined;
  /** When the next attempt starts, during a backoff. */
  readonly retryAt?: string;
  /** When the sleep ends, while it lasts. */
  readonly dueAt?: string;
  /** The result of a completed task. */
  readonly result?: JsonValue | undefined;
  /** The error of the last failed attempt. */
  readonly error?: ErrorFact;
}

/** Why a job failed. */
export interface JobFailure {
  /**
   * `error`: an error event of the job's policy, or `run` threw; `poison`: retrying cannot help;
   * `deadLetter`: all attempts failed; `cancelled`.
   */
  readonly kind: "error" | "poison" | "deadLetter" | "cancelled";
  /** The task that failed, or `null`. */
  readonly taskId: string | null;
  /** The error that caused the failure. */
  readonly error: ErrorFact;
  /** Equal for failures of one kind; `null` for a cancellation. */
  readonly fingerprint: string | null;
  /** Whether a compensation failed as well, so that an operator has to act. */
  readonly recoveryRequired: boolean;
  /** The position of the entry that records the failure. */
  readonly because: number;
  /**
   * Completed tasks that were not undone: they have no compensation, or an operator left them in
   * place.
   */
  readonly leftInPlace: readonly string[];
  /** Tasks that began and never ended: their effect is unknown, and not undone. */
  readonly cutShort: readonly string[];
}

/** @typeParam Output The return type of `run`, as JSON. */
export function toJob<Output>(state: JobState): Job<Output> {
  const job: Job = jobResource(state);
  // The journal holds the output of this definition's `run`, or of an older version's.
  return job as Job<Output>;
}
