/**
 * One live call of a job's `run`. It begins when the job gets a worker, gives the
 * worker back while there is nothing to do, and is told of every durable entry of its
 * job. After a restart `run` is called again: what is on record is answered from the
 * journal, in the journal's order, before anything new is started.
 */

import { conditionOf } from "../core/condition.ts";
import type { JobEventDraft } from "../core/event.ts";
import { type ExecutionId, type JobId, type LogId, MAIN_TASK, type TaskId } from "../core/ids.ts";
import { findTask, type JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import { Asked, type AskedExpectation, type AskedTask } from "./asked.ts";
import { Interruption } from "./attempt.ts";
import { Compensations } from "./compensations.ts";
import { type AnyJobDefinition, NonRetryableError, throughJson } from "./definition.ts";
import { parseInput } from "./definition_registry.ts";
import { errorFact } from "./error_fact.ts";
import { factsOf } from "./fact_event.ts";
import type { Applied } from "./job_table.ts";
import type { RunServices } from "./run_services.ts";
import {
  isReused,
  keyOf,
  recordedSettlements,
  reusedSettlements,
  type Settlement,
  settlementsOf,
} from "./settlements.ts";
import { TaskRunner } from "./task_runner.ts";
import { Worker } from "./worker.ts";

/** How long a `run` may take to ask for what is on record before it is told apart. */
const DIVERGENCE_GRACE_MS = 1_000;

export class JobRun {
  readonly #services: RunServices;
  readonly #definition: AnyJobDefinition;
  readonly #jobId: JobId;
  readonly #worker: Worker;
  readonly #stop = new AbortController();
  readonly #runner: TaskRunner;
  readonly #compensations: Compensations;
  #asked: Asked | undefined;
  #mainAttempt = 0;
  #runEnded = false;
  #settlements: Settlement[] = [];
  /** Answers that were there before `run` asked for them. */
  readonly #early = new Map<string, Settlement>();
  #replaying = false;
  #seenLogId: LogId = 0;
  #seenAtMs = 0;
  #looping = false;
  #again = false;
  #parking = false;
  #ended = false;
  #onAsk: (() => void) | undefined;

  constructor(services: RunServices, definition: AnyJobDefinition, job: JobState) {
    this.#services = services;
    this.#definition = definition;
    this.#jobId = job.jobId;
    const order = job.state === "Created" ? job.firstLogId : job.startedBy;
    this.#worker = new Worker(services.workers, job.priority, order);
    this.#runner = new TaskRunner(services, job.jobId, this.#stop.signal, {
      wake: () => this.wake(),
      idle: () => this.#considerParking(),
    });
    this.#compensations = new Compensations(services, job.jobId, this.#worker);
  }

  /** There may be something to do: gets a worker and does it. */
  wake(): void {
    if (this.#ended) return;
    this.#worker.acquire(() => void this.#loop());
  }

  /** One entry of the job has become durable. */
  see(applied: Applied): void {
    if (this.#asked !== undefined) this.#settlements.push(...settlementsOf(applied));
    const { before, job } = applied;
    if (before?.state === "Running" && job.state !== "Running") this.#leaveRunning(job);
    if (job.state === "Done" || job.state === "Failed") return this.#end();
    if (job.suspendedBy !== undefined) return;
    this.#compensations.resumed();
    if (this.#hasWork(job)) this.wake();
  }

  /** Ends what is being attempted, for the reason that the process stops. */
  interrupt(): void {
    this.#stop.abort(new Interruption("shutdown"));
    this.#compensations.interrupt();
  }

  /** Resolves when no attempt is being made. */
  async idle(): Promise<void> {
    await Promise.all([this.#runner.idle(), this.#compensations.idle()]);
  }

  /** Records that `run` itself is cut short by a stop, when it was doing something. */
  async recordShutdown(): Promise<void> {
    const main = findTask(this.#services.job(this.#jobId), MAIN_TASK);
    if (main?.status !== "running" || this.#ended || this.#asked === undefined) return;
    await this.#services.record([this.#mainDraft("job.TaskInterrupted", {
      attempt: this.#mainAttempt,
      phase: "run",
      reason: "shutdown",
    })]);
  }

  #hasWork(job: JobState): boolean {
    if (job.state === "Compensating") return true;
    if (this.#asked === undefined) return conditionOf(job) === "queued";
    return this.#settlements.length > 0 || this.#runner.hasAsked;
  }

  #leaveRunning(job: JobState): void {
    if (this.#runner.isBusy) this.#stop.abort(new Interruption("cancelled"));
    if (job.state === "Compensating") this.wake();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#services.ended(this.#jobId);
    void this.idle().then(() => this.#worker.release());
  }

  /** One at a time; what comes up meanwhile makes it go round again. */
  async #loop(): Promise<void> {
    this.#again = true;
    if (this.#looping) return;
    this.#looping = true;
    try {
      while (this.#again && !this.#ended) {
        this.#again = false;
        await this.#turn();
      }
    } catch (error) {
      this.#services.onDefect(error);
    } finally {
      this.#looping = false;
    }
    this.#considerParking();
  }

  async #turn(): Promise<void> {
    if (this.#asked === undefined && !(await this.#begin())) return;
    await this.#deliver();
    if (this.#replaying) await this.#endReplay();
    const { state } = this.#services.job(this.#jobId);
    if (state === "Compensating") {
      await this.#runner.idle();
      await this.#compensations.run((taskId) => this.#asked?.tasks.get(taskId));
    } else if (state === "Running") {
      await this.#runner.startAsked();
    }
  }

  /** Puts the attempt on record and calls `run`; `false` when the job may not run now. */
  async #begin(): Promise<boolean> {
    const { state } = this.#services.job(this.#jobId);
    if (state === "Running" && !(await this.#startMain())) return false;
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running" && job.state !== "Compensating") return false;
    this.#settlements = recordedSettlements(job);
    for (const reused of reusedSettlements(job)) this.#early.set(keyOf(reused), reused);
    this.#replaying = job.tasks.length > 1 || this.#settlements.length > 0;
    this.#see(job.startedBy, job.startedAt);
    this.#callRun(job);
    return true;
  }

  async #startMain(): Promise<boolean> {
    if (this.#services.draining) return false;
    const executionId = `exe_${this.#services.random.ulid()}` as ExecutionId;
    const attempts = [{ taskId: MAIN_TASK, executionId, compensable: false }];
    const commanded = await this.#services.command(this.#jobId, {
      kind: "startAttempts",
      attempts,
    });
    const main = findTask(this.#services.job(this.#jobId), MAIN_TASK);
    this.#mainAttempt = main?.attempts ?? 0;
    return commanded.accepted;
  }

  #callRun(job: JobState): void {
    const names = job.plan.expected.map((expected) => expected.id);
    const asked = new Asked(this.#jobId, names, {
      seenAt: () => this.#seenAtMs,
      askedTask: (task) => this.#askedTask(task),
      askedExpectation: (expectation) => this.#askedExpectation(expectation),
    });
    this.#asked = asked;
    void this.#run(asked, job).then(
      (output) => this.#finished(output),
      (error) => this.#threw(error),
    ).catch((error) => this.#services.onDefect(error));
  }

  async #run(asked: Asked, job: JobState): Promise<JsonValue | undefined> {
    const parsed = parseInput(this.#definition, structuredClone(job.input));
    if (!parsed.ok) {
      const issues = parsed.issues.map(({ pointer, detail }) => `${pointer || "/"}: ${detail}`);
      throw new NonRetryableError(
        `Cannot run: the recorded input does not fit version ${this.#definition.version}: ` +
          issues.join("; "),
      );
    }
    return throughJson(await this.#definition.run(asked, parsed.value));
  }

  #askedTask(task: AskedTask): void {
    const onRecord = findTask(this.#services.job(this.#jobId), task.taskId);
    if (onRecord?.status !== "completed") this.#runner.ask(task);
    this.#answerEarly(`task ${task.taskId}`);
  }

  #askedExpectation(expectation: AskedExpectation): void {
    this.#answerEarly(`expectation ${expectation.name}`);
  }

  #answerEarly(key: string): void {
    const early = this.#early.get(key);
    if (early !== undefined) this.#settlements.unshift(early);
    this.#onAsk?.();
    this.wake();
  }

  /** Gives `run` its answers, each after it has done what the one before made it do. */
  async #deliver(): Promise<void> {
    let delivered = false;
    while (!this.#ended) {
      if (delivered || this.#replaying) await this.#services.clock.nextTurn();
      const next = this.#settlements[0];
      if (next === undefined) return;
      if (!this.#isAsked(next) && next.kind === "task") {
        await this.#graceFor(() => this.#isAsked(next));
      }
      this.#settlements.shift();
      if (this.#isAsked(next)) await this.#answer(next);
      else if (next.kind === "expectation") this.#early.set(keyOf(next), next);
      else return await this.#diverged(next.taskId);
      delivered = true;
    }
  }

  #isAsked(settlement: Settlement): boolean {
    return settlement.kind === "task"
      ? this.#asked?.tasks.has(settlement.taskId) ?? false
      : this.#asked?.expectations.has(settlement.name) ?? false;
  }

  async #answer(settlement: Settlement): Promise<void> {
    if (settlement.kind === "task") {
      const task = findTask(this.#services.job(this.#jobId), settlement.taskId);
      this.#see(settlement.logId, settlement.receivedAt);
      const result = task?.status === "completed" ? structuredClone(task.result) : undefined;
      this.#asked?.tasks.get(settlement.taskId)?.resolve(result);
      return;
    }
    const expectation = this.#asked?.expectations.get(settlement.name);
    this.#asked?.expectations.delete(settlement.name);
    const job = this.#services.job(this.#jobId);
    const index = job.plan.expected.findIndex((expected) => expected.id === settlement.name);
    const entries = await this.#services.entriesAt(job.expected[index]?.by ?? []);
    this.#see(settlement.logId, entries.at(-1)?.receivedAt ?? "");
    expectation?.resolve(factsOf(entries));
  }

  #see(logId: LogId, receivedAt: string): void {
    if (logId <= this.#seenLogId) return;
    this.#seenLogId = logId;
    this.#seenAtMs = Date.parse(receivedAt);
  }

  /** All that is on record has been answered; now `run` must have asked for all of it. */
  async #endReplay(): Promise<void> {
    const missing = () =>
      this.#services.job(this.#jobId).tasks.find((task) =>
        task.taskId !== MAIN_TASK && !isReused(task) && !this.#asked?.tasks.has(task.taskId)
      );
    await this.#graceFor(() => missing() === undefined);
    this.#replaying = false;
    const task = missing();
    if (task !== undefined) await this.#diverged(task.taskId);
  }

  /** Waits until something is asked for; a `run` that awaits other things is given time. */
  async #graceFor(met: () => boolean): Promise<void> {
    await this.#services.clock.nextTurn();
    if (met() || this.#runEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#services.clock.setTimer(DIVERGENCE_GRACE_MS, resolve);
    this.#onAsk = () => {
      if (met()) resolve();
    };
    await promise;
    this.#onAsk = undefined;
    cancel();
  }

  async #diverged(taskId: TaskId): Promise<void> {
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running") return;
    const logId = findTask(job, taskId)?.firstLogId ?? 0;
    const message = `${this.#definition.type} version ${this.#definition.version} no longer asks ` +
      `for task ${taskId}, which entry ${logId} recorded when version ${job.definitionVersion} ` +
      `ran; ${this.#insteadOf(job)}`;
    await this.#failMain({ name: "NonDeterminismError", message }, "error");
  }

  #insteadOf(job: JobState): string {
    const fresh = [...this.#asked?.tasks.keys() ?? []].filter((id) => !findTask(job, id));
    return fresh.length > 0 ? `it asks for ${fresh.join(", ")} instead` : "it asks for nothing new";
  }

  async #finished(output: JsonValue | undefined): Promise<void> {
    this.#runEnded = true;
    this.#onAsk?.();
    if (await this.#leftBehind()) return;
    await this.#services.record([this.#mainDraft("job.TaskCompleted", {
      attempt: this.#mainAttempt,
      ...(output === undefined ? {} : { result: output }),
    })]);
    this.#considerParking();
  }

  async #threw(error: unknown): Promise<void> {
    this.#runEnded = true;
    this.#onAsk?.();
    if (await this.#leftBehind()) return;
    await this.#failMain(
      errorFact(error),
      error instanceof NonRetryableError ? "poison" : "error",
    );
    this.#considerParking();
  }

  /** Whether the end of `run` counts for nothing, because the job or the replay says so. */
  async #leftBehind(): Promise<boolean> {
    while (this.#replaying && !this.#ended) await this.#services.clock.nextTurn();
    return this.#ended || this.#services.job(this.#jobId).state !== "Running";
  }

  async #failMain(
    error: { readonly name: string; readonly message: string },
    kind: "poison" | "error",
  ): Promise<void> {
    const attempt = Math.max(1, this.#mainAttempt);
    await this.#services.record([
      this.#mainDraft("job.TaskFailed", {
        attempt,
        maxAttempts: attempt,
        error,
        final: true,
        kind,
      }),
    ]);
  }

  #mainDraft<Type extends MainEventType>(
    eventType: Type,
    attributes: Extract<JobEventDraft, { eventType: Type }>["attributes"],
  ): JobEventDraft {
    const draft = { stratum: "framework", eventType, jobId: this.#jobId, taskId: MAIN_TASK };
    return { ...draft, attributes } as JobEventDraft;
  }

  #considerParking(): void {
    if (this.#worker.held && !this.#looping && !this.#runner.isBusy) void this.#parkAfterTurn();
  }

  /** Gives the worker back when, after `run` could go on, it has nothing to go on with. */
  async #parkAfterTurn(): Promise<void> {
    if (this.#parking) return;
    this.#parking = true;
    await this.#services.clock.nextTurn();
    this.#parking = false;
    if (!this.#worker.held || this.#looping || this.#runner.isBusy || this.#ended) return;
    const job = this.#services.job(this.#jobId);
    const mayStart = job.suspendedBy === undefined && !this.#services.draining;
    if (mayStart && this.#asked !== undefined && this.#hasWork(job)) return void this.#loop();
    if (!this.#isBlocked()) return;
    this.#worker.release();
    await this.#recordWaiting(job);
  }

  #isBlocked(): boolean {
    const asked = this.#asked;
    if (asked === undefined || this.#runEnded || this.#settlements.length > 0) return true;
    return asked.expectations.size > 0 || this.#runner.hasUnfinished;
  }

  async #recordWaiting(job: JobState): Promise<void> {
    const expectations = [...this.#asked?.expectations.keys() ?? []];
    if (expectations.length === 0 || job.state !== "Running") return;
    const main = findTask(job, MAIN_TASK);
    if (main?.status === "waiting" && sameNames(main.expectations, expectations)) return;
    await this.#services.record([this.#mainDraft("job.TaskWaiting", { expectations })]);
  }
}

type MainEventType =
  | "job.TaskCompleted"
  | "job.TaskFailed"
  | "job.TaskInterrupted"
  | "job.TaskWaiting";

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name) => right.includes(name));
}
