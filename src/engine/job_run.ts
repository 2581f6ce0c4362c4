/**
 * One live call of a job's `run`. It begins when the job gets a worker, gives the
 * worker back while there is nothing to do, and is told of every durable entry of its
 * job. After a restart `run` is called again: what is on record is answered from the
 * journal, in the journal's order, before anything new is started.
 */

import type { JobEventDraft } from "../core/event.ts";
import type { JobId, TaskId } from "../core/ids.ts";
import {
  type CompensatingJob,
  findTask,
  type JobState,
  type RunningJob,
} from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import { Answers } from "./answers.ts";
import type { Asked, AskedExpectation, AskedTask } from "./asked.ts";
import { Interruption } from "./attempt.ts";
import { Compensations } from "./compensations.ts";
import { type AnyJobDefinition, NonRetryableError } from "./definition.ts";
import { divergenceAt } from "./divergence.ts";
import type { Applied } from "./job_table.ts";
import { MainRecords } from "./main_records.ts";
import { callRun, type RunEnd } from "./run_call.ts";
import type { RunServices } from "./run_services.ts";
import { endOfJob, RunTrace } from "./run_trace.ts";
import { isSealed, type SealedJob, withInput } from "./sealing.ts";
import { SecretGuard } from "./secret_guard.ts";
import { settlementsOf } from "./settlements.ts";
import { TaskRunner } from "./task_runner.ts";
import { Worker } from "./worker.ts";

export class JobRun {
  readonly #services: RunServices;
  readonly #definition: AnyJobDefinition;
  readonly #jobId: JobId;
  readonly #worker: Worker;
  readonly #stop = new AbortController();
  readonly #runner: TaskRunner;
  readonly #compensations: Compensations;
  readonly #answers: Answers;
  readonly #main: MainRecords;
  readonly #trace: RunTrace;
  readonly #guard = new SecretGuard();
  #asked: Asked | undefined;
  #runEnd: RunEnd = { kind: "pending" };
  #looping = false;
  #again = false;
  #parking = false;
  #recordingWait = false;
  #ended = false;

  constructor(services: RunServices, definition: AnyJobDefinition, job: JobState) {
    this.#services = services;
    this.#definition = definition;
    this.#jobId = job.jobId;
    const order = job.state === "Created" ? job.firstLogId : job.startedBy;
    this.#worker = new Worker(services.workers, job.priority, order);
    const trace = this.#trace = new RunTrace(services, job);
    const parts = { services, jobId: job.jobId, guard: this.#guard, trace };
    this.#runner = new TaskRunner({ ...parts, stop: this.#stop.signal }, {
      wake: () => this.wake(),
      idle: () => this.#considerParking(),
    });
    this.#compensations = new Compensations({ ...parts, worker: this.#worker });
    this.#answers = new Answers(services, job.jobId);
    this.#main = new MainRecords(services, job.jobId, trace);
  }

  /** There may be something to do: gets a worker and does it. */
  wake(): void {
    if (this.#ended || this.#compensations.begun) return;
    this.#worker.acquire(this.#onWorker);
  }

  readonly #onWorker = (): void => void this.#loop();

  /** One entry of the job has become durable. */
  see(applied: Applied): void {
    if (this.#asked !== undefined) this.#answers.add(settlementsOf(applied));
    const { before, job } = applied;
    if (before?.state === "Running" && job.state !== "Running") this.#leaveRunning(job);
    if (job.state === "Done" || job.state === "Failed") return this.#end();
    // Out of the queue, so that nobody is told of one more job before theirs.
    if (job.suspendedBy !== undefined) return this.#worker.withdraw(this.#onWorker);
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
    if (!this.#ended && this.#asked !== undefined) await this.#main.interrupted();
    this.#trace.endRun({ kind: "interrupted", reason: "shutdown" });
  }

  #hasWork(job: JobState): boolean {
    // Once they have begun, the compensations take and give back the worker themselves.
    if (job.state === "Compensating") return !this.#compensations.begun;
    if (this.#asked === undefined) return true;
    return this.#answers.waiting || this.#runner.hasAsked;
  }

  #leaveRunning(job: JobState): void {
    this.#trace.endRun(endOfJob(job));
    this.#runner.cancelAlarms();
    if (this.#runner.isBusy) this.#stop.abort(new Interruption("cancelled"));
    if (job.state === "Compensating") this.wake();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#runner.cancelAlarms();
    this.#services.ended(this.#jobId);
    void this.idle().then(() => {
      this.#worker.release();
      this.#services.liveSecrets.remove(this.#jobId);
    });
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
      await this.#main.failed(this.#guard.factOf(error), "poison");
    } finally {
      this.#looping = false;
    }
    this.#considerParking();
  }

  async #turn(): Promise<void> {
    // Suspended or stopping: this run gives way, and a later one takes the job up.
    if (this.#asked === undefined && !(await this.#begin())) return this.#end();
    const missing = await this.#answers.deliver(() => this.#ended);
    if (missing !== undefined) await this.#diverged(missing);
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
    const finding = this.#trace.begin(this.#services.job(this.#jobId));
    if (finding !== undefined) await finding;
    const { state } = this.#services.job(this.#jobId);
    if (state === "Running" && !(await this.#main.start())) return false;
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running" && job.state !== "Compensating") return false;
    if (isSealed(job)) return await this.#openAndCallRun(job);
    this.#callRun(job);
    return true;
  }

  /** `run` gets its input as if it had never been sealed; without it, it is not called. */
  async #openAndCallRun(sealed: SealedJob): Promise<boolean> {
    const opened = await this.#services.openInput(sealed);
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running" && job.state !== "Compensating") return false;
    if (!opened.ok) {
      const message = `Cannot run: ${opened.reason}; with the key back, the job can be retried`;
      await this.#main.failed({ name: "SealedInputError", message }, "poison");
      return true;
    }
    this.#guard.takeOver(opened.guard);
    this.#services.liveSecrets.add(this.#jobId, this.#guard);
    this.#callRun(withInput(job, opened.input));
    return true;
  }

  #callRun(job: RunningJob | CompensatingJob): void {
    const listener = {
      askedTask: (task: AskedTask) => this.#askedTask(task),
      askedExpectation: (expectation: AskedExpectation) => this.#askedExpectation(expectation),
    };
    const { asked, output } = this.#trace.withinRun(() =>
      callRun(this.#definition, job, this.#answers, listener, this.#guard)
    );
    this.#asked = asked;
    void output.then(
      (output) => this.#finished(output),
      (error) => this.#threw(error),
    ).catch((error) => this.#services.onDefect(error));
  }

  #askedTask(task: AskedTask): void {
    const onRecord = findTask(this.#services.job(this.#jobId), task.taskId);
    if (onRecord?.status !== "completed") this.#runner.ask(task);
    this.#answers.askedFor(`task ${task.taskId}`);
    this.wake();
  }

  #askedExpectation({ name }: AskedExpectation): void {
    this.#answers.askedFor(`expectation ${name}`);
    this.wake();
  }

  async #diverged(taskId: TaskId): Promise<void> {
    const job = this.#services.job(this.#jobId);
    if (job.state !== "Running" || this.#asked === undefined) return;
    const { logId, instead } = divergenceAt(taskId, job, this.#asked, this.#runEnd);
    const message = `${this.#definition.type} version ${this.#definition.version} no longer asks ` +
      `for task ${taskId}, which entry ${logId} recorded when version ${job.definitionVersion} ` +
      `ran; it ${this.#guard.redact(instead)}`;
    await this.#main.failed({ name: "NonDeterminismError", message }, "error", logId);
  }

  async #finished(output: JsonValue | undefined): Promise<void> {
    this.#runEnd = { kind: "returned" };
    this.#answers.close();
    if (await this.#leftBehind()) return;
    await this.#main.completed(output);
    this.#considerParking();
  }

  async #threw(error: unknown): Promise<void> {
    this.#runEnd = { kind: "threw", error };
    this.#answers.close();
    if (await this.#leftBehind()) return;
    await this.#main.failed(
      this.#guard.factOf(error),
      error instanceof NonRetryableError ? "poison" : "error",
    );
    this.#considerParking();
  }

  /** Whether the end of `run` counts for nothing, because the job or the replay says so. */
  async #leftBehind(): Promise<boolean> {
    await this.#answers.replayed();
    return this.#ended || this.#services.job(this.#jobId).state !== "Running";
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
    await this.#recordWaiting();
  }

  get #hasRunEnded(): boolean {
    return this.#runEnd.kind !== "pending";
  }

  #isBlocked(): boolean {
    const asked = this.#asked;
    if (asked === undefined || this.#hasRunEnded || this.#answers.waiting) return true;
    return asked.expectations.size > 0 || this.#runner.hasUnfinished;
  }

  /** One record at a time, each of what is so when it is made. */
  async #recordWaiting(): Promise<void> {
    if (this.#recordingWait) return;
    this.#recordingWait = true;
    while (this.#waitingDraft() !== undefined) {
      await this.#services.recordLatest(() => this.#waitingDraft());
    }
    this.#recordingWait = false;
  }

  /** That `run` waits, unless it is on record, or `run` has something else to do. */
  #waitingDraft(): JobEventDraft | undefined {
    const job = this.#services.job(this.#jobId);
    const expectations = [...this.#asked?.expectations.keys() ?? []];
    if (this.#ended || this.#hasRunEnded || this.#worker.held) return undefined;
    if (expectations.length === 0) return undefined;
    // Work that may not begin now is no wait: a later run must find it and do it.
    if (job.state !== "Running" || this.#hasWork(job)) return undefined;
    return this.#main.waiting(expectations, this.#answers.seenLogId);
  }
}
