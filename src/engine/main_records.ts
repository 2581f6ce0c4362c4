/** What goes on record of one call of `run`, which is the task `main` of its job. */

import type { JobEventDraft } from "../core/event.ts";
import type { ErrorFact } from "../core/framework_events.ts";
import { type ExecutionId, type JobId, type LogId, MAIN_TASK } from "../core/ids.ts";
import { findTask } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { RunServices } from "./run_services.ts";
import type { RunTrace } from "./run_trace.ts";

type MainEventType =
  | "job.TaskCompleted"
  | "job.TaskFailed"
  | "job.TaskInterrupted"
  | "job.TaskWaiting";

export class MainRecords {
  readonly #services: RunServices;
  readonly #jobId: JobId;
  readonly #trace: RunTrace;
  #attempt = 0;

  constructor(services: RunServices, jobId: JobId, trace: RunTrace) {
    this.#services = services;
    this.#jobId = jobId;
    this.#trace = trace;
  }

  /** Puts the attempt on record; `false` when the job may not run now. */
  async start(): Promise<boolean> {
    if (this.#services.draining) return false;
    const executionId = `exe_${this.#services.random.ulid()}` as ExecutionId;
    const trace = this.#trace.start("run", MAIN_TASK, executionId);
    const attempts = [{ taskId: MAIN_TASK, executionId, compensable: false, trace }];
    const command = { kind: "startAttempts", attempts } as const;
    // On a full disk the reserve is for jobs that have begun.
    const commanded = await this.#services.command(this.#jobId, command, "ordinary");
    this.#attempt = findTask(this.#services.job(this.#jobId), MAIN_TASK)?.attempts ?? 0;
    if (commanded.accepted) this.#trace.began(executionId, this.#attempt);
    else this.#trace.drop(executionId);
    return commanded.accepted;
  }

  async completed(output: JsonValue | undefined): Promise<void> {
    await this.#services.record([this.#draft("job.TaskCompleted", {
      attempt: this.#attempt,
      ...(output === undefined ? {} : { result: output }),
    })]);
    this.#trace.endRun({ kind: "completed" });
  }

  /** @param causedBy The entry that shows why, where there is one. */
  async failed(error: ErrorFact, kind: "poison" | "error", causedBy?: LogId): Promise<void> {
    const attempt = Math.max(1, this.#attempt);
    if (this.#services.job(this.#jobId).state !== "Running") return;
    const attributes = { attempt, maxAttempts: attempt, error, final: true, kind } as const;
    const draft = this.#draft("job.TaskFailed", attributes);
    await this.#services.record([causedBy === undefined ? draft : { ...draft, causedBy }]);
    this.#trace.endRun({ kind: "failed", error });
  }

  /** Records that a stop of the process cut it short, when it was doing something. */
  async interrupted(): Promise<void> {
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running" || findTask(job, MAIN_TASK)?.status !== "running") return;
    await this.#services.record([this.#draft("job.TaskInterrupted", {
      attempt: this.#attempt,
      phase: "run",
      reason: "shutdown",
    })]);
  }

  /** That it waits, having seen all up to an entry; `undefined` when that is on record. */
  waiting(expectations: readonly string[], seen: LogId): JobEventDraft | undefined {
    const main = findTask(this.#services.job(this.#jobId), MAIN_TASK);
    const isOnRecord = main?.status === "waiting" && main.seen >= seen &&
      sameNames(main.expectations, expectations);
    return isOnRecord ? undefined : this.#draft("job.TaskWaiting", { expectations, seen });
  }

  #draft<Type extends MainEventType>(
    eventType: Type,
    attributes: Extract<JobEventDraft, { eventType: Type }>["attributes"],
  ): JobEventDraft {
    const draft = { stratum: "framework", eventType, jobId: this.#jobId, taskId: MAIN_TASK };
    return { ...draft, ...this.#trace.ids, attributes } as JobEventDraft;
  }
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
