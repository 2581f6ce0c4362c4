/**
 * What keeps jobs from a worker: jobs that hold the workers and places, limits, and pauses; and what
 * the explanation of all work rests on.
 */

import type { Silence } from "../../core/silence.ts";
import type { Condition } from "../../core/condition.ts";
import type { Alone } from "../../core/crashes.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { ParkReason } from "../../core/framework_events.ts";
import type { JobId, LogId, TaskId } from "../../core/ids.ts";
import type { Parking } from "../../core/job_state.ts";
import type { Pause } from "../../core/pauses.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import type { LimitChange } from "../history/place_history.ts";
import type { Trait } from "../likeness/compared_job.ts";

/** What keeps all jobs of a process from continuing. */
export interface Obstacles {
  /** The process is stopping. */
  readonly draining: boolean;
  /** Writes have just failed because the disk is full. */
  readonly full: boolean;
  /** Of what keeps the entries: nothing can be recorded. */
  readonly silence?: Silence | undefined;
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
  /** The key of the job by which the limit counts, if it does. */
  readonly key?: string;
  /** Whether only jobs of its own key are ahead of it, since keys take turns. */
  readonly isOfKey: boolean;
  /** If an operator set the limit in place of the code's. */
  readonly change?: LimitChange;
  /** The limits in the code, if they would let more jobs begin. */
  readonly inCode?: LimitValues;
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

/** A type that holds most workers, and more than its code lets it, since its limits were changed. */
export interface LoosenedLimits {
  readonly type: string;
  /** How many of the workers it holds, and whether that is exact: it may be more. */
  readonly held: number;
  readonly isExact: boolean;
  /** Those of its limits that let more run than in the code. */
  readonly set: LimitValues;
  readonly before: LimitValues;
  /** All limits in the code. */
  readonly inCode: LimitValues;
  readonly change: LimitChange;
}

export interface CountOf {
  readonly count: number;
  readonly of: number;
}

/** What most of the jobs ahead of one, and of those that hold the places that it needs, have. */
export interface Crowd {
  readonly trait: Trait;
  readonly ahead: CountOf;
  /** Absent if no places are in its way. */
  readonly holding?: CountOf;
}

/** Jobs that came later but went first because of a lower priority. */
export interface OvertakenBy {
  readonly count: number;
  /** Whether all later jobs were looked at. */
  readonly isAll: boolean;
  /** The priority of the job that they overtook. */
  readonly own: number;
  /** The first few, with the entries that created them. */
  readonly first: readonly { readonly jobId: JobId; readonly by: LogId }[];
  /** What all of them have. */
  readonly alike: {
    readonly priority: number | undefined;
    readonly type: string | undefined;
    readonly label: readonly [name: string, value: string] | undefined;
  };
}

export interface HoldingPause extends Pause {
  /** For a pause by rule, the last of the failed attempts that caused it. */
  readonly lastFailure?: JobEventLogEntry;
}

/**
 * Jobs that hold all workers, or all places of a limit, while jobs that the events of each of them
 * started need one: none of them ends if they wait for these.
 */
export interface Deadlock {
  /** How many hold them. */
  readonly holders: number;
  /** The limit of the places; `undefined` for workers. */
  readonly limit: PlacesInTheWay | undefined;
  readonly isThreaded: boolean;
  /** The step of the job in question that sent such events, and the jobs that these started. */
  readonly own:
    | { readonly taskId: TaskId; readonly jobs: number; readonly isAll: boolean }
    | undefined;
  /** For each holder, the entry that created the first of these jobs. */
  readonly by: readonly LogId[];
}

/** The jobs that held the workers at a past time. */
export interface WorkersThen {
  readonly holders: readonly WorkerHolder[];
  /** The number of jobs that were looked at, if there may be more holders. */
  readonly lookedAt?: number;
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
  /** Only if jobs of other types wait. */
  readonly loosened?: LoosenedLimits | undefined;
  readonly deadlock: Deadlock | undefined;
}

/** How fast the jobs of a type ended of late, and when a job's turn comes at that rate. */
export interface Moves {
  readonly ended: number;
  readonly withinMs: number;
  readonly turnAt: string;
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
  readonly deadlock: Deadlock | undefined;
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
  readonly circumstances: Obstacles;
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
