/** A job as a program sees it that has Daybook inside. */

import type { Correlation } from "../core/correlation.ts";
import type { Deadline, ExpectedEventKind, Multiplicity } from "../core/job_plan.ts";
import { jobResource } from "../core/job_resource.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";

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
 * A job as it was when it was asked for; it does not change afterwards. The fields are those
 * of `GET /jobs/:id`. Times are RFC 3339, in UTC.
 */
export interface Job<Output = unknown> {
  /** Chosen by whoever submitted it, or `job_` and a ULID. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** By the table of states. */
  readonly state: JobStateName;
  /** In more words, for operators. */
  readonly condition: JobCondition;
  /** When it was recorded. */
  readonly createdAt: string;
  /** `null` until then. */
  readonly startedAt: string | null;
  /** `null` until it is Done or Failed. */
  readonly endedAt: string | null;
  /** When the first of its sleeps ends; only while it sleeps. */
  readonly sleepsUntil?: string | undefined;
  /** The position of its last entry in the journal. */
  readonly lastLogId: number;
  /** Lower goes first. */
  readonly priority: number;
  /** What it was labelled with. */
  readonly labels: Readonly<Record<string, string>>;
  /** The job that this one tries again: it failed, or was given up while it was parked. */
  readonly retryOf?: string | undefined;
  /** Only while it is parked: held until somebody, or other code, decides. */
  readonly parked?: JobParking;
  /** As it was submitted, with marks for what is secret. */
  readonly input: JsonValue;
  /**
   * What `run` returned, as the journal holds it: a `Date` in it is text. `null` until then, and
   * where it returned nothing.
   */
  readonly output: Output | null;
  /** What it waits for, `run` itself among it under the name `main`. */
  readonly expected: readonly JobExpectation[];
  /** The steps that have begun, `run` itself among them under the name `main`. */
  readonly tasks: readonly JobTask[];
  /** The waits of `run` that end at a time; absent where there were none. */
  readonly waits?: readonly JobWait[];
  /** Why it failed, or is being compensated; else `null`. */
  readonly failure: JobFailure | null;
}

/** Why the engine holds a job. */
export interface JobParking {
  /**
   * `diverged`: `run` no longer goes the way that is on record; `noDefinition`: its type, or a
   * version that runs it, is not loaded; `crashed`: the process ends when it goes on.
   */
  readonly reason: "diverged" | "noDefinition" | "crashed";
  /** In words: what stands in the way. */
  readonly message: string;
  /** Of `diverged`: the position of the entry that `run` disagrees with. */
  readonly disagreesWith?: number;
  /** The position in the journal of the entry that says so. */
  readonly by: number;
}

/** One thing that a job waits for, and how far that is. */
export interface JobExpectation {
  /** The name that `ctx.expect` takes. */
  readonly id: string;
  /** For readers; it matches nothing. */
  readonly kind: ExpectedEventKind;
  /** The type of event that counts. */
  readonly eventType: string;
  /** Which events of the type count. */
  readonly correlation: Correlation;
  /** How many are wanted. */
  readonly multiplicity: Multiplicity;
  /** The same as a number. */
  readonly required: number;
  /** How many have come, those beyond `required` not among them. */
  readonly matched: number;
  /** Until when it has to come, from the start of the job on. */
  readonly within?: Deadline;
  /** Whether that is enough, or it is waived. */
  readonly satisfied: boolean;
  /** The position of the entry by which it counts as satisfied without all its events. */
  readonly waived?: number;
  /** The positions in the journal of those that counted. */
  readonly by: readonly number[];
}

/** A wait of `run` for an expectation that ends at a time. */
export interface JobWait {
  /** What it waits for. */
  readonly expectation: string;
  /** Which wait for it: 1 for the first. */
  readonly wait: number;
  /** When it ends without the event. */
  readonly dueAt: string;
  /** The position of the entry that says that it has. */
  readonly passedBy?: number;
}

/** One step of a job: a task or a sleep. */
export interface JobTask {
  /** The name that `ctx.task` or `ctx.sleep` was given. */
  readonly taskId: string;
  /** Such as `running`, `sleeping`, `backingOff`, `completed`, `failed` or `compensated`. */
  readonly status: string;
  /** Attempts begun; 0 for a sleep. */
  readonly attempts: number;
  /** When the first attempt began, or the sleep. */
  readonly startedAt: string;
  /** `null` until it has ended for good. */
  readonly endedAt: string | null;
  /** What `task.progress` said last. */
  readonly progress?:
    | { readonly done: number; readonly total?: number; readonly note?: string }
    | undefined;
  /** When the next attempt begins, while it backs off. */
  readonly retryAt?: string;
  /** When it ends, while it sleeps. */
  readonly dueAt?: string;
  /** Of a completed step. */
  readonly result?: JsonValue | undefined;
  /** Of the last attempt that failed. */
  readonly error?: JobError;
}

/** Why a job failed. */
export interface JobFailure {
  /**
   * `error`: an event that the job's policy names, or `run` threw; `poison`: trying again
   * cannot help; `deadLetter`: the attempts are used up; `cancelled`.
   */
  readonly kind: "error" | "poison" | "deadLetter" | "cancelled";
  /** The step that failed, or `null`. */
  readonly taskId: string | null;
  /** What went wrong, in the words of whoever threw it. */
  readonly error: JobError;
  /** A compensation failed as well: a person must look. */
  readonly recoveryRequired: boolean;
  /** The position in the journal of the entry that says so. */
  readonly because: number;
  /** Completed steps that nothing has undone: nobody knows how, or an operator left them. */
  readonly leftInPlace: readonly string[];
  /** Steps that were begun and never ended: what they did is unknown, and not undone. */
  readonly cutShort: readonly string[];
}

/** An error as the journal has it. */
export interface JobError {
  /** Of its class. */
  readonly name: string;
  /** What it says. */
  readonly message: string;
  /** Where it was thrown, when that is known. */
  readonly stack?: string;
}

/** @typeParam Output What `run` of the job's definition returns, as JSON has it. */
export function jobOf<Output>(state: JobState): Job<Output> {
  const job: Job = jobResource(state);
  // The journal holds what this definition's run returned, or that of an older version.
  return job as Job<Output>;
}
