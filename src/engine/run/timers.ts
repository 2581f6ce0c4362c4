/** The times that jobs wait for: sleeps, timed waits, deadlines, and the retries of tasks. */

import type { Timer } from "../../core/command.ts";
import type { FrameworkEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import { compensationOf, type JobState } from "../../core/job_state.ts";
import { isMet, isSettled } from "../../core/expectations.ts";
import { openWaits } from "../../core/waits.ts";
import { sleeping } from "../../core/task_facts.ts";
import { type Commands, TIMERS_MAX } from "../writer/commands.ts";
import type { Writer } from "../writer/writer.ts";
import type { DiskRetries } from "../writer/disk_retries.ts";
import type { Scheduler } from "./scheduler.ts";

interface TimerParts {
  readonly scheduler: Scheduler;
  readonly diskRetries: DiskRetries;
  readonly commands: Commands;
  readonly writer: Writer;
  readonly onDefect: (error: unknown) => void;
}

interface OpenTimer {
  readonly timer: Timer;
  /** Milliseconds since the epoch, as recorded. */
  readonly dueMs: number;
}

export function openTimers(job: JobState): readonly OpenTimer[] {
  if (job.state !== "Running") return [];
  return [
    ...sleeping(job.tasks).map(({ taskId, dueAt }) => (
      { timer: { taskId }, dueMs: Date.parse(dueAt) }
    )),
    ...openWaits(job).map(({ expectation, wait, dueAt }) => (
      { timer: { expectation, wait }, dueMs: Date.parse(dueAt) }
    )),
    ...deadlines(job),
  ];
}

/** The deadlines of the job's plan. */
function deadlines(job: Extract<JobState, { state: "Running" }>): readonly OpenTimer[] {
  // Most jobs share one plan, which has no deadlines.
  if (job.plan === MAIN_ONLY_PLAN) return [];
  return job.plan.expected.flatMap((expected, index) => {
    const { id, within } = expected;
    const progress = job.expected[index];
    if (within === undefined || progress === undefined || isMet(expected, progress)) return [];
    return [{ timer: { expectation: id }, dueMs: Date.parse(job.startedAt) + within.ms }];
  });
}

interface TimerAlarm {
  readonly timer: Timer;
  readonly cancel: () => void;
}

function timerKey(timer: Timer): string {
  return "taskId" in timer
    ? `sleep ${timer.taskId}`
    : `deadline ${timer.expectation} ${timer.wait}`;
}

interface Due {
  readonly jobId: JobId;
  readonly timer: Timer;
}

/**
 * Ends timers that are due: sleeps, timed waits of `run`, and deadlines of plans. Each ends with an
 * entry of its own, even if its job is held, and without a worker. When many are due at once, they
 * are recorded in groups, so that they do not hold up other work.
 */
export class Timers {
  /** By job, then by `timerKey`. */
  readonly #alarms = new Map<JobId, Map<string, TimerAlarm>>();
  #due: Due[] = [];
  #isRecording = false;

  constructor(private readonly parts: TimerParts) {}

  /** Sets the timers of a job found at a start, once the interruptions are on record. */
  open(job: JobState): void {
    for (const one of openTimers(job)) this.#set(job.jobId, one);
  }

  see({ job, entry, matched }: Applied): void {
    const { jobId } = job;
    if (entry.eventType === "job.TimerSet") {
      return this.#seeSet(job, entry as FrameworkEntry<"job.TimerSet">);
    }
    if (entry.eventType === "job.JobStarted" && job.state === "Running") {
      for (const one of deadlines(job)) this.#set(jobId, one);
    }
    if (this.#alarms.size === 0) return;
    if (job.state !== "Running") return this.#cancel(jobId, () => true);
    if (entry.eventType === "job.TimerElapsed" && entry.taskId !== undefined) {
      this.#cancelOne(jobId, { taskId: entry.taskId });
    }
    if (matched.length > 0) this.#cancelSettled(job, matched);
    if (entry.eventType === "job.DeadlinePassed") {
      const { attributes } = entry as FrameworkEntry<"job.DeadlinePassed">;
      this.#cancelOne(jobId, attributes);
      this.#cancelSettled(job, [attributes.expectation]);
    }
  }

  #seeSet(job: JobState, { taskId, attributes }: FrameworkEntry<"job.TimerSet">): void {
    const { dueAt, expectation, wait } = attributes;
    const timer = taskId !== undefined
      ? { taskId }
      : expectation !== undefined && wait !== undefined
      ? { expectation, wait }
      : undefined;
    if (timer === undefined || job.state !== "Running") return;
    this.#set(job.jobId, { timer, dueMs: Date.parse(dueAt) });
  }

  #set(jobId: JobId, { timer, dueMs }: OpenTimer): void {
    const cancel = this.parts.scheduler.at(dueMs, () => this.#isDue({ jobId, timer }));
    const alarms = this.#alarms.getOrInsertComputed(jobId, () => new Map());
    alarms.set(timerKey(timer), { timer, cancel });
  }

  #cancelOne(jobId: JobId, timer: Timer): void {
    const alarms = this.#alarms.get(jobId);
    const key = timerKey(timer);
    alarms?.get(key)?.cancel();
    alarms?.delete(key);
    if (alarms?.size === 0) this.#alarms.delete(jobId);
  }

  /** Waits for expectations that are met, or waived, no longer matter, nor do their deadlines. */
  #cancelSettled(job: JobState, expectations: readonly string[]): void {
    const settled = expectations.filter((expectation) => isSettled(job, expectation));
    if (settled.length === 0) return;
    this.#cancel(
      job.jobId,
      (timer) => "expectation" in timer && settled.includes(timer.expectation),
    );
  }

  #cancel(jobId: JobId, isMeant: (timer: Timer) => boolean): void {
    const alarms = this.#alarms.get(jobId);
    if (alarms === undefined) return;
    for (const [key, { timer, cancel }] of alarms) {
      if (!isMeant(timer)) continue;
      cancel();
      alarms.delete(key);
    }
    if (alarms.size === 0) this.#alarms.delete(jobId);
  }

  #isDue(due: Due): void {
    this.#due.push(due);
    if (!this.#isRecording) this.#recordAll().catch(this.parts.onDefect);
  }

  async #recordAll(): Promise<void> {
    this.#isRecording = true;
    try {
      while (this.#due.length > 0) {
        const due = this.#due.splice(0, TIMERS_MAX);
        await this.parts.diskRetries.record(() => this.#record(due));
      }
    } finally {
      this.#isRecording = false;
    }
  }

  async #record(due: readonly Due[]): Promise<void> {
    const drafts = due.flatMap(({ jobId, timer }) => this.parts.commands.elapsed(jobId, timer));
    if (drafts.length > 0) await this.parts.writer.recorded(drafts, "vital");
  }
}

/** When the retries of a job's tasks and compensations are due, in RFC 3339. */
export function retryTimes({ state, tasks }: JobState): readonly string[] {
  return tasks.flatMap((task) => {
    if (state === "Running") return task.status === "backingOff" ? [task.retryAt] : [];
    const compensation = compensationOf(task);
    return compensation?.status === "backingOff" ? [compensation.retryAt] : [];
  });
}

/** Timers for the tasks and compensations of one run that back off. */
export class Backoffs {
  /** What cancels each timer, by its callback. Absent until there is one; most jobs have none. */
  #cancels: Map<() => void, () => void> | undefined;

  constructor(private readonly scheduler: Scheduler) {}

  get areAny(): boolean {
    return (this.#cancels?.size ?? 0) > 0;
  }

  /** @param retryAt RFC 3339. */
  until(retryAt: string, over: () => void): void {
    const cancel = this.scheduler.at(Date.parse(retryAt), () => {
      this.#cancels?.delete(over);
      over();
    });
    (this.#cancels ??= new Map()).set(over, cancel);
  }

  /** Ends all backoffs now. */
  wake(): void {
    const overs = [...this.#cancels?.keys() ?? []];
    this.cancel();
    for (const over of overs) over();
  }

  cancel(): void {
    for (const cancel of this.#cancels?.values() ?? []) cancel();
    this.#cancels = undefined;
  }
}
