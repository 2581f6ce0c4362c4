/**
 * Undoes a failed job's completed tasks, in reverse order of completion, each with its
 * own retries. A compensation that fails is put on record and the others go on: it sets
 * `recoveryRequired` and never hides the error that failed the job.
 */

import type { EventDraft, FactDraft } from "../core/event.ts";
import type { AttemptFailure } from "../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import { type CompletedTask, findTask } from "../core/job_state.ts";
import type { AskedTask } from "./asked.ts";
import { type AttemptOutcome, Interruption, runAttempt } from "./attempt.ts";
import type { RunServices } from "./run_services.ts";
import { endOfAttempt, type RunTrace } from "./run_trace.ts";
import type { SecretGuard } from "./secret_guard.ts";
import { failedAttributes } from "./task_runner.ts";
import type { Worker } from "./worker.ts";

type CompensationEventType =
  | "job.TaskCompensated"
  | "job.TaskCompensationFailed"
  | "job.TaskInterrupted";

export interface CompensationsParts {
  readonly services: RunServices;
  readonly jobId: JobId;
  readonly worker: Worker;
  readonly guard: SecretGuard;
  readonly trace: RunTrace;
}

export class Compensations {
  readonly #services: RunServices;
  readonly #jobId: JobId;
  readonly #worker: Worker;
  readonly #guard: SecretGuard;
  readonly #trace: RunTrace;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #attempting: Promise<unknown> | undefined;
  #onResumed: (() => void) | undefined;

  constructor({ services, jobId, worker, guard, trace }: CompensationsParts) {
    this.#services = services;
    this.#jobId = jobId;
    this.#worker = worker;
    this.#guard = guard;
    this.#trace = trace;
  }

  /** Undoes all there is to undo; a second call waits for the first. */
  async run(codeOf: (taskId: TaskId) => AskedTask | undefined): Promise<void> {
    this.#running ??= this.#undoAll(codeOf);
    await this.#running;
  }

  /** Whether `run` was called. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  /** The job is not suspended, or no longer. */
  resumed(): void {
    this.#onResumed?.();
    this.#onResumed = undefined;
  }

  /** The process stops. */
  interrupt(): void {
    this.#stop.abort(new Interruption("shutdown"));
  }

  /** Resolves when no compensation is being attempted. */
  async idle(): Promise<void> {
    await this.#attempting;
  }

  async #undoAll(codeOf: (taskId: TaskId) => AskedTask | undefined): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#stop.signal.aborted || this.#services.draining) return;
      if (this.#services.job(this.#jobId).state !== "Compensating") return;
      await this.#undo(next, codeOf(next.taskId));
    }
    await this.#recordEnd();
  }

  /** The latest completed task that is still to be undone. */
  #next(): CompletedTask | undefined {
    return this.#compensable()
      .filter(({ compensation }) =>
        compensation?.status !== "compensated" && compensation?.status !== "failed"
      )
      .toSorted((left, right) => right.completedBy - left.completedBy)[0];
  }

  #compensable(): readonly CompletedTask[] {
    return this.#services.job(this.#jobId).tasks.filter((task): task is CompletedTask =>
      task.status === "completed" && task.compensable
    );
  }

  /** Makes one attempt, when its time has come. */
  async #undo(task: CompletedTask, code: AskedTask | undefined): Promise<void> {
    if (task.compensation?.status === "backingOff") {
      const atMs = Date.parse(task.compensation.retryAt);
      await this.#withoutWorker((done) => void this.#services.scheduler.at(atMs, done));
    }
    const executionId = `exe_${this.#services.random.ulid()}` as ExecutionId;
    const { taskId } = task;
    const commanded = await this.#services.command(this.#jobId, {
      kind: "startCompensation",
      taskId,
      executionId,
      trace: this.#trace.start("compensation", taskId, executionId),
      ...(code === undefined ? {} : { maxAttempts: code.retry.maxAttempts }),
    });
    if (!commanded.accepted) {
      this.#trace.drop(executionId);
      return await this.#untilResumed();
    }
    const attempt = (task.compensation?.attempts ?? 0) + 1;
    this.#trace.began(executionId, attempt);
    this.#attempting = this.#attempt(task, code, attempt, executionId)
      .catch((error) => this.#gaveUp(task, attempt, executionId, error));
    await this.#attempting;
  }

  /** Something in here threw, not the task's code: on record, so that nothing hangs. */
  async #gaveUp(
    task: CompletedTask,
    attempt: number,
    executionId: ExecutionId,
    error: unknown,
  ): Promise<void> {
    this.#services.onDefect(error);
    const fact = this.#guard.factOf(error);
    await this.#record("job.TaskCompensationFailed", task, executionId, {
      attempt,
      maxAttempts: attempt,
      error: fact,
      final: true,
      kind: "poison",
    });
    this.#trace.end(executionId, { kind: "failed", error: fact });
  }

  async #untilResumed(): Promise<void> {
    const job = this.#services.job(this.#jobId);
    if (job.suspendedBy === undefined) return;
    await this.#withoutWorker((done) => {
      this.#onResumed = done;
    });
  }

  async #withoutWorker(wait: (done: () => void) => void): Promise<void> {
    this.#worker.release();
    await new Promise<void>(wait);
    await new Promise<void>((granted) => this.#worker.acquire(granted));
  }

  async #attempt(
    task: CompletedTask,
    code: AskedTask | undefined,
    attempt: number,
    executionId: ExecutionId,
  ): Promise<void> {
    const compensate = code?.compensate;
    if (code === undefined || compensate === undefined) {
      return await this.#recordMissing(task, attempt, executionId);
    }
    const outcome = await runAttempt({
      jobId: this.#jobId,
      taskId: task.taskId,
      executionId,
      attempt,
      timeoutMs: code.timeoutMs,
      stop: this.#stop.signal,
      run: (context) => compensate(structuredClone(task.result), context),
      span: this.#trace.spanOf(executionId),
      // Progress belongs to the task; that of its undoing has no place to be shown.
      onProgress: () => {},
      guard: this.#guard,
    }, this.#services.clock);
    await this.#conclude(task, code, attempt, executionId, outcome);
    this.#trace.end(executionId, endOfAttempt(outcome));
  }

  async #recordMissing(
    task: CompletedTask,
    attempt: number,
    executionId: ExecutionId,
  ): Promise<void> {
    const message = `run no longer gives task ${task.taskId} a compensation`;
    const error = { name: "CompensationMissing", message };
    await this.#record("job.TaskCompensationFailed", task, executionId, {
      attempt,
      maxAttempts: attempt,
      error,
      final: true,
      kind: "error",
    });
    this.#trace.end(executionId, { kind: "failed", error });
  }

  async #conclude(
    task: CompletedTask,
    code: AskedTask,
    attempt: number,
    executionId: ExecutionId,
    outcome: AttemptOutcome,
  ): Promise<void> {
    if (outcome.kind === "completed") {
      const { emitted } = outcome;
      return await this.#record("job.TaskCompensated", task, executionId, { attempt }, emitted);
    }
    if (outcome.kind === "interrupted") {
      const { reason } = outcome;
      const attributes = { attempt, phase: "compensation", reason } as const;
      return await this.#record("job.TaskInterrupted", task, executionId, attributes);
    }
    const now = findTask(this.#services.job(this.#jobId), task.taskId);
    const before = now?.status === "completed" ? now.compensation?.failures ?? 0 : 0;
    const attributes = failedAttributes(
      this.#services,
      attempt,
      before + 1,
      code.retry,
      outcome,
    );
    await this.#record("job.TaskCompensationFailed", task, executionId, attributes);
  }

  async #record(
    eventType: CompensationEventType,
    task: CompletedTask,
    executionId: ExecutionId,
    attributes: AttemptFailure | { readonly attempt: number },
    facts: readonly FactDraft[] = [],
  ): Promise<void> {
    const ids = this.#trace.spanOf(executionId)?.ids;
    const about = { jobId: this.#jobId, taskId: task.taskId, executionId, ...ids };
    const draft = { stratum: "framework", eventType, ...about, attributes };
    const traced = ids === undefined ? facts : facts.map((fact) => ({ ...fact, ...ids }));
    await this.#services.record([draft as EventDraft], traced);
  }

  async #recordEnd(): Promise<void> {
    if (this.#services.job(this.#jobId).state !== "Compensating") return;
    const tasks = this.#compensable();
    const ids = (status: string) =>
      tasks.filter(({ compensation }) => compensation?.status === status)
        .map(({ taskId }) => taskId);
    const [compensated, failed] = [ids("compensated"), ids("failed")];
    const about = { stratum: "framework", jobId: this.#jobId, ...this.#trace.ids } as const;
    const ended: EventDraft = {
      ...about,
      eventType: "job.CompensationEnded",
      attributes: { compensated, failed },
    };
    const required: EventDraft = {
      ...about,
      eventType: "job.RecoveryRequired",
      attributes: { tasks: failed },
    };
    await this.#services.record(failed.length > 0 ? [required, ended] : [ended]);
  }
}
