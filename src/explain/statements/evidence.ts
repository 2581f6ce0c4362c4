/** What explanations of a job rest on besides its own entries. */

import type { Alone } from "../../core/crashes.ts";
import type { FrameworkEntry, JobEventLogEntry, ProcessEntry } from "../../core/event.ts";
import type { JobId, LogId, TaskId } from "../../core/ids.ts";
import type { CompletedTask, FailedJob, JobState } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
import type { Pause } from "../../core/pauses.ts";
import type { HeldUp } from "../history/hold_ups.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import type { Trait } from "../likeness/compared_job.ts";
import type { Contrast } from "../likeness/contrast.ts";
import type { Place } from "../likeness/elsewhere.ts";
import type { Mismatch } from "../likeness/mismatch.ts";
import type { Effect } from "../likeness/resemblance.ts";
import type { Reasons, SiblingsStatement, Statement, WaitingFor } from "./explanation.ts";
import type {
  BlockingLimit,
  Crowd,
  Deadlock,
  HoldingPause,
  LoosenedLimits,
  Moves,
  Obstacles,
  OvertakenBy,
  WorkerHolder,
  WorkersThen,
} from "./queue_facts.ts";

/** Events from outside that may have been meant for an expectation. */
export interface Candidates {
  /** Events that share a value with what is expected, or carry one of the job's own values. */
  readonly events: readonly JobEventLogEntry[];
  /** By the position of the event, the jobs that it reached. */
  readonly effects: ReadonlyMap<LogId, readonly Effect[]>;
  /** Loose forms of values that too many events carry to indicate a likeness. */
  readonly common: ReadonlySet<string>;
  /** Types of events that came in place of the expected one, as after a change of its sender. */
  readonly successors?: ReadonlySet<string>;
  /** Types of events that come beside the expected one, about the same things. */
  readonly companions?: ReadonlySet<string>;
  /** Values that are expected, and that no event of the type has in any form or place. */
  readonly absent: ReadonlySet<JsonScalar>;
  /** By name, the lists that all events of the type have that were searched, and their lengths. */
  readonly lists?: ReadonlyMap<string, ListLengths>;
  /** How many events of the type did not reach the job; absent when not counted. */
  readonly ofType?: number;
  /** Events at or before this position may have been forgotten; 0 when none are. */
  readonly forgottenUpTo: LogId;
  /** Events after this position were not looked at; absent when all were. */
  readonly upTo?: LogId;
  /** If none of the type has the value: the job that was to send it, if one is known. */
  readonly sender?: Sender | undefined;
}

export interface ListLengths {
  readonly events: number;
  readonly least: number;
  readonly most: number;
}

export interface Sender {
  /** If others of the kind came from jobs: their type and task, and the end of such a task. */
  readonly others?: {
    readonly type: string;
    /** The version of the one that sent the latest. */
    readonly version?: number | undefined;
    readonly taskId: TaskId;
    readonly sentBy: LogId;
  };
  /** The expected value. */
  readonly value: JsonScalar;
  /** The job that was given it, and where; absent if no job of the type was that sent none. */
  readonly job?: JobState;
  readonly path?: string;
  /** If there is no such job: whether events of others that were given it have counted. */
  readonly hasCounted?: boolean;
  /** An event with the value that would start a job of the type, but for its content. */
  readonly unstarted?: Unstarted | undefined;
  /** Whether the waiting job was to send it itself. */
  readonly isItself?: boolean;
  /** What it sent of the kind without the value, or of another kind with it. */
  readonly instead?: { readonly eventType: string; readonly logId: LogId } | undefined;
  /** If that job waits itself: the one at the end of the chain, which waits for no other. */
  readonly last?: JobState | undefined;
  /** What keeps the last of these jobs, if it is queued, from beginning, oldest first. */
  readonly pauses?: readonly Pause[] | undefined;
}

export interface Unstarted {
  readonly event: JobEventLogEntry;
  /** What starts such jobs, and does not hold for it. */
  readonly clauses: readonly Mismatch[];
  /** The job that it started and that failed at once, since it gave no valid input. */
  readonly failed?: FailedJob;
}

export interface HeldUpBy extends HeldUp {
  /** The jobs that held the workers when it began to wait for one, if it did so for long. */
  readonly workers?: WorkersThen;
  /** The jobs that overtook it in the queue, if they took most of its wait. */
  readonly overtaken?: OvertakenBy | undefined;
}

/** A stop of the process, or the start that found it had crashed. */
export type ProcessStop = FrameworkEntry<"journal.Sealed"> | FrameworkEntry<"journal.Recovered">;

/** Jobs that went through the same steps: how many across a stop of the process, and without. */
export interface PeersAtStops {
  readonly across: number;
  readonly within: number;
}

/** What the journal does not contain: the state of this process with regard to the job. */
export interface Circumstances extends Obstacles {
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
    /** Of another type than its own. */
    readonly loosened?: LoosenedLimits | undefined;
    /** What most of the jobs in its way have, of those of its type that were looked at. */
    readonly crowd?: Crowd;
    /**
     * Set when the job waits for a place and not for a worker; `ahead` then counts jobs of its key.
     */
    readonly limit?: BlockingLimit;
    /** Set if the places of that limit pass from job to job as usual. */
    readonly moves?: Moves | undefined;
  };
  /** Among the jobs that hold what it needs, or it and others. */
  readonly deadlock?: Deadlock | undefined;
  /** The same as `queue` for a past time, as far as the journal shows. */
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
}

/** A step that held up the process until a time limit acted late. */
export interface Unyielding {
  readonly jobId: JobId;
  readonly type: string;
  readonly taskId: TaskId;
  /** For how long nothing else could run. */
  readonly ms: number;
  readonly startedBy: LogId;
  readonly endedBy: LogId;
  /** The end of the attempt whose limit acted late. */
  readonly actedBy: LogId;
}

/** How long similar jobs took that succeeded before. */
export interface UsualTime {
  /** How many jobs were compared. */
  readonly jobs: number;
  readonly medianMs: number;
  /** What the job was given far more of than any of them. */
  readonly more: readonly Trait[];
  /** If they took longer and longer: how long at first, and at last. */
  readonly rise?: Rise | undefined;
  /** The steps of other types that did so meanwhile. */
  readonly slowed?: readonly Slowed[];
}

/** The medians of the first and the last jobs of a series, and how many these are. */
export interface Rise {
  readonly first: Pick<UsualTime, "jobs" | "medianMs">;
  readonly last: Pick<UsualTime, "jobs" | "medianMs">;
}

export interface Slowed extends Rise {
  readonly type: string;
  readonly taskId: TaskId;
}

/** Steps in a row that returned the same, and in how many other jobs such steps do not. */
export interface RepeatedResults {
  readonly tasks: readonly CompletedTask[];
  readonly others: number;
}

/** The steps of an executing job that are numbered like the one that is running. */
export interface Series {
  readonly done: readonly CompletedTask[];
  /** How many there will be, if other jobs show it. */
  readonly total?: SeriesTotal | undefined;
}

export interface SeriesTotal {
  /** How many other jobs show it. */
  readonly jobs: number;
  /** The number of the job that it follows; absent if all others had as many. */
  readonly by?: { readonly name: string; readonly value: number };
  readonly least: number;
  readonly most: number;
}

/** Another job that was given the same input, and has not failed. */
export interface Twin {
  readonly job: JobState;
  /** Who submitted it, if that is on record. */
  readonly actor?: string;
}

/** When the last event for an expectation came to similar jobs that succeeded, after their start. */
export interface UsualWait {
  readonly jobs: number;
  readonly leastMs: number;
  readonly medianMs: number;
  readonly mostMs: number;
  /** Whether the job had waited longer than all of them when the last entry came. */
  readonly isLonger: boolean;
}

/** A text or number that elements of a list of the input have, in others of its type only one. */
export interface Repeat {
  readonly list: string;
  /** The member of each element; absent if it is the element. */
  readonly member?: string;
  readonly value: JsonScalar;
  readonly times: number;
  /** How many others have such a list in which all differ. */
  readonly others: number;
}

/** An id that another job recorded beside the one that is expected, and the event that has it. */
export interface Renamed {
  readonly expectation: string;
  /** Where the event should have what value. */
  readonly path: string;
  readonly value: JsonScalar;
  readonly job: JobState;
  /** The step that returned both; absent if the job was given them. */
  readonly task?: CompletedTask;
  readonly by: LogId;
  readonly from: Place;
  readonly to: Place;
  readonly event: JobEventLogEntry;
}

/** What similar jobs show about what a job waits for. */
export interface SimilarWaits {
  readonly expectation: string;
  readonly usual: UsualWait | undefined;
  readonly repeat: Repeat | undefined;
}

/** Entries elsewhere in the journal that caused entries of a job, by position. */
export type Causes = ReadonlyMap<LogId, JobEventLogEntry>;

/** What another job did, or did not do in time. */
export interface RivalStatement extends Statement<LogId> {
  /** What should happen before a retry: `let job a-1 end`. */
  readonly first?: string;
}

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
  /** The last stop of the process between the jobs that are compared, if they came apart. */
  readonly stopApart?: ProcessStop | undefined;
  /** The job that returned first what sets the jobs apart. */
  readonly source?: Statement<LogId> | undefined;
  /** Of the job if it has ended, or of its only open step, if there are enough to compare with. */
  readonly usual?: UsualTime | undefined;
  /** Only for a job that waits, and the first event of these. */
  readonly similarWaits?: SimilarWaits | undefined;
  /** Only for a job that waits. */
  readonly renamed?: Renamed | undefined;
  /** Only for an ended job that was queued or suspended for long. */
  readonly heldUp?: HeldUpBy | undefined;
  /** What held up the job that sent the event for which an ended job waited longest. */
  readonly senderHeldUp?: Statement<LogId> | undefined;
  /** What held up the process until the time limit acted that failed the job, and those before. */
  readonly unyielding?: readonly Unyielding[];
  /** The other attempts that were under way when the time limit that failed the job was due. */
  readonly beside?: WorkersThen | undefined;
  readonly siblings?: SiblingsStatement<LogId> | undefined;
  /** Only for a job that is executing. */
  readonly series?: Series | undefined;
  /** Only for an ended job. */
  readonly repeated?: RepeatedResults | undefined;
  /** Only for an ended job. */
  readonly twin?: Twin | undefined;
  /** The job whose task sent the event that created this one. */
  readonly creator?: JobState | undefined;
  /** The newest retry of the job, or of its retries. */
  readonly retriedAs?: JobState | undefined;
  /** The job that it retries, if known. */
  readonly retried?: JobState | undefined;
  /** What became of another job that the error names, or that had to do with what it is about. */
  readonly rival?: RivalStatement | undefined;
  /** Failures of other types with the same error. */
  readonly sameElsewhere?: Statement<LogId> | undefined;
  /**
   * By the id of a satisfied expectation, the first event that would have matched it, but came
   * later and did not reach the job.
   */
  readonly later?: ReadonlyMap<string, readonly JobEventLogEntry[]>;
  /** By the entry with which an event counted for the job, another job that the event reached. */
  readonly sharers?: ReadonlyMap<LogId, JobState>;
  /** If the process stopped between a step and a failure that names what the step returned. */
  readonly peersAtStops?: PeersAtStops | undefined;
  /** What happened to the whole process meanwhile, oldest first. */
  readonly process?: readonly ProcessEntry[];
}

/** Everything that an explanation of a job rests on. */
export interface Evidence extends OutlinedHistory, Findings {}

/** The evidence, and what the job still waits for, or has missed, by it. */
export interface Case extends Evidence {
  /** Events in time for what it gave up on, or failed for. */
  readonly missed: Reasons;
  readonly waitingFor: readonly WaitingFor<LogId>[];
}
