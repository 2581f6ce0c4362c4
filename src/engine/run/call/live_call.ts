/** One call of a job's `run`: answers it, begins what it asks for, and records how it ended. */

import { parked } from "../../../core/decide_parked.ts";
import { type LogId, MAIN_TASK } from "../../../core/ids.ts";
import { isHeld, isTerminal, type StartedJob } from "../../../core/job_state.ts";
import { isThrown } from "../../../core/thrown.ts";
import { NonRetryableError } from "../../job_errors.ts";
import type { JobParkedAttributes } from "../../../core/framework_events.ts";
import { type AnsweredCall, Answers } from "./answers.ts";
import { AttemptLog } from "../attempts/attempt_context.ts";
import {
  callRun,
  type CodeCall,
  type CodeHost,
  InputMismatchError,
  MisfitError,
  type RunEnd,
} from "./run_call.ts";
import { divergedParking, divergenceAt, misfitParking } from "./divergence.ts";
import { recordOrRetry } from "../../writer/disk_retries.ts";
import { PendingWork, type RunParts } from "./pending_work.ts";
import type { UncaughtInThread } from "../../writer/process_facts.ts";
import type { RunContext, RunListener, StepRequest } from "./run_context.ts";
import type { LostStep, Settlement } from "../attempts/settlements.ts";
import type { AttemptWork } from "../run_services.ts";

// The platform's own: code of jobs may replace the global, and its uses are tracked.
const { queueMicrotask } = globalThis;

/** How the call ended, or how it diverged from the record. */
type End = RunEnd | { readonly kind: "diverged"; readonly parking: JobParkedAttributes };

/**
 * No function is assigned to one of its properties. V8 allocates such a function as an old object,
 * and it would keep the whole run until the next major garbage collection.
 */
export class LiveCall implements CodeHost, RunListener, AnsweredCall {
  readonly kind = "called";
  /** The steps that the call has asked for but that have not begun. */
  readonly work: PendingWork;
  readonly #answers: Answers;
  readonly #ctx: RunContext;
  /** Absent when `run` was not called. */
  readonly #code: CodeCall | undefined;
  #log: AttemptLog | undefined;
  #end: End = { kind: "pending" };
  /** The entry that records the end of the call; 0 while there is none. */
  #concludedBy: LogId = 0;
  /** From now on the call is ignored. */
  #isOver = false;
  #isAdvancing = false;
  #considersRest = false;

  /** Calls `run` with a job whose input is decrypted. Requires no async context: `run` gets it. */
  constructor(private readonly run: RunParts, job: StartedJob, answersMax: number) {
    this.work = new PendingWork(run);
    const { definition, pool, services, trace } = run;
    this.#answers = new Answers(services, run.job, this, answersMax);
    const call = () => callRun(definition, job, this.#answers, this, run.guard, pool.code);
    const { ctx, output, code } = trace.withinRun(call);
    this.#ctx = ctx;
    this.#code = code;
    void output.then(
      (output) => this.#finished({ kind: "returned", output }),
      (error) => this.#finished({ kind: "threw", error }),
    );
  }

  get hasEnded(): boolean {
    return this.#end.kind !== "pending";
  }

  /** Whether the end of the call has been appended. */
  get isConcluded(): boolean {
    return this.#concludedBy > 0;
  }

  /** Whether `run` has an answer to get, or a step to begin. */
  get hasWork(): boolean {
    return this.#answers.waiting || this.work.isReady;
  }

  settled(settlements: readonly Settlement[]): void {
    this.#answers.add(settlements);
    if (this.run.lease.isHeld) this.#answers.give();
  }

  /** Gives `run` its answers; requires a worker. */
  give(): void {
    this.#answers.give();
  }

  /** Entries were lost before they were durable: starts their work again. */
  takeBack(durableLogId: LogId, works: readonly AttemptWork[]): void {
    if (this.#concludedBy > durableLogId) this.#concludedBy = 0;
    this.#answers.lost(durableLogId);
    this.work.lost(works, this.#ctx);
  }

  /** Gives `run` no more answers. */
  stop(): void {
    this.#isOver = true;
    this.#answers.stop();
  }

  /** Frees the resources of the call's code. */
  letGo(): void {
    this.#code?.letGo();
  }

  /** Decides what to do next, once the code has asked for all steps that it asks for together. */
  advanceSoon(): void {
    if (this.#isAdvancing || this.#isOver) return;
    this.#isAdvancing = true;
    queueMicrotask(() => this.#advanceNow());
  }

  #advanceNow(): void {
    this.#isAdvancing = false;
    try {
      this.#advance();
    } catch (error) {
      this.run.services.onDefect(error);
      this.#failed(error, "poison");
    }
  }

  // --- Requests and output of the code

  seenAt(): number {
    return this.#answers.seenAtMs;
  }

  asks(step: StepRequest): void {
    if (this.#isOver) return;
    if (step.kind !== "events") this.work.add(step);
    this.#answers.asked(step);
    this.run.wake();
  }

  printed(text: string): void {
    const { jobId, job, services: { jobLog: log, clock }, trace } = this.run;
    const attempt = job.task(MAIN_TASK)?.attempts ?? 1;
    const about = { jobId, taskId: MAIN_TASK, attempt, ...trace.ids };
    this.#log ??= new AttemptLog({ about, log, clock, guard: this.run.guard });
    this.#log.write(text);
  }

  uncaught({ jobId, attempt, ...error }: UncaughtInThread): void {
    const { guard, jobId: own, services } = this.run;
    services.processFacts.errorUncaught(
      attempt === undefined
        ? { ...error, open: [{ jobId, taskId: MAIN_TASK }] }
        : { ...error, attempt: { jobId, ...attempt }, ...jobId === own ? { guard } : {} },
    );
  }

  get isReacting(): boolean {
    return this.#code?.isReacting === true;
  }

  reacted(): void {
    if (this.#isOver) return;
    this.#answers.reacted();
    this.advanceSoon();
  }

  lost(): void {
    if (!this.#isOver) this.run.codeLost();
  }

  #finished(end: RunEnd): void {
    if (this.#isOver || this.#end.kind !== "pending") return;
    this.#end = this.#misfit(end) ?? end;
    this.#answers.close();
    this.advanceSoon();
  }

  /** When code that is new to the job does not fit its input or plan, the job is not at fault. */
  #misfit(end: RunEnd): End | undefined {
    if (end.kind !== "threw" || !isThrown(end.error, MisfitError)) return undefined;
    const { job, definition } = this.run;
    const { head } = job;
    const isRunning = head.state === "Running";
    const isFirstCall = isRunning && (job.task(MAIN_TASK)?.attempts ?? 1) === 1;
    const isAtFault = isThrown(end.error, InputMismatchError)
      ? isFirstCall && head.definitionVersion === definition.version
      : !isRunning;
    if (isAtFault) return undefined;
    const parking = misfitParking(definition, head, end.error, this.run.guard);
    return { kind: "diverged", parking };
  }

  diverged(step: LostStep): void {
    if (this.#isOver || this.#end.kind === "diverged") return;
    const { definition, job } = this.run;
    const divergence = divergenceAt(step, job.whole, this.#ctx, this.#end, this.run.guard);
    const parking = divergedParking(definition, job.head, divergence);
    this.#end = { kind: "diverged", parking };
    this.advanceSoon();
  }

  // --- Next steps

  #advance(): void {
    const { ends, lease } = this.run;
    if (this.#isOver || ends.owed) return;
    if (this.#end.kind === "diverged") return this.#park(this.#end.parking);
    this.#conclude();
    if (this.#isOver || !lease.isHeld || this.#leavesLostCode()) return;
    if (!this.#answers.isIdle) return;
    this.work.begin(this.#ctx);
    this.#considerRest();
  }

  /**
   * Nothing can begin in a thread that `run` itself has ended. To compensate, `run` is called again
   * and gets one answer fewer: it would end the next thread too. By then it has asked for all tasks
   * that completed, since it asked for each before its answer. A call that ended before any answer
   * is not repeated: its compensations fail with the reason.
   */
  #leavesLostCode(): boolean {
    if (this.#code?.isLost !== true) return false;
    const { given } = this.#answers;
    const isCompensating = this.run.job.head.state === "Compensating";
    if (isCompensating && given > 0) this.run.codeLost(given - 1);
    return !isCompensating || given > 0;
  }

  /**
   * Records the end of `run`, once all answers on record have been given. The end does not count if
   * the job no longer runs, unless the entry that ended the job is lost.
   */
  #conclude(): void {
    const { job, main } = this.run;
    if (this.isConcluded || this.#answers.replaying || job.head.state !== "Running") return;
    if (this.#end.kind === "threw") {
      const { error } = this.#end;
      this.#failed(error, isThrown(error, NonRetryableError) ? "poison" : "error");
    } else if (this.#end.kind === "returned") {
      this.#concludedBy = main.complete(this.#end.output, this.#ctx);
    }
  }

  #failed(error: unknown, kind: "poison" | "error"): void {
    const { guard, main } = this.run;
    const failedBy = main.fail(guard.factOf(error), kind, () => this.advanceSoon());
    if (failedBy > 0) this.#concludedBy = failedBy;
  }

  /** Parks the job, without compensation, until there is code that fits. */
  #park(parking: JobParkedAttributes): void {
    const { services, jobId, job: { head }, main, trace } = this.run;
    if (!isTerminal(head) && head.parked === undefined) {
      const cut = main.isUnderWay ? [main.interrupted("withdrawn")] : [];
      const drafts = [...cut, parked(jobId, parking, trace.ids)];
      if (recordOrRetry(services, drafts, () => this.advanceSoon()) === undefined) return;
    }
    trace.endRun({ kind: "interrupted", reason: "withdrawn" });
    this.run.end();
  }

  /** Gives the worker back if, one turn later, `run` still has nothing to do. */
  #considerRest(): void {
    if (this.#considersRest || this.run.attempts.isBusy) return;
    this.#considersRest = true;
    this.run.services.turns.next(() => this.#restIfIdle());
  }

  #restIfIdle(): void {
    this.#considersRest = false;
    if (this.run.lease.isHeld && this.#isAtRest) this.#rest();
  }

  get #isAtRest(): boolean {
    const { attempts, backoffs, ends, job: { head }, services } = this.run;
    if (this.#isOver || attempts.isBusy || ends.owed || !this.#answers.isIdle) return false;
    const mayStart = !isHeld(head) && !services.draining;
    if (head.state === "Compensating") return !mayStart || backoffs.areAny;
    if (mayStart && this.work.isReady) return false;
    return this.hasEnded || this.#ctx.rests || this.work.isReady || backoffs.areAny;
  }

  #rest(): void {
    this.run.lease.release();
    this.#recordWaiting();
    this.run.rested();
  }

  /** Records that `run` waits, unless that is on record already or `run` has other work. */
  #recordWaiting(): void {
    const { lease, job: { head }, main, services } = this.run;
    if (this.#isOver || this.hasEnded || lease.isHeld || lease.isQueued) return;
    // A job with work that may not begin now is not waiting: a later run must find the work.
    if (!this.#ctx.rests || head.state !== "Running" || this.hasWork) return;
    const waiting = main.waiting(this.#ctx.awaited, this.#answers.seenLogId);
    if (waiting !== undefined) recordOrRetry(services, [waiting], () => this.#recordWaiting());
  }
}
