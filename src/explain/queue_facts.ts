/** What the explanation of the queue rests on: an overview of all jobs. */

import type { Condition } from "../core/condition.ts";
import type { ParkReason } from "../core/framework_events.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { Pause } from "../core/pauses.ts";
import type { BlockingLimit, Circumstances, WorkerHolder } from "./evidence.ts";

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

/** A pause, and the jobs that it keeps from a worker. */
interface QueuePause extends Pause {
  readonly jobs: number;
  /** The first in the queue. */
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
}

interface ParkedGroup {
  readonly reason: ParkReason;
  readonly type: string;
  readonly jobs: number;
  readonly newest: { readonly jobId: JobId; readonly message: string; readonly by: LogId };
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
  readonly pauses: readonly QueuePause[];
  /** How many jobs they keep from a worker. */
  readonly paused: number;
  /** The limits that keep the most jobs waiting, and how many jobs all limits keep waiting. */
  readonly limits: readonly QueueLimit[];
  readonly limited: number;
  readonly pools: readonly WorkerPool[];
  readonly alone: JobId | undefined;
  readonly conditions: ReadonlyMap<Condition, number>;
  /** Absent when no job backs off. */
  readonly backoff?: CommonBackoff | undefined;
  /** The largest group first. */
  readonly parked: readonly ParkedGroup[];
  /** Among those that are queued for a worker, suspended, or waiting for an event. */
  readonly longest: Readonly<Partial<Record<Condition, LongestJob>>>;
}
