/**
 * What an explanation says. Every statement cites entries of the journal: by their
 * positions where it is made, and by segment and line where it is given out.
 */

import type { Condition } from "../core/condition.ts";
import type { ErrorFingerprint } from "../core/error_fingerprint.ts";
import type { Trait } from "./contrast.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { StateName } from "../core/job_state.ts";
import type { Likeness } from "./likeness/suspect.ts";
import type { RuleName } from "../core/rules.ts";
import type { Mismatch } from "./mismatch.ts";

/** Where an entry can be looked up. */
export interface Citation {
  readonly logId: LogId;
  /** File name in `journal/segments`. */
  readonly segment: string;
  /** Number of the line in the segment, from 1; blank lines count. */
  readonly line: number;
  readonly eventId: string;
  readonly eventType: string;
  /** The row of the state table by which it failed or ended the job; absent of all others. */
  readonly rule?: RuleName;
}

/** A sentence, with its evidence. */
export interface Statement<Cite> {
  readonly statement: string;
  readonly cites: readonly Cite[];
}

/** A task that completed, or an expectation that has all its matches. */
export interface CompletedItem<Cite> extends Statement<Cite> {
  readonly kind: "task" | "expectation";
  readonly id: string;
}

/** An event that resembles the one that is expected, and did not count. */
export interface NearMiss<Cite> extends Statement<Cite> {
  /** In what it resembles it. */
  readonly likeness: Likeness;
  /** Clauses of the expectation that it fails; empty where something else is the matter. */
  readonly clauses: readonly Mismatch[];
  /** What the event said; nothing, where that is very long. */
  readonly attributes: JsonObject;
}

export interface WaitingFor<Cite> extends Statement<Cite> {
  readonly expectation: string;
  readonly eventType: string;
  readonly matched: number;
  readonly required: number;
  readonly nearMisses: readonly NearMiss<Cite>[];
  /** That nothing resembles what is missing, or can ever meet it; the end of the statement. */
  readonly remark?: string;
}

/** A request that would move the job on. */
export interface Action {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: JsonObject;
  /** JSON pointers into the body, to what somebody has to fill in before it is sent. */
  readonly placeholders?: readonly string[];
}

export interface NextStep<Cite> extends Statement<Cite> {
  /** Whether it happens by itself, or somebody has to do it. */
  readonly by: "itself" | "anyone";
  readonly action?: Action;
}

/**
 * How long a job was in each condition, in milliseconds, by the times of its entries.
 * What goes on still is not counted, so that the same journal always says the same.
 */
export interface Timing {
  readonly scheduledMs: number;
  readonly queuedMs: number;
  /**
   * Of that, how long it was held by pauses, and how long it waited for a place within the limits
   * of its type. Only of a job that has ended, where that is on record and took a tenth of its time.
   */
  readonly queuedPausedMs?: number;
  readonly queuedLimitedMs?: number;
  readonly executingMs: number;
  readonly waitingMs: number;
  readonly sleepingMs: number;
  readonly backingOffMs: number;
  readonly suspendedMs: number;
  readonly parkedMs: number;
  readonly compensatingMs: number;
  /**
   * From the last entry before each crash that cut the job short to the restart, which is the
   * longest that the process can have been down. Counted in no condition.
   */
  readonly downMs: number;
  /** From the creation to the end, or to the begin of what goes on still. */
  readonly totalMs: number;
  /** Since when the job is in its condition; RFC 3339. */
  readonly since: string;
}

/** What an explanation counts, and does not tell one by one. */
export interface SummedUp {
  /** Of the job's entries: how many, and the first and the last of them. */
  readonly entries?: { readonly count: number; readonly from: LogId; readonly to: LogId };
  /** Items of `completed`: those that were settled before the ones that are listed. */
  readonly completed?: number;
  /** Items of `waitingFor`: those that come after them in the plan. */
  readonly waitingFor?: number;
}

/** What jobs that failed or wait like this one have in common, and others of the type have not. */
export interface ContrastStatement<Cite> extends Statement<Cite> {
  readonly traits: readonly Trait[];
  /** Jobs that are alike, this one among them. */
  readonly alike: number;
  /** Jobs that went through. */
  readonly others: number;
}

/** Jobs that share the cause of this one. */
export interface SiblingsStatement<Cite> extends Statement<Cite> {
  /** How many there are beside this one, as far as was looked. */
  readonly others: number;
  /** What `GET /jobs?fingerprint=` takes, where they have one. */
  readonly fingerprint?: ErrorFingerprint;
  /** A few of them. */
  readonly jobs: readonly JobId[];
}

export interface Explanation<Cite> {
  readonly jobId: JobId;
  readonly state: StateName;
  readonly condition: Condition;
  /** All of this is a function of the journal up to this entry. */
  readonly asOf: LogId;
  /**
   * When that entry was received, RFC 3339; only of a look back at a point. Nothing is offered to
   * be done then, since the job has gone on.
   */
  readonly asOfTime?: string;
  readonly summary: string;
  /** From the condition back to what came from outside. */
  readonly because: readonly Statement<Cite>[];
  readonly completed: readonly CompletedItem<Cite>[];
  readonly waitingFor: readonly WaitingFor<Cite>[];
  readonly next: readonly NextStep<Cite>[];
  /** Absent where nothing sets such jobs apart, or there are too few to tell. */
  readonly contrast?: ContrastStatement<Cite>;
  /** Absent where there are none. */
  readonly siblings?: SiblingsStatement<Cite>;
  readonly timing: Timing;
  /** Absent when all is told. */
  readonly summedUp?: SummedUp;
}
