/**
 * The run of one job, from its first worker to its end. It calls `run`, and gives the worker back
 * while there is nothing to do. It receives every entry of its job twice: once appended, so that
 * `run` can continue, and once durable, so that handlers can. After a restart `run` is called
 * again: it gets the answers on record, in the order of the journal, before anything new starts.
 */

import type { JobId, LogId } from "../../../core/ids.ts";
import type { Applied } from "../../../core/job_fold.ts";
import {
  isHeld,
  isTerminal,
  type JobHead,
  type JobState,
  type StartedJob,
} from "../../../core/job_state.ts";
import { soonInNoContext } from "../../async_context.ts";
import type { AnyJobDefinition } from "../../definition.ts";
import { NO_SECRETS, type SecretGuard } from "../../secrets/secret_guard.ts";
import type { PendingJob } from "../../writer/job_record.ts";
import { Backoffs, retryTimes } from "../timers.ts";
import { LiveCall } from "./live_call.ts";
import { recordOrRetry } from "../../writer/disk_retries.ts";
import type { Worker } from "../queue/request_lines.ts";
import { Attempts } from "../attempts/attempts.ts";
import { PendingOutcomes } from "../attempts/pending_outcomes.ts";
import { MainAttempt } from "./main_attempt.ts";
import { WorkerLease } from "../queue/worker_lease.ts";
import type { RunParts } from "./pending_work.ts";
import { isSealed, type SealedJob, withInput } from "../../secrets/sealing.ts";
import type { AttemptWork, RunPool, RunServices } from "../run_services.ts";
import { endOfJob, RunTrace } from "../attempts/run_trace.ts";
import { toSettlements } from "../attempts/settlements.ts";

/** Each opening is an object of its own, so that one that was replaced goes no further. */
interface Opening {
  readonly kind: "opening";
}

type Stage =
  | Opening
  /** Its opening was lost, or the disk was full: it opens again when it has a worker. */
  | { readonly kind: "unopened" }
  | LiveCall
  /** The code was unloaded, or its thread died: `run` is called again when there is work. */
  | { readonly kind: "left"; hasWork: boolean; readonly hasEnded: boolean }
  | { readonly kind: "over" };

export class JobRun implements RunParts {
  readonly lease: WorkerLease;
  readonly trace: RunTrace;
  readonly ends: PendingOutcomes = new PendingOutcomes(this);
  readonly attempts: Attempts = new Attempts(this);
  readonly main: MainAttempt = new MainAttempt(this);
  readonly backoffs: Backoffs;
  #guard: SecretGuard = NO_SECRETS;
  #stage: Stage = { kind: "opening" };
  /** How many answers a call of `run` gets. */
  #answersMax = Infinity;

  constructor(
    readonly services: RunServices,
    readonly pool: RunPool,
    readonly definition: AnyJobDefinition,
    readonly jobId: JobId,
    readonly job: PendingJob,
    worker: Worker,
  ) {
    this.lease = new WorkerLease(this, worker);
    this.trace = new RunTrace(services, job.head);
    this.backoffs = new Backoffs(services.scheduler);
  }

  get #call(): LiveCall | undefined {
    return this.#stage.kind === "called" ? this.#stage : undefined;
  }

  get #head(): JobHead {
    return this.job.head;
  }

  get guard(): SecretGuard {
    return this.#guard;
  }

  /** Has a worker: calls `run` once everything that the call needs is ready. */
  begin(): void {
    if (this.#stage.kind === "opening") this.#open();
  }

  /** Soon: the code that appended the start of the job, or woke it, finishes first. */
  #open(): void {
    const opening: Opening = this.#stage = { kind: "opening" };
    soonInNoContext(() => {
      try {
        this.#readTrace(opening);
      } catch (error) {
        this.services.onDefect(error);
      }
    });
  }

  /** Reads the trace of the job, before anything starts. */
  #readTrace(opening: Opening): void {
    if (this.#stage !== opening) return;
    const finding = this.trace.begin(this.job.head);
    if (finding === undefined) this.#recordBeginning(opening);
    else finding.then(() => this.#recordBeginning(opening)).catch(this.services.onDefect);
  }

  #recordBeginning(opening: Opening): void {
    if (this.#stage !== opening) return;
    const began = this.main.start();
    // The job is suspended, or the engine is stopping: a later run continues the job.
    if (began === "refused") return this.end();
    if (began === "full") return this.#beginLater();
    if (began === "failed") return;
    const { whole } = this.job;
    if (isSealed(whole)) this.#unseal(opening, whole).catch(this.services.onDefect);
    else this.#callWith(whole as StartedJob, NO_SECRETS);
  }

  /** Decrypts the input. `run` is not called without it. */
  async #unseal(opening: Opening, sealed: SealedJob): Promise<void> {
    const { job, jobId, main, services } = this;
    const opened = await services.openInput(sealed);
    if (this.#stage !== opening) return;
    if (!opened.ok) {
      const message = `Cannot run: ${opened.reason}; to retry the job, restore the key`;
      const error = { name: "SealedInputError", message };
      main.fail(error, "poison", () => this.#recordBeginning(opening));
      return;
    }
    services.liveSecrets.add(jobId, opened.guard);
    const whole = job.whole as StartedJob;
    this.#callWith(withInput(whole, opened.input), opened.guard);
  }

  #callWith(job: StartedJob, guard: SecretGuard): void {
    this.#guard = guard;
    const call = new LiveCall(this, job, this.#answersMax);
    this.#stage = call;
    call.give();
  }

  appended(applied: Applied): void {
    const stage = this.#stage;
    if (stage.kind !== "called" && stage.kind !== "left") return;
    const settlements = toSettlements(applied);
    if (settlements.length === 0) return;
    if (stage.kind === "called") stage.settled(settlements);
    else stage.hasWork ||= !stage.hasEnded;
  }

  durable({ before, job, entry }: Applied): void {
    if (before?.state === "Running" && job.state !== "Running") this.#leaveRunning(job);
    if (entry.eventType === "job.JobWoken") this.backoffs.wake();
    if (!isTerminal(job)) return;
    // A cancellation that leaves everything in place ends a compensation that is under way.
    if (before?.state === "Compensating") this.attempts.cancel();
    this.end();
  }

  /** Called after `durable` was called for each entry of a batch. */
  batchDurable(): void {
    const { ends, attempts, lease } = this;
    ends.durable();
    if (!lease.isAlone) lease.join();
    attempts.durable();
    if (isHeld(this.#head)) {
      // A held job must not count in the queue positions of others.
      return this.#withdraw();
    }
    if (lease.isHeld || this.#hasWork) this.wake();
  }

  /**
   * Entries of the job were lost before they were durable: repeats the work that they recorded as
   * started, and does the work that they prevented.
   */
  lost(durableLogId: LogId): void {
    const { attempts, main, services } = this;
    const works = attempts.lost(durableLogId);
    main.lost(durableLogId);
    const isOnRecord = main.isOnRecord || this.#head.state !== "Running";
    if (this.#stage.kind !== "called" || !isOnRecord) return this.#beginAgain();
    this.#stage.takeBack(durableLogId, works);
    services.diskRetries.later(() => this.wake());
  }

  /** The start of the job was lost: there is nothing to run. */
  drop(): void {
    this.attempts.lost(0);
    this.trace.dropRun();
    this.end();
  }

  /** The process stops: aborts the open attempts. */
  interrupt(): void {
    this.attempts.stop();
  }

  whenIdle(callback: () => void): void {
    this.attempts.whenIdle(callback);
  }

  /** Whether the run has a worker, even if it has not begun, or an open attempt. */
  get isBusy(): boolean {
    return this.lease.isHeld || this.attempts.isBusy;
  }

  /** Records that a shutdown cut `run` short, unless it was only waiting. */
  recordShutdown(): void {
    const { main, services, trace } = this;
    if (this.#stage.kind === "called" && main.isUnderWay) {
      recordOrRetry(services, [main.interrupted("shutdown")], () => {});
    }
    trace.endRun({ kind: "interrupted", reason: "shutdown" });
  }

  /** Does what is due, after requesting a worker if the run has none. */
  wake(): void {
    const { kind } = this.#stage;
    if (kind !== "called" && kind !== "unopened" && kind !== "left") return;
    const { lease } = this;
    if (lease.isHeld) this.#proceed();
    else if (!lease.isQueued) lease.request(this.#needsRoom, () => this.#proceed());
  }

  rested(): void {
    this.services.heldPlaces.rested(this.jobId);
    if (this.pool.leavesCode) this.#leaveCode();
  }

  get #hasWork(): boolean {
    const stage = this.#stage;
    if (stage.kind === "unopened") return true;
    if (this.#head.state === "Compensating") return !this.backoffs.areAny;
    return (stage.kind === "left" || stage.kind === "called") && stage.hasWork;
  }

  /** Whether the run still has to record that `run` begins, for which a full disk has no room. */
  get #needsRoom(): boolean {
    return this.#stage.kind === "unopened" && !this.main.isOnRecord &&
      this.#head.state === "Running";
  }

  #proceed(): void {
    if (this.#stage.kind === "called") return this.#stage.give();
    // `run` is called again when the attempts of the previous call have ended.
    if (this.#stage.kind === "left" && this.attempts.isBusy) return;
    // Opens from the beginning: the trace may not have been read before the disk was full.
    this.#open();
  }

  /** Leaves the queue. A held run with a worker still gets its answers, or it would never rest. */
  #withdraw(): void {
    const { lease } = this;
    if (lease.isQueued) lease.release();
    else if (lease.isHeld) this.#call?.give();
    else this.advanceSoon();
  }

  advanceSoon(): void {
    this.#call?.advanceSoon();
  }

  giveBack(work: AttemptWork): void {
    this.#call?.work.giveBack(work);
  }

  /** Calls `run` again from the beginning. */
  #beginAgain(): void {
    this.#forgetCall();
    this.#beginLater();
  }

  #forgetCall(): void {
    this.#call?.letGo();
    this.#stop();
  }

  #stop(): void {
    this.#call?.stop();
    this.backoffs.cancel();
  }

  /**
   * The disk had no room for the entry that `run` begins: gives the worker and the place back and
   * queues again, so that jobs that have begun can continue.
   */
  #beginLater(): void {
    this.#stage = { kind: "unopened" };
    const { lease, jobId, pool, services: { diskRetries, heldPlaces } } = this;
    if (!this.#needsRoom) return diskRetries.later(() => this.wake());
    pool.workers.holdBeginning(diskRetries.later);
    lease.release();
    heldPlaces.rested(jobId);
    this.wake();
  }

  /** The thread died while attempts may be open: `run` is called again when they have ended. */
  codeLost(answersMax: number = this.#answersMax): void {
    this.#answersMax = answersMax;
    this.#forgetCall();
    this.#stage = { kind: "left", hasWork: true, hasEnded: false };
    this.whenIdle(() => this.wake());
  }

  /** Unloads the code while the job rests. */
  #leaveCode(): void {
    const call = this.#call;
    if (call === undefined) return;
    const { hasEnded, hasWork, isConcluded } = call;
    // Another call of `run` might end differently, so its end must be on record first, unless only
    // compensations are left.
    if (hasEnded && !isConcluded && this.#head.state === "Running") return;
    this.#forgetCall();
    // The next call gets the answers that are not durable yet.
    this.#stage = { kind: "left", hasWork, hasEnded };
    for (const retryAt of retryTimes(this.job.whole)) this.#wakeAt(retryAt);
  }

  startAt(work: AttemptWork, retryAt: string): void {
    if (this.#stage.kind === "called") this.#stage.work.startAt(work, retryAt);
    else this.#wakeAt(retryAt);
  }

  /**
   * Calls `run` again at the time of a retry, or once the job is no longer held: the retry could not
   * begin, so the call would be left and made again, in an endless loop.
   */
  #wakeAt(retryAt: string): void {
    this.backoffs.until(retryAt, () => {
      if (this.#stage.kind === "left") this.#stage.hasWork = true;
      if (!isHeld(this.#head)) this.wake();
    });
  }

  #leaveRunning(job: JobState): void {
    const { attempts, backoffs, lease, trace } = this;
    trace.endRun(endOfJob(job));
    backoffs.cancel();
    this.#call?.work.clear();
    attempts.cancel();
    if (job.state !== "Compensating") return;
    // Requests again: it may have waited for room on the disk, which compensation does not need.
    if (lease.isQueued) lease.release();
    this.wake();
  }

  end(): void {
    if (this.#stage.kind === "over") return;
    const call = this.#call;
    this.#stop();
    this.#stage = { kind: "over" };
    this.services.supervisor.ended(this);
    if (!this.isBusy) return this.#release(call);
    this.whenIdle(() => this.#release(call));
  }

  /** @param call The last one: its attempts have ended. */
  #release(call: LiveCall | undefined): void {
    const { lease, jobId, services } = this;
    call?.letGo();
    lease.release();
    services.table.release(jobId);
    services.liveSecrets.remove(jobId);
  }
}
