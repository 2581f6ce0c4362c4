/**
 * What explanations rest on: that of a job besides its own entries, and that of all work on an
 * overview of all jobs.
 */

import type { Condition } from "../core/condition.ts";
import type { Alone } from "../core/crashes.ts";
import type { JobEventLogEntry, ProcessEntry } from "../core/event.ts";
import type { ParkReason } from "../core/framework_events.ts";
import type { JobId, LogId, TaskId } from "../core/ids.ts";
import type { JobState, Parking } from "../core/job_state.ts";
import type { JsonScalar } from "../core/json.ts";
import type { Pause } from "../core/pauses.ts";
import type { Contrast } from "./likeness/contrast.ts";
import type { SiblingsStatement, Statement, WaitingFor } from "./explanation.ts";
import type { HeldUp } from "./history/hold_ups.ts";
import type { Effect } from "./likeness/suspect.ts";
import type { OutlinedHistory } from "./history/outlined_history.ts";
import type { LimitChange } from "./history/place_history.ts";
import type { Sender } from "./open/senders.ts";

/** Events from outside that may have been meant for an expectation. */
export interface Candidates {
  /** Events that share a value with what is expected, or carry one of the job's own values. */
  readonly events: readonly JobEventLogEntry[];
  /** By the position of the event, the jobs that it reached. */
  readonly effects: ReadonlyMap<LogId, readonly Effect[]>;
  /** Loose forms of values that too many events carry to indicate a likeness. */
  readonly common: ReadonlySet<string>;
  /** Values that are expected, and that no event of the type has in any form or place. */
  readonly absent: ReadonlySet<JsonScalar>;
  /** How many events of the type did not reach the job; absent when not counted. */
  readonly ofType?: number;
  /** Events at or before this position may have been forgotten; 0 when none are. */
  readonly forgottenUpTo: LogId;
  /** Events after this position were not looked at; absent when all were. */
  readonly upTo?: LogId;
  /** If none of the type has the value: the job that was to send it, if one is known. */
  readonly sender?: Sender | undefined;
}

export interface WorkerHolder {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  /** Whether the task is being compensated. */
  readonly isUndone?: boolean;
  /** RFC 3339. */
  readonly since: string;
  /** The entry that began the attempt. */
  readonly startedBy: LogId;
  /** The entry since which the job holds the worker, for this task or another. */
  readonly grantedBy: LogId;
  /** In milliseconds; absent means no limit. */
  readonly timeoutMs?: number;
}

/** A reached limit that makes a job wait for a place. */
export type BlockingLimit = PlacesInTheWay | RateInTheWay;

interface LimitOf {
  readonly type: string;
  /** The job's key, if the limit depends on it. */
  readonly key?: string;
  /** Whether only jobs of its own key are ahead of it, since keys take turns. */
  readonly isOfKey: boolean;
  /** If an operator set the limit in place of the code's. */
  readonly change?: LimitChange;
  /** Whether the limit in the code would let more jobs begin. */
  readonly isTightened?: boolean;
}

export interface PlacesInTheWay extends LimitOf {
  readonly limit: "maxRunning" | "perKey";
  readonly places: number;
  /** The number of taken places. It exceeds `places` after the limit was lowered. */
  readonly taken: number;
  /**
   * The jobs that hold the places, in order of how long they have held them; not all of very many.
   */
  readonly holders: readonly WorkerHolder[];
}

interface RateInTheWay extends LimitOf {
  readonly limit: "rate";
  readonly count: number;
  readonly perMs: number;
  /** The latest starts that count, oldest first. */
  readonly starts: readonly { readonly atMs: number; readonly by: LogId }[];
  /** The jobs of the last of them. */
  readonly users: readonly JobId[];
}

/** Jobs that came later but went first because of a lower priority. */
export interface OvertakenBy {
  readonly count: number;
  /** Whether all later jobs were looked at. */
  readonly isAll: boolean;
}

export interface HoldingPause extends Pause {
  /** For a pause by rule, the last of the failed attempts that caused it. */
  readonly lastFailure?: JobEventLogEntry;
}

/** The jobs that held the workers at a past time. */
export interface WorkersThen {
  readonly holders: readonly WorkerHolder[];
  /** The number of jobs that were looked at, if there may be more holders. */
  readonly lookedAt?: number;
}

export interface HeldUpBy extends HeldUp {
  /** The jobs that held the workers when it began to wait for one, if it did so for long. */
  readonly workers?: WorkersThen;
}

/** What the journal does not contain: the state of this process with regard to the job. */
export interface Circumstances {
  /** `none`: the job has no code, and needs none. */
  readonly definition: "none" | "loaded" | "missing";
  /** The job's request for a worker, while it has one. */
  readonly queue?: {
    readonly ahead: number;
    readonly busy: number;
    readonly max: number;
    /** Whether the workers that it waits for run jobs in threads. */
    readonly isThreaded?: boolean;
    /** The job that runs alone; `isItself`: it is this one, which waits to do so. */
    readonly alone?: Alone & { readonly isItself: boolean };
    /** The pauses that keep the job from a worker, oldest first; at least one. */
    readonly pauses?: readonly HoldingPause[];
    /** The jobs that hold the workers, the longest first; not all of very many. */
    readonly holders?: readonly WorkerHolder[];
    readonly overtaken?: OvertakenBy;
    /**
     * Set when the job waits for a place and not for a worker; `ahead` then counts jobs of its key.
     */
    readonly limit?: BlockingLimit;
  };
  /** The same for a past time, as far as the journal shows. */
  readonly queueThen?: WorkersThen & {
    /** The pauses that held the job, oldest first; at least one. */
    readonly pauses?: readonly HoldingPause[];
    /** The limit that kept it from a place, and how many jobs were ahead of it. */
    readonly limit?: BlockingLimit;
    readonly ahead?: number;
  };
  /** Whether no version of the type is loaded, so that the code of a retry cannot run either. */
  readonly isTypeMissing?: boolean;
  /**
   * Set when the version of the job is not loaded, and the newest version of its type does not take
   * its input, so that a retry would be parked.
   */
  readonly refusal?: { readonly version: number; readonly why: string };
  /**
   * The pauses in force that would hold the next attempt of a job that is not queued, or a retry of
   * one that failed; oldest first.
   */
  readonly pauses?: readonly HoldingPause[];
  /** The process is stopping. */
  readonly draining: boolean;
  /** Writes have just failed because the disk is full. */
  readonly full: boolean;
  /** Since when the database of a shared journal has not answered, RFC 3339. */
  readonly silentSince?: string | undefined;
}

/** How long similar jobs took that succeeded before. */
export interface UsualTime {
  /** How many jobs were compared. */
  readonly jobs: number;
  readonly medianMs: number;
}

/** Entries elsewhere in the journal that caused entries of a job, by position. */
export type Causes = ReadonlyMap<LogId, JobEventLogEntry>;

/** What an explanation of a job rests on besides its own entries. */
export interface Findings {
  /** The explanation covers the journal up to here; the job's last entry when absent. */
  readonly asOf?: LogId;
  /** When that entry was received, if it is not the last of the journal; RFC 3339. */
  readonly asOfTime?: string;
  /**
   * Entries elsewhere in the journal that caused entries of the job, as named by `wantedCauses`.
   */
  readonly causes: Causes;
  /** By the id of the expectation; only for open ones, and if there are very many, not for all. */
  readonly candidates: ReadonlyMap<string, Candidates>;
  readonly circumstances: Circumstances;
  readonly contrast?: Contrast | undefined;
  /** Of the job if it has ended, or of its only open step, if there are enough to compare with. */
  readonly usual?: UsualTime | undefined;
  /** Only for an ended job that was queued or suspended for long. */
  readonly heldUp?: HeldUpBy | undefined;
  /** The other attempts that were under way when the time limit that failed the job was due. */
  readonly beside?: WorkersThen | undefined;
  readonly siblings?: SiblingsStatement<LogId> | undefined;
  /** Only for an ended job: another that was given the same input, and has not failed. */
  readonly twin?: JobState | undefined;
  /** The newest retry of the job, or of its retries. */
  readonly retriedAs?: JobState | undefined;
  /** The job that it retries, if known. */
  readonly retried?: JobState | undefined;
  /** What became of another job that the error names, or that had to do with what it is about. */
  readonly rival?: Statement<LogId> | undefined;
  /** Failures of other types with the same error. */
  readonly sameElsewhere?: Statement<LogId> | undefined;
  /**
   * By the id of a satisfied expectation, the first event that would have matched it, but came
   * later and did not reach the job.
   */
  readonly later?: ReadonlyMap<string, readonly JobEventLogEntry[]>;
  /** By the entry with which an event counted for the job, another job that the event reached. */
  readonly sharers?: ReadonlyMap<LogId, JobState>;
  /** What happened to the whole process meanwhile, oldest first. */
  readonly process?: readonly ProcessEntry[];
}

/** Workers of one kind, and the jobs that hold them. */
export interface WorkerPool {
  readonly isThreaded: boolean;
  readonly busy: number;
  readonly max: number;
  /** Jobs that wait for a worker and not for a place. */
  readonly waiting: number;
  /** The longest first; not all of very many. */
  readonly holders: readonly WorkerHolder[];
}

/** A pause in force, and the jobs that it holds. */
export interface HeldPause extends Pause {
  readonly jobs: number;
  /** The first jobs in the queue, at most 5. */
  readonly firstJobs: readonly JobId[];
}

/** A reached limit, and the jobs that it keeps waiting. */
export type QueueLimit = BlockingLimit & {
  readonly jobs: number;
  /** Those that would go first. */
  readonly firstJobs: readonly JobId[];
  /** The entry that started the first of them. */
  readonly firstBy: LogId;
};

/** The job that has been in its condition longest, and since which entry. */
export interface LongestJob {
  readonly jobId: JobId;
  readonly by: LogId;
  /** RFC 3339. */
  readonly since: string;
  /** For a suspended job, who suspended it, and why: ` by ada (reason: audit)`, or nothing. */
  readonly suspension?: string;
}

export interface ParkedJobs {
  readonly reason: ParkReason;
  readonly type: string;
  readonly jobs: number;
  /** The one parked last, and its obstacle. */
  readonly newest: Pick<Parking, "message" | "disagreesWith" | "by"> & { readonly jobId: JobId };
}

/** The error after which most of the jobs that back off do so. */
export interface CommonBackoff {
  /** How many of the newest jobs that back off were looked at. */
  readonly lookedAt: number;
  readonly error: string;
  /** How many of these back off after this error, and their types. */
  readonly jobs: number;
  readonly types: readonly string[];
  /** The latest of these failures. */
  readonly by: readonly LogId[];
}

/** The overview. */
export interface QueueFacts {
  readonly asOf: LogId;
  readonly circumstances: Pick<Circumstances, "full" | "draining" | "silentSince">;
  /** Nothing can be recorded until the process starts again. */
  readonly failed: boolean;
  /** Oldest first. */
  readonly pauses: readonly HeldPause[];
  readonly paused: number;
  /** The limits that keep the most jobs waiting, and how many jobs all limits keep waiting. */
  readonly limits: readonly QueueLimit[];
  readonly limited: number;
  readonly pools: readonly WorkerPool[];
  readonly alone: Alone | undefined;
  readonly conditions: ReadonlyMap<Condition, number>;
  /** Absent when no job backs off. */
  readonly backoff?: CommonBackoff | undefined;
  /** The largest group first. */
  readonly parked: readonly ParkedJobs[];
  /** Among those that are queued for a worker, suspended, or waiting for an event. */
  readonly longest: Readonly<Partial<Record<Condition, LongestJob>>>;
}

/** Everything that an explanation of a job rests on. */
export interface Evidence extends OutlinedHistory, Findings {}

/** The evidence, and what the job still waits for by it. */
export interface Case extends Evidence {
  readonly waitingFor: readonly WaitingFor<LogId>[];
}
