/**
 * The steps that a call of `run` has asked for but that have not begun: tasks that are ready or
 * back off, and timers that are not on record. While a job compensates, the compensations instead.
 */

import { isSettled } from "../../../core/expectations.ts";
import type { JobEventDraft } from "../../../core/event.ts";
import type { JobId, TaskId } from "../../../core/ids.ts";
import {
  compensableTasks,
  type CompletedTask,
  isHeld,
  type JobState,
  type TaskState,
} from "../../../core/job_state.ts";
import { copyJson } from "../../../core/json.ts";
import { withItem } from "../../../core/short_list.ts";
import { recordOrRetry } from "../../writer/disk_retries.ts";
import type { PendingJob } from "../../writer/job_record.ts";
import { restDueAt } from "./step_checks.ts";
import type { RunContext, TaskRequest, TimerRequest, WaitRequest } from "./run_context.ts";
import type { Attempts, RunOfAttempts } from "../attempts/attempts.ts";
import type { Backoffs } from "../timers.ts";
import type { MainAttempt } from "./main_attempt.ts";
import type { AttemptWork } from "../run_services.ts";

/**
 * How many steps begin at a time; the others once these are durable. `run` may ask for thousands
 * together, and to record all of them would make everything else wait.
 */
const STEPS_MAX = 250;

/** The parts of a job's run, which all its calls of `run` share. */
export interface RunParts extends RunOfAttempts {
  readonly main: MainAttempt;
  readonly backoffs: Backoffs;
  readonly attempts: Attempts;
}

export class PendingWork {
  #ready: AttemptWork[] = [];
  /** Absent until there is one; most jobs have none. */
  #timers: TimerRequest[] | undefined;
  /** Absent until the job has something to compensate. */
  #order: CompensationOrder | undefined;

  constructor(private readonly run: RunParts) {}

  get isReady(): boolean {
    return this.#ready.length > 0 || this.#timers !== undefined;
  }

  /** Adds a step that `run` asks for, unless it is on record as over or as begun. */
  add(step: TaskRequest | TimerRequest): void {
    if (step.kind === "task") this.#addTask(step);
    else if (!this.#isSet(step)) (this.#timers ??= []).push(step);
  }

  #addTask(task: TaskRequest): void {
    const onRecord = this.run.job.task(task.taskId);
    const isBackingOff = onRecord?.status === "backingOff" && !this.#isToBeUndone &&
      this.#isAhead(onRecord.retryAt);
    if (isBackingOff) this.startAt(task, onRecord.retryAt);
    else if (onRecord === undefined || !isOver(onRecord)) this.#add(task);
  }

  /** Takes back work that did not begin after all. Compensations are found again without this. */
  giveBack(work: AttemptWork): void {
    if (work.kind === "task") this.#add(work);
  }

  #add(work: AttemptWork): void {
    this.#ready = withItem(this.#ready, work);
  }

  /** @param retryAt RFC 3339. */
  startAt(work: AttemptWork, retryAt: string): void {
    this.run.backoffs.until(retryAt, () => {
      this.giveBack(work);
      this.run.wake();
    });
    this.run.advanceSoon();
  }

  /** Entries were lost, including the starts of these works. */
  lost(works: readonly AttemptWork[], ctx: RunContext): void {
    this.#order = undefined;
    this.#ready.unshift(...works.filter(({ kind }) => kind === "task"));
    this.#timers = this.#unrecordedTimers(ctx);
  }

  /** The job has failed or was cancelled: drops the tasks that have not begun. */
  clear(): void {
    this.#ready = [];
    this.#timers = undefined;
  }

  /** Begins all steps that may begin now. */
  begin(ctx: RunContext): void {
    const { state } = this.run.job.head;
    if (state === "Running" && this.#timers !== undefined) this.#beginTimers(this.#timers);
    if (state === "Running" && this.#ready.length > 0) this.#startReady();
    if (state === "Compensating") this.#undoNext(ctx);
  }

  /** Whether the timer's time is on record, or no longer matters. */
  #isSet(timer: TimerRequest): boolean {
    const { job } = this.run;
    if (timer.kind === "sleep") return job.task(timer.taskId) !== undefined;
    const { name, wait } = timer;
    return job.wait(name, wait) !== undefined || isSettled(job.head, name);
  }

  #unrecordedTimers({ openSleeps, openTasks, waits }: RunContext): TimerRequest[] | undefined {
    const sleeps = openSleeps === 0 ? [] : openTasks.filter((step) => step.kind === "sleep");
    const unrecorded = [...sleeps, ...waits].filter((timer) => !this.#isSet(timer));
    return unrecorded.length > 0 ? unrecorded : undefined;
  }

  /**
   * Whether a retry is still in the future. A call that waited for a retry that is due would rest,
   * be unloaded and be called again, in an endless loop.
   */
  #isAhead(retryAt: string): boolean {
    return !this.run.services.scheduler.isOver(Date.parse(retryAt));
  }

  /**
   * Whether tasks are to be compensated rather than retried. The failure must be durable first.
   */
  get #isToBeUndone(): boolean {
    const { job: { head }, services } = this.run;
    return head.state === "Compensating" && head.failure.because <= services.writer.durableLogId;
  }

  /** Records when timers are due; the engine's `Timers` end them. */
  #beginTimers(timers: readonly TimerRequest[]): void {
    const { services, job, jobId, trace } = this.run;
    if (services.draining || isHeld(job.head)) return;
    const common = { stratum: "framework", eventType: "job.TimerSet", jobId } as const;
    const about = { ...common, ...trace.ids };
    const drafts: JobEventDraft[] = [];
    let seen = 0;
    for (const timer of timers) {
      if (drafts.length === STEPS_MAX) break;
      seen++;
      if (this.#isSet(timer)) continue;
      const dueAt = restDueAt(timer.time, services.clock.now());
      drafts.push(
        timer.kind === "sleep"
          ? { ...about, taskId: timer.taskId, attributes: { dueAt } }
          : { ...about, attributes: waitAttributes(timer, dueAt) },
      );
    }
    if (drafts.length > 0 && !recordOrRetry(services, drafts, () => this.run.advanceSoon())) return;
    this.#timers = seen < timers.length ? timers.slice(seen) : undefined;
  }

  #startReady(): void {
    const { services, attempts, lease } = this.run;
    if (services.draining) return;
    // A job that runs alone also runs its own tasks one at a time.
    if (lease.isAlone && attempts.isBusy) return;
    if (this.#ready.length > STEPS_MAX && attempts.isStarting) return;
    const works = this.#ready.splice(0, lease.isAlone ? 1 : STEPS_MAX);
    // If the job was suspended, the works start when it resumes.
    if (!this.#start(works)) this.#ready.unshift(...works);
  }

  /** Appends the start of attempts. Returns `false` if it cannot, or must give its worker back. */
  #start(works: readonly AttemptWork[]): boolean {
    const { attempts, lease, services } = this.run;
    // A job with running attempts already has a worker: more attempts need no other.
    if (lease.isPaused || !attempts.isBusy && !lease.mayStart) {
      this.#giveWay();
    } else if (lease.needsPlace !== undefined) {
      // The job has a worker without a place, for example since it backed off: it queues for both.
      this.#queueAgain();
    } else {
      const started = attempts.start(works);
      if (started === "full") services.diskRetries.later(() => this.run.advanceSoon());
      return started === "started";
    }
    return false;
  }

  /**
   * Gives the worker back, because of a pause or for lack of workers, once running attempts have
   * ended and their entries are durable. A call that is shown as executing must be executing. So it
   * is recorded as interrupted, and a later run continues the job. Any other call queues again.
   */
  #giveWay(): void {
    const { attempts, ends, lease, main, trace } = this.run;
    if (attempts.isBusy || !main.isDurable || !ends.areDurable) return;
    if (!main.isUnderWay) return this.#queueAgain();
    const reason = lease.isPaused ? "paused" : "withdrawn";
    ends.record([main.interrupted(reason)]);
    trace.endRun({ kind: "interrupted", reason });
    this.run.end();
  }

  /** Gives everything back that another job may wait for, a thread too, and queues. */
  #queueAgain(): void {
    const { attempts, lease } = this.run;
    if (attempts.isBusy) return;
    lease.release();
    this.run.rested();
    this.run.wake();
  }

  /** Compensates one task at a time, last completed first, once no attempt is running. */
  #undoNext(ctx: RunContext): void {
    const { services, job, attempts, backoffs } = this.run;
    if (attempts.isBusy || backoffs.areAny || services.draining || isHeld(job.head)) return;
    const next = (this.#order ??= new CompensationOrder(job)).next();
    if (next === undefined) return this.#recordUndone();
    const task = ctx.tasks.get(next.taskId);
    const work = compensationWork(next, task?.kind === "task" ? task : undefined);
    const { compensation } = next;
    // After a restart the retry timer of a compensation has to be set again.
    if (compensation?.status === "backingOff" && this.#isAhead(compensation.retryAt)) {
      return this.startAt(work, compensation.retryAt);
    }
    this.#start([work]);
  }

  #recordUndone(): void {
    const { services, job, jobId, trace } = this.run;
    const drafts = compensationEnded(job.whole, { jobId, ...trace.ids });
    recordOrRetry(services, drafts, () => this.run.advanceSoon());
  }
}

/** @param code Absent when `run` no longer asks for the task. */
function compensationWork(task: CompletedTask, code: TaskRequest | undefined): AttemptWork {
  const compensate = code?.compensate;
  return {
    kind: "compensation",
    taskId: task.taskId,
    run: compensate && ((context) => compensate(copyJson(task.result), context)),
    retry: code?.retry,
    timeoutMs: code?.timeoutMs,
  };
}

/** A task that failed for good while its job goes on is not attempted again after a restart. */
function isOver({ status }: TaskState): boolean {
  return status === "completed" || status === "failed";
}

function waitAttributes({ name, wait, time }: WaitRequest, dueAt: string) {
  return { dueAt, expectation: name, wait, withinMs: time.ms };
}

/** Decides which tasks of a job are undone, and in what order: the last to complete comes first. */
class CompensationOrder {
  /** The tasks left to undo, the next one last. */
  readonly #left: TaskId[];

  constructor(private readonly job: PendingJob) {
    this.#left = tasksToCompensate(job.whole).map(({ taskId }) => taskId);
  }

  /** The task to undo now; `undefined` when all have been tried. */
  next(): CompletedTask | undefined {
    for (let taskId = this.#left.at(-1); taskId !== undefined; taskId = this.#left.at(-1)) {
      const task = this.job.task(taskId);
      if (task?.status === "completed" && !isUndone(task)) return task;
      this.#left.pop();
    }
    return undefined;
  }
}

/** The tasks to undo, in order of completion. */
export function tasksToCompensate(job: JobState): readonly CompletedTask[] {
  return compensableTasks(job)
    .filter((task) => !isUndone(task))
    .toSorted((left, right) => left.completedBy - right.completedBy);
}

/** Whether the task's compensation has ended. */
function isUndone({ compensation }: CompletedTask): boolean {
  return compensation?.status === "compensated" || compensation?.status === "failed";
}

/**
 * The entries to append when compensation of all tasks has been tried.
 *
 * @param about The job and its trace.
 */
function compensationEnded(
  job: JobState,
  about: { readonly jobId: JobId },
): readonly JobEventDraft[] {
  const ids = (status: string) =>
    compensableTasks(job).filter(({ compensation }) => compensation?.status === status)
      .map(({ taskId }) => taskId);
  const failed = ids("failed");
  const common = { stratum: "framework", ...about } as const;
  const ended: JobEventDraft = {
    ...common,
    eventType: "job.CompensationEnded",
    attributes: { compensated: ids("compensated"), failed },
  };
  if (failed.length === 0) return [ended];
  return [{ ...common, eventType: "job.RecoveryRequired", attributes: { tasks: failed } }, ended];
}
