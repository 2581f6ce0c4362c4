/** Starts the tasks that a job's `run` asks for, and records how each attempt ends. */

import type { AttemptRequest } from "../core/command.ts";
import { type AttemptError, judgeFailure } from "../core/decide.ts";
import type { EventDraft, FrameworkEntry, JobEventDraft } from "../core/event.ts";
import type { AttemptFailure } from "../core/framework_events.ts";
import type { EventId, ExecutionId, JobId, TaskId } from "../core/ids.ts";
import { findTask } from "../core/job_state.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { AskedTask } from "./asked.ts";
import { type AttemptOutcome, type Completed, runAttempt } from "./attempt.ts";
import type { Applied } from "./job_table.ts";
import { ProgressReporter } from "./progress_reporter.ts";
import type { RunServices } from "./run_services.ts";
import { endOfAttempt, type RunTrace } from "./run_trace.ts";
import type { SecretGuard } from "./secret_guard.ts";

export interface TaskRunnerListener {
  /** A task has become ready to start. */
  wake(): void;
  /** An attempt has ended and is on record. */
  idle(): void;
}

export interface TaskRunnerParts {
  readonly services: RunServices;
  readonly jobId: JobId;
  /** Aborts with an `Interruption`. */
  readonly stop: AbortSignal;
  readonly guard: SecretGuard;
  readonly trace: RunTrace;
}

export class TaskRunner {
  readonly #services: RunServices;
  readonly #jobId: JobId;
  readonly #stop: AbortSignal;
  readonly #listener: TaskRunnerListener;
  readonly #guard: SecretGuard;
  readonly #trace: RunTrace;
  /** Asked for, and ready to start. */
  #ready: AskedTask[] = [];
  /** For each task that backs off, what cancels its alarm. */
  readonly #alarms = new Set<() => void>();
  #executing = 0;
  #onIdle: (() => void)[] = [];

  constructor(parts: TaskRunnerParts, listener: TaskRunnerListener) {
    this.#services = parts.services;
    this.#jobId = parts.jobId;
    this.#stop = parts.stop;
    this.#guard = parts.guard;
    this.#trace = parts.trace;
    this.#listener = listener;
  }

  get isBusy(): boolean {
    return this.#executing > 0;
  }

  get hasAsked(): boolean {
    return this.#ready.length > 0;
  }

  /** Whether a task waits to start, or for the time of its next attempt. */
  get hasUnfinished(): boolean {
    return this.hasAsked || this.#alarms.size > 0 || this.isBusy;
  }

  /** `run` asks for a task that is not completed. */
  ask(task: AskedTask): void {
    const onRecord = findTask(this.#services.job(this.#jobId), task.taskId);
    if (onRecord?.status === "backingOff") this.#startAt(task, onRecord.retryAt);
    else this.#ready.push(task);
  }

  /** Puts an attempt of every ready task on record, and then begins it. */
  async startAsked(): Promise<void> {
    const tasks = this.#ready;
    if (tasks.length === 0 || this.#services.draining) return;
    this.#ready = [];
    this.#executing += tasks.length;
    const attempts = tasks.map((task) => this.#requestFor(task));
    const command = { kind: "startAttempts", attempts } as const;
    const commanded = await this.#services.command(this.#jobId, command);
    if (commanded.accepted) {
      tasks.forEach((task, index) => void this.#begin(task, commanded.applied[index]));
    } else {
      // Suspended or ended in the meantime: when it is resumed, they start.
      this.#ready.unshift(...tasks);
      for (const { executionId } of attempts) this.#trace.drop(executionId);
      this.#ended(tasks.length);
    }
  }

  #requestFor({ taskId, retry, timeoutMs, compensate }: AskedTask): AttemptRequest {
    const executionId = `exe_${this.#services.random.ulid()}` as ExecutionId;
    return {
      taskId,
      maxAttempts: retry.maxAttempts,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      executionId,
      compensable: compensate !== undefined,
      trace: this.#trace.start("task", taskId, executionId),
    };
  }

  /** The job is over: nothing is tried again. */
  cancelAlarms(): void {
    for (const cancel of this.#alarms) cancel();
    this.#alarms.clear();
  }

  /** Resolves when no attempt is being made. */
  async idle(): Promise<void> {
    if (this.#executing === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Makes an attempt that is on record, and records how it ends. */
  async #begin(task: AskedTask, started: Applied | undefined): Promise<void> {
    const attempt = started?.entry.eventType === "job.TaskStarted"
      ? (started.entry as FrameworkEntry<"job.TaskStarted">).attributes.attempt
      : 1;
    const executionId = started?.entry.executionId as ExecutionId;
    this.#trace.began(executionId, attempt);
    try {
      // The job may have failed since the decision, even by a later entry of the same batch.
      const outcome: AttemptOutcome = this.#services.job(this.#jobId).state === "Running"
        ? await this.#run(task, attempt, executionId)
        : { kind: "interrupted", reason: "cancelled" };
      await this.#conclude(task, attempt, executionId, outcome);
      this.#trace.end(executionId, endOfAttempt(outcome));
    } catch (error) {
      await this.#gaveUp(task, attempt, executionId, error);
    } finally {
      this.#ended(1);
    }
  }

  /** Something in here threw, not the task's code: on record, so that nothing hangs. */
  async #gaveUp(
    { taskId }: AskedTask,
    attempt: number,
    executionId: ExecutionId,
    thrown: unknown,
  ): Promise<void> {
    this.#services.onDefect(thrown);
    const error = this.#guard.factOf(thrown);
    const kind = "poison";
    const attributes = { attempt, maxAttempts: attempt, error, final: true, kind } as const;
    const ids = this.#trace.spanOf(executionId)?.ids;
    const about = { stratum: "framework", jobId: this.#jobId, taskId, ...ids } as const;
    await this.#services.record([{ ...about, eventType: "job.TaskFailed", attributes }]);
    this.#trace.end(executionId, { kind: "failed", error });
  }

  async #run(
    task: AskedTask,
    attempt: number,
    executionId: ExecutionId,
  ): Promise<AttemptOutcome> {
    const { taskId, timeoutMs, run } = task;
    const jobId = this.#jobId;
    const span = this.#trace.spanOf(executionId);
    const progress = new ProgressReporter((attributes) =>
      this.#services.record([
        {
          stratum: "framework",
          eventType: "job.TaskProgressed",
          jobId,
          taskId,
          executionId,
          ...span?.ids,
          attributes,
        },
      ])
    );
    const onProgress = progress.report.bind(progress);
    const outcome = await runAttempt({
      ...{ jobId, taskId, executionId, attempt, timeoutMs, run, onProgress, span },
      stop: this.#stop,
      guard: this.#guard,
    }, this.#services.clock);
    await progress.flushed();
    return outcome;
  }

  async #conclude(
    task: AskedTask,
    attempt: number,
    executionId: ExecutionId,
    outcome: AttemptOutcome,
  ): Promise<void> {
    if (outcome.kind === "completed") {
      return await this.#recordCompleted(task, attempt, executionId, outcome);
    }
    const ids = this.#trace.spanOf(executionId)?.ids;
    const about = { jobId: this.#jobId, taskId: task.taskId, executionId, ...ids };
    if (outcome.kind === "interrupted") {
      const attributes = { attempt, phase: "run", reason: outcome.reason } as const;
      const eventType = "job.TaskInterrupted";
      return await this.#services.record([
        { stratum: "framework", eventType, ...about, attributes },
      ]);
    }
    const failures = this.#failuresOf(task.taskId) + 1;
    const attributes = failedAttributes(this.#services, attempt, failures, task.retry, outcome);
    await this.#services.record([
      { stratum: "framework", eventType: "job.TaskFailed", ...about, attributes },
    ]);
    // Not before: the next attempt must not overtake the failure on its way to the disk.
    if ("retryAt" in attributes) this.#startAt(task, attributes.retryAt);
  }

  async #recordCompleted(
    task: AskedTask,
    attempt: number,
    executionId: ExecutionId,
    { result, emitted }: Completed,
  ): Promise<void> {
    const ids = this.#trace.spanOf(executionId)?.ids;
    const facts = emitted.map((fact) => ({
      ...fact,
      ...ids,
      eventId: `evt_${this.#services.random.ulid()}` as EventId,
    }));
    const completed: JobEventDraft = {
      stratum: "framework",
      eventType: "job.TaskCompleted",
      jobId: this.#jobId,
      taskId: task.taskId,
      executionId,
      ...ids,
      attributes: {
        attempt,
        ...(result === undefined ? {} : { result }),
        ...(task.compensate === undefined ? {} : { compensable: true }),
        ...(facts.length === 0 ? {} : { emitted: facts.map(({ eventId }) => eventId) }),
      },
    };
    const drafts: readonly EventDraft[] = [completed];
    await this.#services.record(drafts, facts);
  }

  #failuresOf(taskId: TaskId): number {
    return findTask(this.#services.job(this.#jobId), taskId)?.failures ?? 0;
  }

  #startAt(task: AskedTask, retryAt: string): void {
    const cancel = this.#services.scheduler.at(Date.parse(retryAt), () => {
      this.#alarms.delete(cancel);
      this.#ready.push(task);
      this.#listener.wake();
    });
    this.#alarms.add(cancel);
  }

  #ended(count: number): void {
    this.#executing -= count;
    if (this.#executing === 0) {
      for (const resolve of this.#onIdle.splice(0)) resolve();
    }
    this.#listener.idle();
  }
}

/** What a failed attempt is on record as: with the time of the next, or final. */
export function failedAttributes(
  services: RunServices,
  attempt: number,
  failures: number,
  policy: RetryPolicy,
  outcome: AttemptError,
): AttemptFailure {
  const verdict = judgeFailure(outcome, policy, failures, services.random.fraction());
  const common = { attempt, maxAttempts: policy.maxAttempts, error: outcome.error };
  if (verdict.final) return { ...common, final: true, kind: verdict.kind };
  const retryAt = new Date(services.clock.now() + verdict.delayMs).toISOString();
  return { ...common, retryAt };
}
