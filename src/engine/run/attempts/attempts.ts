/**
 * The open attempts of one job, of tasks and compensations alike. An attempt is on record before
 * its handler is called, and its outcome before the next one begins. When a handler cannot be
 * called, because no slot is free or its job is suspended or paused, the attempt is withdrawn.
 */

import { decide } from "../../../core/decide.ts";
import type { JobEventDraft } from "../../../core/event.ts";
import type { ErrorFact, InterruptionReason } from "../../../core/framework_events.ts";
import { type ExecutionId, type LogId, newId } from "../../../core/ids.ts";
import { isHeld, type Progress } from "../../../core/job_state.ts";
import { withItem } from "../../../core/short_list.ts";
import { isThrown } from "../../../core/thrown.ts";
import type { Work } from "../../../core/work.ts";
import { TooManyEntriesError } from "../../events/fan_out.ts";
import { OverCapacityError } from "../../writer/intake.ts";
import { inTimedTurns } from "../../turns.ts";
import type { Span } from "../../watches.ts";
import { Attempt, type AttemptOutcome, type AttemptOwner } from "./attempt.ts";
import {
  attemptCounts,
  attemptEnd,
  attemptFailure,
  type AttemptRecord,
  attemptStart,
} from "./attempt_records.ts";
import type { NamedFact, PendingOutcomes } from "./pending_outcomes.ts";
import type { WorkerLease } from "../queue/worker_lease.ts";
import type { AttemptWork, RunSubject } from "../run_services.ts";
import type { SlotRequest } from "../queue/slots.ts";
import type { QueuePosition } from "../queue/request_lines.ts";
import { endOfAttempt, type RunTrace } from "./run_trace.ts";

// The platform's own: code of jobs may replace the global, and its uses are tracked.
const { queueMicrotask } = globalThis;

/** `refused`: the job may start no attempts now. The others are those of `Writer.tryAppend`. */
export type Started = "started" | "refused" | "full" | "failed";

/** A run, for those of its parts that record attempts. */
export interface RunOfAttempts extends RunSubject {
  readonly lease: WorkerLease;
  readonly ends: PendingOutcomes;
  readonly trace: RunTrace;
}

export class Attempts implements SlotRequest, AttemptOwner {
  /** Oldest first. */
  #open: Attempt[] = [];
  /** How many handlers are running. */
  #running = 0;
  #slot: "none" | "wanted" | "held" = "none";
  #isStopped = false;
  /** Absent until somebody waits. */
  #onIdle: (() => void)[] | undefined;

  constructor(readonly run: RunOfAttempts) {}

  get type(): string {
    return this.run.definition.type;
  }

  /** The order in which handlers wait for a slot. */
  get place(): QueuePosition {
    const { job, lease } = this.run;
    return { priority: job.head.priority, order: lease.turn };
  }

  get isBusy(): boolean {
    return this.#open.length > 0;
  }

  /** Whether the start of the newest attempt is not durable yet. */
  get isStarting(): boolean {
    return (this.#open.at(-1)?.startedBy ?? 0) > this.run.services.writer.durableLogId;
  }

  /** Calls back, soon after, when no attempt is open. */
  whenIdle(callback: () => void): void {
    if (this.isBusy) (this.#onIdle ??= []).push(callback);
    else queueMicrotask(callback);
  }

  /** Appends the start of an attempt of each work; calls the handlers when it is durable. */
  start(works: readonly AttemptWork[]): Started {
    const { services, trace, job } = this.run;
    // Of the same millisecond, so that the ids of these entries have their times.
    const receivedAt = services.events.now();
    const ids = works.map(() => newId.execution(services.random.ulid()));
    const command = attemptStart(works, ids, trace);
    const decision = decide(job.withOnly(works.map(({ taskId }) => taskId)), command);
    const written = decision.accepted
      ? services.writer.tryAppend(decision.events, "vital", { receivedAt })
      : "refused";
    if (typeof written === "string") {
      for (const id of ids) trace.drop(id);
      return written;
    }
    for (let index = 0; index < works.length; index++) {
      this.#began(
        works[index] as AttemptWork,
        ids[index] as ExecutionId,
        written.firstLogId + index,
      );
    }
    return "started";
  }

  #began(work: AttemptWork, executionId: ExecutionId, startedBy: LogId): void {
    const { trace, job } = this.run;
    const number = attemptCounts(work, job.task(work.taskId))?.attempts ?? 1;
    trace.began(executionId, number);
    const attempt = new Attempt(this, work, executionId, number, startedBy);
    this.#open = withItem(this.#open, attempt);
  }

  /** A batch is durable: calls the handlers whose start is in the batch. */
  durable(): void {
    const { durableLogId } = this.run.services.writer;
    let begins = false;
    for (const attempt of this.#open) {
      if (attempt.startedBy > durableLogId) break;
      begins ||= this.#isToBeCalled(attempt);
      attempt.considerReport();
    }
    if (begins) this.#enterSlot();
  }

  /** A slot is free: calls the handlers whose start is durable. */
  begin(): void {
    this.#slot = "held";
    this.#callDurable();
    this.#considerIdle();
  }

  /** No slot is free: withdraws the attempts whose handlers were not called. */
  withdraw(): void {
    this.#slot = "none";
    for (const attempt of this.#open.slice()) {
      if (this.#isToBeCalled(attempt)) attempt.end(this.#insteadOf(attempt) ?? WITHDRAWN);
    }
  }

  /** A handler takes too long to count as prompt: keeps the worker for this job alone. */
  slow(): void {
    this.run.lease.keep();
  }

  /**
   * Drops attempts whose start was lost.
   *
   * @returns The work that has to begin again.
   */
  lost(durableLogId: LogId): readonly AttemptWork[] {
    const lost = this.#open.filter(({ startedBy }) => startedBy > durableLogId);
    this.#open = this.#open.filter(({ startedBy }) => startedBy <= durableLogId);
    for (const attempt of this.#open) attempt.reportLost();
    for (const { executionId } of lost) this.run.trace.drop(executionId);
    if (lost.length > 0) this.#considerIdle();
    return lost.flatMap(({ work }) => work ?? []);
  }

  /** The job has failed or was cancelled: ends its tasks, or its compensations. */
  cancel(): void {
    this.#interrupt("cancelled");
  }

  /** The process stops: ends running attempts and begins no more. */
  stop(): void {
    this.#isStopped = true;
    this.#interrupt("shutdown");
  }

  #interrupt(reason: InterruptionReason): void {
    if (!this.isBusy) return;
    const { clock, onDefect } = this.run.services;
    inTimedTurns(interrupting(this.#open.slice(), reason), clock).catch(onDefect);
  }

  #enterSlot(): void {
    if (this.#slot === "held") return this.#callDurable();
    if (this.#slot === "wanted") return;
    this.#slot = "wanted";
    this.run.pool.slots.enter(this);
  }

  #leaveSlot(): void {
    if (this.#slot !== "held") return;
    this.#slot = "none";
    this.run.pool.slots.leave(this);
  }

  #callDurable(): void {
    for (const attempt of this.#open.slice()) {
      if (!this.#isToBeCalled(attempt)) continue;
      const instead = this.#insteadOf(attempt);
      if (instead === undefined) this.#call(attempt);
      else attempt.end(instead);
    }
  }

  /**
   * Whether its start is durable but its handler was not called. `false` between the slices of a
   * large batch while a later slice has entries of the job: it may have failed or been suspended. A
   * pause belongs to no job, and holds from its own slice on.
   */
  #isToBeCalled({ isCalled, startedBy }: Attempt): boolean {
    const { job, services: { writer } } = this.run;
    return !isCalled && startedBy <= writer.durableLogId && job.hiddenFrom > writer.recordedLogId;
  }

  /**
   * The outcome of an attempt whose handler must not be called. Its job may have failed, or been
   * suspended or paused, since the decision to start, even by a later entry of the same batch. Only
   * durable entries count here. Later ones cancel the running attempt once they are durable.
   */
  #insteadOf({ taskId, work }: Attempt): AttemptOutcome | undefined {
    const head = this.run.job.shownHead;
    const { state } = head;
    if (work?.run === undefined) return { kind: "failed", error: missing(taskId) };
    if (state !== (work.kind === "task" ? "Running" : "Compensating")) return CANCELLED;
    if (this.#isStopped) return STOPPED;
    if (isHeld(head)) return WITHDRAWN;
    return this.run.pool.workers.isPaused(head) ? PAUSED : undefined;
  }

  #call(attempt: Attempt): void {
    this.#running++;
    const { jobId, taskId, number } = attempt;
    attempt.call(this.run.pool.attemptWatch.began(jobId, taskId, number));
  }

  spanOf({ executionId }: Attempt): Span | undefined {
    return this.run.trace.spanOf(executionId);
  }

  /**
   * Drops the report while an outcome waits for disk space: the outcome goes first, and a later
   * report supersedes this one.
   */
  recordProgress(attempt: Attempt, progress: Progress): LogId | undefined {
    if (this.run.ends.owed) return undefined;
    const written = this.run.services.writer.tryAppend(
      [this.#progressOf(attempt, progress)],
      "vital",
    );
    return typeof written === "string" ? undefined : written.firstLogId;
  }

  #progressOf(attempt: Attempt, progress: Progress): JobEventDraft {
    return this.#draft(attempt, { eventType: "job.TaskProgressed", attributes: progress });
  }

  #draft(attempt: Attempt, { eventType, attributes }: AttemptRecord): JobEventDraft {
    const { jobId, taskId } = attempt;
    const draft = { stratum: "framework", eventType, jobId, taskId, attributes };
    const ids = this.spanOf(attempt)?.ids;
    return (ids === undefined ? draft : { ...draft, ...ids }) as JobEventDraft;
  }

  ended(attempt: Attempt, work: AttemptWork, outcome: AttemptOutcome): void {
    const { pool, services } = this.run;
    const last = attempt.lastReport();
    const progress = last === undefined ? NO_DRAFTS : [this.#progressOf(attempt, last)];
    // Attempts usually end in the order in which they began, and there may be thousands.
    const at = this.#open.indexOf(attempt);
    if (at === 0) this.#open.shift();
    else if (at > 0) this.#open.splice(at, 1);
    if (attempt.watched !== undefined) {
      this.#running--;
      pool.attemptWatch.ended(attempt.watched);
    }
    try {
      this.#recordEnd(attempt, work, outcome, progress);
    } catch (thrown) {
      const error = this.run.guard.factOf(thrown);
      if (isThrown(thrown, OverCapacityError)) {
        const later = { kind: "retryLater", error, delayMs: ROOM_AFTER_MS } as const;
        this.#recordEnd(attempt, work, later, progress);
      } else {
        if (!isThrown(thrown, TooManyEntriesError)) services.onDefect(thrown);
        this.#recordFailure(attempt, work, error);
      }
    }
    this.#considerIdle();
    this.run.advanceSoon();
  }

  #recordEnd(
    attempt: Attempt,
    work: AttemptWork,
    outcome: AttemptOutcome,
    progress: readonly JobEventDraft[],
  ): void {
    const { ends, job, services, trace } = this.run;
    const { number, executionId } = attempt;
    const facts = outcome.kind === "completed" ? this.#factsOf(attempt, outcome) : NO_FACTS;
    const failures = attemptCounts(work, job.task(work.taskId))?.failures ?? 0;
    const failure = attemptFailure(work, number, outcome, failures, services);
    const end = this.#draft(attempt, attemptEnd(work, number, outcome, failure, facts));
    ends.record(progress === NO_DRAFTS ? [end] : [...progress, end], facts);
    trace.end(executionId, endOfAttempt(outcome));
    if (failure !== undefined && "retryAt" in failure) this.run.startAt(work, failure.retryAt);
    if (outcome === WITHDRAWN || outcome === PAUSED) this.run.giveBack(work);
  }

  /** The outcome cannot be recorded: records a failure instead, so that the job does not hang. */
  #recordFailure(attempt: Attempt, work: AttemptWork, error: ErrorFact): void {
    const { number } = attempt;
    const failure = {
      attempt: number,
      maxAttempts: number,
      error,
      final: true,
      kind: "poison",
    } as const;
    const failed = attemptEnd(work, number, { kind: "failed", error }, failure);
    this.run.ends.record([this.#draft(attempt, failed)]);
    this.run.trace.end(attempt.executionId, { kind: "failed", error });
  }

  #factsOf(
    attempt: Attempt,
    { emitted }: Extract<AttemptOutcome, { kind: "completed" }>,
  ): readonly NamedFact[] {
    if (emitted.length === 0) return NO_FACTS;
    const ids = this.spanOf(attempt)?.ids;
    const { random } = this.run.services;
    return emitted.map((fact) => ({ ...fact, ...ids, eventId: newId.event(random.ulid()) }));
  }

  #considerIdle(): void {
    if (this.#running === 0) this.#leaveSlot();
    if (this.isBusy || this.#onIdle === undefined) return;
    for (const callback of this.#onIdle.splice(0)) queueMicrotask(callback);
  }
}

/** How many attempts are interrupted at a time. A job may have thousands, and most end at once. */
const INTERRUPTED_MAX = 50;

function* interrupting(attempts: readonly Attempt[], reason: InterruptionReason): Work<void> {
  for (const [index, attempt] of attempts.entries()) {
    if (index > 0 && index % INTERRUPTED_MAX === 0) yield;
    attempt.interrupt(reason);
  }
}

/** When a task that could not start more jobs is retried: jobs must end first. */
const ROOM_AFTER_MS = 10_000;

const CANCELLED = { kind: "interrupted", reason: "cancelled" } as const;
const STOPPED = { kind: "interrupted", reason: "shutdown" } as const;
const WITHDRAWN = { kind: "interrupted", reason: "withdrawn" } as const;
const PAUSED = { kind: "interrupted", reason: "paused" } as const;

const NO_DRAFTS: readonly JobEventDraft[] = [];
const NO_FACTS: readonly NamedFact[] = [];

function missing(taskId: string): ErrorFact {
  const message = `run no longer gives task ${taskId} a compensation`;
  return { name: "CompensationMissing", message };
}
