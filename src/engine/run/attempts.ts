/**
 * The open attempts of one job, of tasks and compensations alike. An attempt is on record before
 * its handler is called, and its outcome before the next one begins. When a handler cannot be
 * called, because no slot is free or its job is suspended or paused, the attempt is withdrawn.
 */

import { decide } from "../../core/decide.ts";
import type { JobEventDraft } from "../../core/event.ts";
import type { ErrorFact } from "../../core/framework_events.ts";
import { type ExecutionId, type LogId, newId } from "../../core/ids.ts";
import { isHeld, type Progress } from "../../core/job_state.ts";
import { isThrown } from "../../core/thrown.ts";
import { TooManyEntriesError } from "../events/fan_out.ts";
import { Attempt, type AttemptOutcome, type Completed } from "./attempt.ts";
import { AttemptLog, ProgressReports } from "./attempt_output.ts";
import {
  attemptCounts,
  attemptEnd,
  attemptFailure,
  type AttemptRecord,
  attemptStart,
} from "./attempt_records.ts";
import type { NamedFact, PendingOutcomes } from "./pending_outcomes.ts";
import type { WorkerLease } from "./worker_lease.ts";
import type { RunSubject } from "./run_services.ts";
import type { SlotRequest } from "./slots.ts";
import type { Place } from "./requests_in_order.ts";
import type { Work } from "./work.ts";
import { endOfAttempt, type RunTrace } from "./run_trace.ts";

/** `refused`: the job may start no attempts now. The others are those of `Writer.tryAppend`. */
export type Started = "started" | "refused" | "full" | "failed";

interface AttemptsParts extends RunSubject {
  readonly lease: WorkerLease;
  readonly ends: PendingOutcomes;
  readonly trace: RunTrace;
}

/** An attempt whose start has been appended. */
interface Open {
  readonly work: Work;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  readonly startedBy: LogId;
  /** Absent until its handler is called. */
  running?: Attempt;
  watched?: number;
  reports?: ProgressReports;
}

export class Attempts implements SlotRequest {
  readonly #parts: AttemptsParts;
  /** Oldest first. */
  #open: Open[] = [];
  /** How many handlers are running. */
  #running = 0;
  #slot: "none" | "wanted" | "held" = "none";
  #isStopped = false;
  #onIdle: (() => void)[] = [];

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** The order in which handlers wait for a slot. */
  get place(): Place {
    const { job, lease } = this.#parts;
    return { priority: job.head.priority, order: lease.turn };
  }

  get type(): string {
    return this.#parts.definition.type;
  }

  get isBusy(): boolean {
    return this.#open.length > 0;
  }

  /** Resolves when no attempt is open. */
  async idle(): Promise<void> {
    if (this.isBusy) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Appends the start of an attempt of each work; calls the handlers when it is durable. */
  start(works: readonly Work[]): Started {
    const { services, trace, job } = this.#parts;
    const ids = works.map(() => newId.execution(services.random.ulid()));
    const command = attemptStart(works, ids, trace);
    const decision = decide(job.withOnly(works.map(({ taskId }) => taskId)), command);
    const written = decision.accepted
      ? services.writer.tryAppend(decision.events, "vital")
      : "refused";
    if (typeof written === "string") {
      for (const id of ids) trace.drop(id);
      return written;
    }
    const { firstLogId } = written;
    works.forEach((work, index) => {
      this.#opened(work, ids[index] as ExecutionId, firstLogId + index);
    });
    return "started";
  }

  /** A batch is durable: calls the handlers whose start is in the batch. */
  durable(): void {
    const { durableLogId } = this.#parts.services.writer;
    let begins = false;
    for (const open of this.#open) {
      if (open.startedBy > durableLogId) break;
      begins ||= open.running === undefined;
      open.reports?.considered();
    }
    if (begins) this.#enterSlot();
  }

  /** A slot is free: calls the handlers whose start is durable. */
  begin(): void {
    this.#slot = "held";
    this.#beginDurable();
    this.#considerIdle();
  }

  /** No slot is free: withdraws the attempts whose handlers were not called. */
  withdraw(): void {
    this.#slot = "none";
    for (const open of this.#notCalled()) this.#ended(open, this.#insteadOf(open) ?? WITHDRAWN);
  }

  /** A handler takes too long to count as prompt: keeps the worker for this job alone. */
  slow(): void {
    this.#parts.lease.keep();
  }

  /**
   * Drops attempts whose start was lost.
   *
   * @returns The work that has to begin again.
   */
  lost(durableLogId: LogId): readonly Work[] {
    const lost = this.#open.filter(({ startedBy }) => startedBy > durableLogId);
    this.#open = this.#open.filter(({ startedBy }) => startedBy <= durableLogId);
    for (const { reports } of this.#open) reports?.lost();
    for (const { executionId } of lost) this.#parts.trace.drop(executionId);
    if (lost.length > 0) this.#considerIdle();
    return lost.map(({ work }) => work);
  }

  /** The job has failed or was cancelled: ends its tasks, or its compensations. */
  cancel(): void {
    for (const { running } of this.#open) running?.interrupt("cancelled");
  }

  /** The process stops: ends running attempts and begins no more. */
  stop(): void {
    this.#isStopped = true;
    for (const { running } of this.#open) running?.interrupt("shutdown");
  }

  #opened(work: Work, executionId: ExecutionId, startedBy: LogId): void {
    const { job, trace } = this.#parts;
    const attempt = attemptCounts(work, job.task(work.taskId))?.attempts ?? 1;
    trace.began(executionId, attempt);
    this.#open.push({ work, executionId, attempt, startedBy });
  }

  #enterSlot(): void {
    if (this.#slot === "held") return this.#beginDurable();
    if (this.#slot === "wanted") return;
    this.#slot = "wanted";
    this.#parts.services.slots.enter(this);
  }

  #leaveSlot(): void {
    if (this.#slot !== "held") return;
    this.#slot = "none";
    this.#parts.services.slots.leave(this);
  }

  #beginDurable(): void {
    for (const open of this.#notCalled()) {
      const instead = this.#insteadOf(open);
      if (instead === undefined) this.#begin(open);
      else this.#ended(open, instead);
    }
  }

  /** Attempts whose start is durable but whose handler was not called. */
  #notCalled(): readonly Open[] {
    const { durableLogId } = this.#parts.services.writer;
    return this.#open.filter(({ running, startedBy }) =>
      running === undefined && startedBy <= durableLogId
    );
  }

  /**
   * The outcome of an attempt whose handler must not be called. Its job may have failed, or been
   * suspended or paused, since the decision to start, even by a later entry of the same batch. Only
   * durable entries count here. Later ones cancel the running attempt once they are durable.
   */
  #insteadOf({ work }: Open): AttemptOutcome | undefined {
    const head = this.#parts.job.shownHead;
    const { state } = head;
    if (work.run === undefined) return { kind: "failed", error: missing(work) };
    if (state !== (work.kind === "task" ? "Running" : "Compensating")) return CANCELLED;
    if (this.#isStopped) return STOPPED;
    if (isHeld(head)) return WITHDRAWN;
    return this.#parts.services.workers.isPaused(head) ? PAUSED : undefined;
  }

  #begin(open: Open): void {
    const { services, jobId, trace } = this.#parts;
    const { work, executionId, attempt } = open;
    const { run } = work;
    if (run === undefined) return;
    const request = {
      jobId,
      type: this.type,
      taskId: work.taskId,
      executionId,
      attempt,
      timeoutMs: work.timeoutMs,
      span: trace.spanOf(executionId),
      run,
      guard: this.#parts.owner.guard,
      log: this.#logOf(open),
      // No view shows the progress of a compensation.
      onProgress: (progress: Progress) => {
        if (work.kind === "task") this.#progressed(open, progress);
      },
      ended: (outcome: AttemptOutcome) => this.#ended(open, outcome),
    };
    this.#running++;
    open.watched = services.attemptWatch.began(jobId, work.taskId, attempt);
    open.running = new Attempt(request, services);
    open.running.begin();
  }

  #logOf({ work: { taskId }, attempt, executionId }: Open): AttemptLog {
    const { services: { jobLog: log, clock }, jobId, trace } = this.#parts;
    const ids = trace.spanOf(executionId)?.ids;
    const about = { jobId, taskId, attempt, executionId, ...ids };
    return new AttemptLog({ about, log, clock, guard: this.#parts.owner.guard });
  }

  #progressed(open: Open, progress: Progress): void {
    if (!this.#open.includes(open)) return;
    const { clock, writer } = this.#parts.services;
    open.reports ??= new ProgressReports({
      clock,
      durableLogId: () => writer.durableLogId,
      record: (progress) => this.#recordProgress(open, progress),
    });
    open.reports.report(progress);
  }

  /**
   * Drops the report while an outcome waits for disk space: the outcome goes first, and a later
   * report supersedes this one.
   */
  #recordProgress(open: Open, progress: Progress): LogId | undefined {
    if (this.#parts.ends.owed) return undefined;
    const draft = this.#progressOf(open, progress);
    const written = this.#parts.services.writer.tryAppend([draft], "vital");
    return typeof written === "string" ? undefined : written.firstLogId;
  }

  #progressOf(open: Open, progress: Progress): JobEventDraft {
    return this.#draft(open, { eventType: "job.TaskProgressed", attributes: progress });
  }

  #draft({ work, executionId }: Open, what: AttemptRecord): JobEventDraft {
    const { jobId, trace } = this.#parts;
    const ids = trace.spanOf(executionId)?.ids;
    const about = { stratum: "framework", jobId, taskId: work.taskId, ...ids };
    return { ...about, ...what } as JobEventDraft;
  }

  #ended(open: Open, outcome: AttemptOutcome): void {
    const { ends, job, owner, trace, services } = this.#parts;
    const { work, executionId } = open;
    const last = open.reports?.end();
    const progress = last === undefined ? [] : [this.#progressOf(open, last)];
    this.#open = this.#open.filter((other) => other !== open);
    if (open.running !== undefined) this.#running--;
    if (open.watched !== undefined) services.attemptWatch.ended(open.watched);
    try {
      const facts = outcome.kind === "completed" ? this.#factsOf(open, outcome) : [];
      const failures = attemptCounts(work, job.task(work.taskId))?.failures ?? 0;
      const failure = attemptFailure(open, outcome, failures, services);
      const emitted = facts.map(({ eventId }) => eventId);
      const end = attemptEnd(open, outcome, failure, emitted);
      ends.record([...progress, this.#draft(open, end)], facts);
      trace.end(executionId, endOfAttempt(outcome));
      if (failure !== undefined && "retryAt" in failure) owner.startAt(work, failure.retryAt);
      if (outcome === WITHDRAWN || outcome === PAUSED) owner.giveBack(work);
    } catch (thrown) {
      if (!isThrown(thrown, TooManyEntriesError)) services.onDefect(thrown);
      this.#recordFailure(open, this.#parts.owner.guard.factOf(thrown));
    }
    this.#considerIdle();
    owner.advanceSoon();
  }

  /** The outcome cannot be recorded: records a failure instead, so that the job does not hang. */
  #recordFailure(open: Open, error: ErrorFact): void {
    const { attempt, executionId } = open;
    const attributes = {
      attempt,
      maxAttempts: attempt,
      error,
      final: true,
      kind: "poison",
    } as const;
    const failed = attemptEnd(open, { kind: "failed", error }, attributes);
    this.#parts.ends.record([this.#draft(open, failed)]);
    this.#parts.trace.end(executionId, { kind: "failed", error });
  }

  #factsOf({ executionId }: Open, { emitted }: Completed): readonly NamedFact[] {
    const ids = this.#parts.trace.spanOf(executionId)?.ids;
    const { random } = this.#parts.services;
    return emitted.map((fact) => ({
      ...fact,
      ...ids,
      eventId: newId.event(random.ulid()),
    }));
  }

  #considerIdle(): void {
    if (this.#running === 0) this.#leaveSlot();
    if (this.isBusy) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }
}

const CANCELLED = { kind: "interrupted", reason: "cancelled" } as const;
const STOPPED = { kind: "interrupted", reason: "shutdown" } as const;
const WITHDRAWN = { kind: "interrupted", reason: "withdrawn" } as const;
const PAUSED = { kind: "interrupted", reason: "paused" } as const;

function missing({ taskId }: Work): ErrorFact {
  const message = `run no longer gives task ${taskId} a compensation`;
  return { name: "CompensationMissing", message };
}
