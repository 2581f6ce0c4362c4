/**
 * The run of one job, from its first worker to its end. It calls `run`, gives the worker back while
 * there is nothing to do, and learns of every entry of its job: when it is appended, so that `run`
 * can continue, and when it is durable, so that handlers can. After a restart `run` is called
 * again: it gets the answers on record, in the order of the journal, before anything new starts.
 */

import type { JobId, LogId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import {
  type CompensatingJob,
  isHeld,
  isTerminal,
  type JobState,
  type RunningJob,
} from "../../core/job_state.ts";
import type { AnyJobDefinition } from "../definition.ts";
import { NO_SECRETS, type SecretGuard } from "../secrets/secret_guard.ts";
import type { PendingJob } from "../writer/job_record.ts";
import { retryTimes } from "./backoffs.ts";
import { LiveCall } from "./live_call.ts";
import { Opening } from "./opening.ts";
import { recordOrRetry } from "./disk_retries.ts";
import type { Worker } from "./requests_in_order.ts";
import { type RunParts, runParts } from "./run_parts.ts";
import type { RunOwner, RunServices } from "./run_services.ts";
import { endOfJob } from "./run_trace.ts";
import { toSettlements } from "./settlements.ts";
import type { Work } from "./work.ts";

type Stage =
  | Opening
  /** Its beginning was lost, or found no room on the disk: it opens again when it has a worker. */
  | { readonly kind: "unopened" }
  | LiveCall
  /** Its code has left its place, or has lost it: `run` is called again when there is more. */
  | { readonly kind: "left"; hasWork: boolean; readonly hasEnded: boolean }
  | { readonly kind: "over" };

export class JobRun implements RunOwner {
  readonly #parts: RunParts;
  #guard: SecretGuard = NO_SECRETS;
  #stage: Stage;
  /** The last call of a run that is over, kept until its attempts have ended. */
  #callToLeave: LiveCall | undefined;

  constructor(
    services: RunServices,
    definition: AnyJobDefinition,
    jobId: JobId,
    job: PendingJob,
    worker: Worker,
  ) {
    this.#parts = runParts({ owner: this, services, definition, jobId, job }, worker);
    this.#stage = new Opening(this.#parts);
  }

  get #call(): LiveCall | undefined {
    return this.#stage.kind === "called" ? this.#stage : undefined;
  }

  get #head(): JobState {
    return this.#parts.job.head;
  }

  get guard(): SecretGuard {
    return this.#guard;
  }

  /** Has a worker: calls `run` once everything for that is ready. */
  begin(): void {
    if (this.#stage.kind === "opening") this.#stage.begin();
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
    if (entry.eventType === "job.JobWoken") this.#parts.backoffs.wake();
    if (isTerminal(job)) this.end();
  }

  /** Follows the calls of `durable` for a batch. */
  batchDurable(): void {
    const { ends, attempts, lease } = this.#parts;
    ends.durable();
    if (!lease.isAlone) lease.join();
    attempts.durable();
    if (isHeld(this.#head)) {
      // So that it does not count in the queue positions of others.
      return this.#withdraw();
    }
    if (lease.isHeld || this.#hasWork) this.wake();
  }

  /**
   * Entries of the job were lost before they were durable: repeats the work that they started, and
   * does the work that they prevented.
   */
  lost(durableLogId: LogId): void {
    const { attempts, main, services } = this.#parts;
    const works = attempts.lost(durableLogId);
    main.lost(durableLogId);
    const isOnRecord = main.isOnRecord || this.#head.state !== "Running";
    if (this.#stage.kind !== "called" || !isOnRecord) return this.#beginAgain();
    this.#stage.takeBack(durableLogId, works);
    services.later(() => this.wake());
  }

  /** The start of its job is lost: there is nothing to run. */
  drop(): void {
    this.#parts.attempts.lost(0);
    this.#parts.trace.dropRun();
    this.end();
  }

  /** Aborts its attempts, since the process stops. */
  interrupt(): void {
    this.#parts.attempts.stop();
  }

  idle(): Promise<void> {
    return this.#parts.attempts.idle();
  }

  /** Whether it has a worker, with which it may be about to begin, or an attempt is open. */
  get isBusy(): boolean {
    return this.#parts.lease.isHeld || this.#parts.attempts.isBusy;
  }

  /** Records that a shutdown cut `run` short, if it was doing something. */
  recordShutdown(): void {
    const { main, services, trace } = this.#parts;
    if (this.#stage.kind === "called" && main.isUnderWay) {
      recordOrRetry(services, [main.interrupted("shutdown")], () => {});
    }
    trace.endRun({ kind: "interrupted", reason: "shutdown" });
  }

  /** Asks for a worker if it has none, and does what is due. */
  wake(): void {
    const { kind } = this.#stage;
    if (kind !== "called" && kind !== "unopened" && kind !== "left") return;
    const { lease } = this.#parts;
    if (lease.isHeld) this.#goAhead();
    else if (lease.kind === "none") lease.request(this.#needsRoom, () => this.#goAhead());
  }

  rested(): void {
    const { services, jobId } = this.#parts;
    services.rested(jobId);
    if (services.leavesCode) this.#leaveCode();
  }

  get #hasWork(): boolean {
    const stage = this.#stage;
    if (stage.kind === "unopened") return true;
    if (this.#head.state === "Compensating") return !this.#parts.backoffs.areAny;
    return (stage.kind === "left" || stage.kind === "called") && stage.hasWork;
  }

  /** Whether it has to record that `run` begins. */
  get #needsRoom(): boolean {
    return this.#stage.kind === "unopened" && !this.#parts.main.isOnRecord &&
      this.#head.state === "Running";
  }

  #goAhead(): void {
    if (this.#stage.kind === "called") return this.#stage.give();
    // `run` is called again when the attempts of the call before have ended.
    if (this.#stage.kind === "left" && this.#parts.attempts.isBusy) return;
    // From the beginning, since the trace may not have been read before the disk was full.
    this.#stage = new Opening(this.#parts);
    this.#stage.begin();
  }

  /** A held run with a worker still gets its answers, or it would never rest. */
  #withdraw(): void {
    const { lease } = this.#parts;
    if (lease.kind === "queued") lease.release();
    else if (lease.isHeld) this.#call?.give();
    else this.advanceSoon();
  }

  call(job: RunningJob | CompensatingJob, guard: SecretGuard): void {
    this.#guard = guard;
    const call = new LiveCall(this.#parts, job, guard);
    this.#stage = call;
    call.give();
  }

  advanceSoon(): void {
    this.#call?.advanceSoon();
  }

  giveBack(work: Work): void {
    this.#call?.work.giveBack(work);
  }

  /** Calls `run` again from the beginning. */
  #beginAgain(): void {
    this.#forgetCall();
    this.beginLater();
  }

  #forgetCall(): void {
    this.#call?.letGo();
    this.#stop();
  }

  #stop(): void {
    if (this.#stage.kind === "called" || this.#stage.kind === "opening") this.#stage.stop();
    this.#parts.backoffs.cancel();
  }

  /**
   * There was no room to record its beginning: it waits in the queue without a worker, so that jobs
   * that have begun can continue.
   */
  beginLater(): void {
    this.#stage = { kind: "unopened" };
    const { lease, services: { later, workers } } = this.#parts;
    if (!this.#needsRoom) return later(() => this.wake());
    workers.holdBeginning(later);
    lease.release();
    this.wake();
  }

  /** The code is gone while attempts are open: `run` is called again when they have ended. */
  codeLost(): void {
    this.#forgetCall();
    this.#stage = { kind: "left", hasWork: true, hasEnded: false };
    void this.idle().then(() => this.wake());
  }

  /** Frees the place where its code runs while the job rests. */
  #leaveCode(): void {
    const call = this.#call;
    if (call === undefined) return;
    const { hasEnded, hasWork, isConcluded } = call;
    // Another call of `run` might not reach the same end, so the end must be on record.
    if (hasEnded && !isConcluded) return;
    this.#forgetCall();
    // An answer that is not durable yet waits for the next call.
    this.#stage = { kind: "left", hasWork, hasEnded };
    for (const retryAt of retryTimes(this.#parts.job.whole)) this.#wakeAt(retryAt);
  }

  startAt(work: Work, retryAt: string): void {
    if (this.#stage.kind === "called") this.#stage.work.startAt(work, retryAt);
    else this.#wakeAt(retryAt);
  }

  /** Without a call of `run`, a retry can only call it again. */
  #wakeAt(retryAt: string): void {
    this.#parts.backoffs.until(retryAt, () => {
      if (this.#stage.kind === "left") this.#stage.hasWork = true;
      this.wake();
    });
  }

  #leaveRunning(job: JobState): void {
    const { attempts, backoffs, lease, trace } = this.#parts;
    trace.endRun(endOfJob(job));
    backoffs.cancel();
    this.#call?.work.clear();
    attempts.cancel();
    if (job.state !== "Compensating") return;
    // Requests again, since it may have waited for room on the disk, which it no longer needs.
    if (lease.kind === "queued") lease.release();
    this.wake();
  }

  end(): void {
    if (this.#stage.kind === "over") return;
    const { jobId, services } = this.#parts;
    this.#callToLeave = this.#call;
    this.#stop();
    this.#stage = { kind: "over" };
    services.ended(jobId, this);
    if (!this.isBusy) return this.#letGo();
    void this.idle().then(() => this.#letGo());
  }

  #letGo(): void {
    const { lease, jobId, services } = this.#parts;
    this.#callToLeave?.letGo();
    lease.release();
    services.table.release(jobId);
    services.liveSecrets.remove(jobId);
  }
}
