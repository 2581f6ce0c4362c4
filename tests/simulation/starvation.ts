/**
 * Whether a job that could run does: while a worker is free, and the disk has room for its entries,
 * it must not wait for long. All of this is derived from what is on record, so that a worker held
 * for no job counts as free.
 */

import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { MAIN_TASK } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { hasCode, type JobState, type TaskState } from "../../src/core/job_state.ts";
import type { JobModel } from "./job_model.ts";
import type { World } from "./world.ts";

/**
 * How late retries on a full disk may be: a second until the check for room, three of the slowest
 * syncs and a batch for the reserve and a new segment, each 1,500 ms, and 1,500 ms until the job
 * tries again. A jump of the clock makes nothing late.
 */
const STARVED_MS = 10_000;
/** The room that the reserve must have for a job that continues on a full disk. */
const SPARED_BYTES_MIN = 5_000;

/** In one process: what started in an earlier one starts again. */
export class StarvationWatch {
  /** The difference between the monotonic clock and the time of day at the start. */
  readonly #offsetMs: number;
  /** Jobs whose `run` was called in this process. */
  readonly #begun = new Set<string>();
  /** When backoffs are due, by the monotonic clock. */
  readonly #dueMs = new Map<string, number>();
  /** How long a job could have run, but did not. */
  readonly #starvedMs = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly jobs: JobModel,
    private readonly maxRunning: number,
  ) {
    this.#offsetMs = world.scheduler.timeOfDayMs - world.scheduler.nowMs;
  }

  /** An entry has become durable. */
  see({ eventType, jobId, taskId, receivedAt, attributes }: JobEventLogEntry): void {
    if (jobId === undefined || !/^job\.(?:Task|Compensation)/.test(eventType)) return;
    const { retryAt } = attributes as JsonObject;
    if (typeof retryAt === "string") {
      const delayMs = Date.parse(retryAt) - Date.parse(receivedAt);
      this.#dueMs.set(retryAt, this.world.scheduler.nowMs + delayMs);
    }
    this.#starvedMs.delete(jobId);
    if (taskId !== MAIN_TASK) return;
    if (eventType === "job.TaskStarted") this.#begun.add(jobId);
    if (eventType === "job.TaskInterrupted") this.#begun.delete(jobId);
  }

  /** Nothing happens for a while: the current state has lasted for all of it. */
  passes(ms: number): void {
    const jobs = this.jobs.unfinished.filter(hasCode);
    const isFree = jobs.filter(isBusy).length < this.maxRunning;
    for (const job of jobs) {
      if (isFree && this.#couldRun(job)) this.#starve(job, ms);
      else this.#starvedMs.delete(job.jobId);
    }
  }

  #starve(job: JobState, ms: number): void {
    const starvedMs = (this.#starvedMs.get(job.jobId) ?? 0) + ms;
    this.#starvedMs.set(job.jobId, starvedMs);
    if (starvedMs < STARVED_MS) return;
    this.#starvedMs.delete(job.jobId);
    this.world.violate(
      `${job.jobId} starves: it is ${deriveCondition(job)}, and a worker is free`,
    );
  }

  #couldRun(job: JobState): boolean {
    if (!this.#hasRoom(job) || this.jobs.pauses.isPaused(job)) return false;
    if (!this.jobs.limits.hasRoomFor(job, this.world.scheduler.timeOfDayMs)) return false;
    switch (deriveCondition(job)) {
      case "queued":
        return true;
      case "backingOff":
        return job.tasks.some((task) => this.#isDue(task));
      case "compensating":
        return job.tasks.every((task) => compensationOf(task)?.status !== "backingOff") ||
          job.tasks.some((task) => this.#isDue(compensationOf(task)));
      default:
        return false;
    }
  }

  /** On a full disk the reserve is for started jobs. */
  #hasRoom({ jobId, state }: JobState): boolean {
    const { weather } = this.world;
    if (!weather.isFull) return true;
    const hasBegun = state === "Compensating" || this.#begun.has(jobId);
    return hasBegun && weather.spared >= SPARED_BYTES_MIN;
  }

  #isDue(work: { readonly status: string; readonly retryAt?: string } | undefined): boolean {
    if (work?.status !== "backingOff" || work.retryAt === undefined) return false;
    return this.#dueOf(work.retryAt) <= this.world.scheduler.nowMs;
  }

  /** Backoffs recorded by an earlier process are due by the time of day at the start. */
  #dueOf(retryAt: string): number {
    return this.#dueMs.get(retryAt) ?? Date.parse(retryAt) - this.#offsetMs;
  }
}

/** Whether the job has a worker for something on record. */
function isBusy(job: JobState): boolean {
  return job.tasks.some((task) => compensationOf(task)?.status === "running") ||
    deriveCondition(job) === "executing" ||
    (job.state === "Compensating" && job.tasks.some(isAttempted));
}

/** `main` counts as running until the record says otherwise. */
function isAttempted({ status, taskId }: TaskState): boolean {
  return status === "running" && taskId !== MAIN_TASK;
}

function compensationOf(task: TaskState) {
  return task.status === "completed" ? task.compensation : undefined;
}
