/** What an explanation is made from, beside the job's own entries. Nothing else goes into it. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { SiblingsStatement } from "./explanation.ts";
import type { JobId, LogId, TaskId } from "../core/ids.ts";
import type { Effect } from "./likeness/suspect.ts";
import type { Contrast } from "./contrast.ts";
import type { Pause } from "../core/pauses.ts";
import type { HeldUp } from "./hold_ups.ts";
import type { Moment } from "./place_history.ts";
import type { UsualTime } from "./usual_time.ts";

/** Events from outside that an expectation may have meant. */
export interface Candidates {
  /** Those that share a value with what is expected, or carry one of the job's own. */
  readonly events: readonly JobEventLogEntry[];
  /** By their positions, the jobs that they reached. */
  readonly effects: ReadonlyMap<LogId, readonly Effect[]>;
  /** Loose forms of values that too many events carry to be a likeness. */
  readonly common: ReadonlySet<string>;
  /** How many events of the type came that did not reach the job; absent where nobody counts. */
  readonly ofType?: number;
  /** What came at or before this position may have been forgotten; 0 when nothing is. */
  readonly forgottenUpTo: LogId;
  /** What came after this position was not looked at; absent when all was. */
  readonly upTo?: LogId;
}

/** A job that has a worker. */
export interface WorkerHolder {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  /** RFC 3339. */
  readonly since: string;
  /** The entry that began the task. */
  readonly startedBy: LogId;
  /** The entry since which the job has the worker, for this task or another. */
  readonly grantedBy: LogId;
  /** In milliseconds; absent is no limit. */
  readonly timeoutMs?: number;
}

/** A limit of a definition that is reached, so that a job waits for a place. */
export type LimitInTheWay = PlacesInTheWay | RateInTheWay;

interface LimitOf {
  readonly type: string;
  /** Of the job, as far as the limit goes by it. */
  readonly key?: string;
  /** Whether it is jobs of its own key that are ahead of it: keys take turns. */
  readonly isOfKey: boolean;
  /** Where an operator put it in the place of the code's: the entry, and its time. */
  readonly change?: Moment;
}

interface PlacesInTheWay extends LimitOf {
  readonly limit: "maxRunning" | "perKey";
  readonly places: number;
  /** How many are taken; more than there are where the limit was lowered. */
  readonly taken: number;
  /** Those that hold the places, the longest first; not all of very many. */
  readonly holders: readonly WorkerHolder[];
}

interface RateInTheWay extends LimitOf {
  readonly limit: "rate";
  readonly count: number;
  readonly perMs: number;
  /** The latest that count, oldest first. */
  readonly starts: readonly { readonly atMs: number; readonly by: LogId }[];
}

/** Jobs that came later and went first, since their priority is lower. */
export interface OvertakenBy {
  readonly count: number;
  /** Whether all that came later were looked at. */
  readonly isAll: boolean;
}

/** A pause that holds a job. */
export interface HoldingPause extends Pause {
  /** Of a pause by rule, the last of the failed attempts that are its cause. */
  readonly lastFailure?: JobEventLogEntry;
}

/** Who had workers at a time that is past. */
export interface WorkersThen {
  readonly holders: readonly WorkerHolder[];
  /** How many jobs were looked at, where there may be more holders. */
  readonly lookedAt?: number;
}

/** What the journal does not hold: how this process stands to the job right now. */
export interface Circumstances {
  /** `none`: the job has no code, and needs none. */
  readonly definition: "none" | "loaded" | "missing";
  /** The request of the job for a worker, while there is one. */
  readonly queue?: {
    readonly ahead: number;
    readonly busy: number;
    readonly max: number;
    /** Whether the workers that it waits for have threads of their own. */
    readonly isThreaded?: boolean;
    /** Another job, beside which nothing runs; see `Suspects`. */
    readonly alone?: JobId;
    /** Those that keep the job from a worker, the oldest first; at least one. */
    readonly pauses?: readonly HoldingPause[];
    /** Those that have the workers, the longest first; not all of very many. */
    readonly holders?: readonly WorkerHolder[];
    readonly overtaken?: OvertakenBy;
    /** It is not a worker that the job waits for, but a place; `ahead` are those of its key. */
    readonly limit?: LimitInTheWay;
  };
  /** The same of a time that is past, as far as the journal tells. */
  readonly queueThen?: WorkersThen & {
    /** Those that held the job, the oldest first; at least one. */
    readonly pauses?: readonly HoldingPause[];
    /** The limit that kept it from a place, and how many were before it. */
    readonly limit?: LimitInTheWay;
    readonly ahead?: number;
  };
  /** The process is stopping. */
  readonly draining: boolean;
  /** Writes have just failed for want of room. */
  readonly full: boolean;
}

/** What an explanation takes beside the job's own entries. */
export interface Evidence {
  /** All of this is told of the journal up to here; the job's last entry, where it is absent. */
  readonly asOf?: LogId;
  /** When that entry was received, where it is not the last one of the journal; RFC 3339. */
  readonly asOfTime?: string;
  /** Entries elsewhere that its own name as their cause, as far as `wantedCauses` says. */
  readonly causes: ReadonlyMap<LogId, JobEventLogEntry>;
  /** By the id of the expectation; only for those not satisfied, and not for all of very many. */
  readonly candidates: ReadonlyMap<string, Candidates>;
  readonly circumstances: Circumstances;
  readonly contrast?: Contrast | undefined;
  /** Only of a job that has ended, where there are enough to compare it with. */
  readonly usual?: UsualTime | undefined;
  /** Only of a job that has ended, where a pause or a limit kept it waiting for long. */
  readonly heldUp?: HeldUp | undefined;
  readonly siblings?: SiblingsStatement<LogId> | undefined;
  /**
   * By the id of an expectation that has all its matches, the first event that would have been one
   * and came after them, without reaching the job.
   */
  readonly later?: ReadonlyMap<string, readonly JobEventLogEntry[]>;
}
