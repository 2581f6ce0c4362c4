/**
 * Gives a job's `run` its answers in the order of the journal, each after `run` has done
 * what the one before made it do. What is on record comes first; a `run` that does not
 * ask for it has diverged from its history.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import { type JobId, type LogId, MAIN_TASK, type TaskId } from "../core/ids.ts";
import { findTask, type JobState } from "../core/job_state.ts";
import type { Asked } from "./asked.ts";
import { factsOf } from "./fact_event.ts";
import type { Clock } from "./ports.ts";
import {
  isReused,
  keyOf,
  recordedSettlements,
  reusedSettlements,
  type Settlement,
} from "./settlements.ts";

/** How long a `run` may take to ask for what is on record before it is told apart. */
export const DIVERGENCE_GRACE_MS = 1_000;

/** What answering needs from outside: less than a live run, so that a record alone will do. */
export interface AnswerServices {
  readonly clock: Clock;
  /** The job as of what is durable. */
  job(jobId: JobId): JobState;
  entriesAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
}

export class Answers {
  readonly #services: AnswerServices;
  readonly #jobId: JobId;
  readonly #graceMs: number;
  #asked: Asked | undefined;
  #settlements: Settlement[] = [];
  /** Answers that were there before `run` asked for them. */
  readonly #early = new Map<string, Settlement>();
  #replaying = false;
  #closed = false;
  #seenLogId: LogId = 0;
  #seenAtMs = 0;
  #onAsk: (() => void) | undefined;
  readonly #onReplayed: (() => void)[] = [];

  constructor(services: AnswerServices, jobId: JobId, graceMs: number = DIVERGENCE_GRACE_MS) {
    this.#services = services;
    this.#jobId = jobId;
    this.#graceMs = graceMs;
  }

  /** The time of the last entry that `run` has seen, in milliseconds since the epoch. */
  get seenAtMs(): number {
    return this.#seenAtMs;
  }

  /** The last entry that `run` has had an answer from. */
  get seenLogId(): LogId {
    return this.#seenLogId;
  }

  /** Whether what was on record at the begin has not all been answered. */
  get replaying(): boolean {
    return this.#replaying;
  }

  /** Whether there is an answer to give. */
  get waiting(): boolean {
    return this.#settlements.length > 0;
  }

  /** Takes what is on record of a job whose `run` is about to be called. */
  begin(asked: Asked, job: Exclude<JobState, { state: "Created" }>): void {
    this.#asked = asked;
    this.#settlements = recordedSettlements(job);
    for (const reused of reusedSettlements(job)) this.#early.set(keyOf(reused), reused);
    this.#replaying = job.tasks.length > 1 || this.waiting;
    this.#see(job.startedBy, job.startedAt);
  }

  /** Takes answers that have just become durable. */
  add(settlements: readonly Settlement[]): void {
    this.#settlements.push(...settlements);
  }

  /** `run` has asked for something. */
  askedFor(key: string): void {
    const early = this.#early.get(key);
    if (early !== undefined) this.#settlements.unshift(early);
    this.#onAsk?.();
  }

  /** `run` will ask for nothing more. */
  close(): void {
    this.#closed = true;
    this.#onAsk?.();
  }

  /**
   * Gives all answers that there are; the result is a task on record that `run` no longer
   * asks for.
   *
   * @param stopped Whether the job has ended, so that nothing more needs to be given.
   */
  async deliver(stopped: () => boolean): Promise<TaskId | undefined> {
    let delivered = false;
    while (!stopped()) {
      if (delivered || this.#replaying) await this.#services.clock.nextTurn();
      const next = this.#settlements[0];
      if (next === undefined) return await this.#endReplay();
      if (next.kind === "task") {
        await this.graceFor(() => this.#isAsked(next) || this.#settlements[0] !== next);
      }
      // While time was given, an answer that was there before may have been asked for.
      if (this.#settlements[0] !== next) continue;
      this.#settlements.shift();
      if (this.#isAsked(next)) await this.#answer(next);
      else if (next.kind === "expectation") this.#early.set(keyOf(next), next);
      else return this.#diverged(next.taskId);
      delivered = true;
    }
    return undefined;
  }

  /** All that is on record has been answered; now `run` must have asked for all of it. */
  async #endReplay(): Promise<TaskId | undefined> {
    if (!this.#replaying) return undefined;
    await this.graceFor(() => this.#missing() === undefined);
    return this.#diverged(this.#missing());
  }

  /** Resolves when what was on record at the begin has been answered. */
  async replayed(): Promise<void> {
    if (this.#replaying) await new Promise<void>((resolve) => this.#onReplayed.push(resolve));
  }

  #diverged(taskId: TaskId | undefined): TaskId | undefined {
    this.#replaying = false;
    for (const resolve of this.#onReplayed.splice(0)) resolve();
    return taskId;
  }

  #missing(): TaskId | undefined {
    return this.#services.job(this.#jobId).tasks.find((task) =>
      task.taskId !== MAIN_TASK && !isReused(task) && !this.#asked?.tasks.has(task.taskId)
    )?.taskId;
  }

  #isAsked(settlement: Settlement): boolean {
    return settlement.kind === "task"
      ? this.#asked?.tasks.has(settlement.taskId) ?? false
      : this.#asked?.expectations.has(settlement.name) ?? false;
  }

  /**
   * Resolves when something is so, or when `run` has ended, or has not asked for anything
   * that makes it so in time: a `run` that awaits other things is given some.
   */
  async graceFor(met: () => boolean): Promise<void> {
    if (met()) return;
    await this.#services.clock.nextTurn();
    if (met() || this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#services.clock.setTimer(this.#graceMs, resolve);
    this.#onAsk = () => {
      if (met() || this.#closed) resolve();
    };
    await promise;
    this.#onAsk = undefined;
    cancel();
  }

  async #answer(settlement: Settlement): Promise<void> {
    if (settlement.kind === "task") this.#answerTask(settlement);
    else await this.#answerExpectation(settlement);
  }

  #answerTask(settlement: Extract<Settlement, { kind: "task" }>): void {
    const task = findTask(this.#services.job(this.#jobId), settlement.taskId);
    this.#see(settlement.logId, settlement.receivedAt);
    const result = task?.status === "completed" ? ownCopy(task.result) : undefined;
    this.#asked?.answerTask(settlement.taskId, result);
  }

  async #answerExpectation(settlement: Extract<Settlement, { kind: "expectation" }>) {
    const { name, logId } = settlement;
    const expectation = this.#asked?.expectations.get(name);
    this.#asked?.expectations.delete(name);
    const job = this.#services.job(this.#jobId);
    const index = job.plan.expected.findIndex((expected) => expected.id === name);
    const entries = await this.#services.entriesAt(job.expected[index]?.by ?? []);
    this.#see(logId, entries.at(-1)?.receivedAt ?? "");
    expectation?.resolve(factsOf(entries));
  }

  #see(logId: LogId, receivedAt: string): void {
    if (logId <= this.#seenLogId) return;
    this.#seenLogId = logId;
    this.#seenAtMs = Date.parse(receivedAt);
  }
}

/** What user code gets is its own, so that nothing it does to it changes the state. */
function ownCopy<Value>(value: Value): Value {
  return typeof value === "object" ? structuredClone(value) : value;
}
