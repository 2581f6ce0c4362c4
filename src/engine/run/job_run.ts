/**
 * One live call of a job's `run`. It begins when the job gets a worker, gives the worker back
 * while there is nothing to do, and hears of every entry of its job: when it is appended, so
 * that `run` can go on, and when it is durable, so that handlers can. After a restart `run` is
 * called again: what is on record is answered from the journal, in the journal's order, before
 * anything new is started.
 */

import type { JobEventDraft } from "../../core/event.ts";
import type { ErrorFact, JobParkedAttributes } from "../../core/framework_events.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import {
  type CompensatingJob,
  type CompletedTask,
  isHeld,
  isTerminal,
  type JobState,
  type RunningJob,
} from "../../core/job_state.ts";
import { isThrown } from "../../core/thrown.ts";
import { Answers } from "./answers.ts";
import type { AskedSleep, AskedTask, AskedTimer, AskedWait, RunContext } from "./run_context.ts";
import { AttemptLog } from "./attempt_log.ts";
import { Attempts, type Started } from "./attempts.ts";
import { Backoffs, retryTimes } from "./backoffs.ts";
import type { CodeCall } from "./code_place.ts";
import { type AnyJobDefinition, NonRetryableError } from "../definition.ts";
import { divergedText, divergenceAt, misfitText } from "./divergence.ts";
import { Ends } from "./ends.ts";
import { Hold } from "./hold.ts";
import type { Applied } from "../../core/job_fold.ts";
import { MainAttempt } from "./main_attempt.ts";
import type { PendingJob } from "../writer/job_record.ts";
import type { Written } from "../writer/writer.ts";
import { parked } from "./parking.ts";
import { dueAtOf } from "./rest_time.ts";
import { callRun, InputMismatchError, type RunEnd } from "./run_call.ts";
import type { RunServices } from "./run_services.ts";
import type { SpanEnd } from "../ports.ts";
import { endOfJob, RunTrace } from "./run_trace.ts";
import { isSealed, type SealedJob, withInput } from "../secrets/sealing.ts";
import { NO_SECRETS, type SecretGuard } from "../secrets/secret_guard.ts";
import type { WantedPlace } from "./shares.ts";
import { type LostStep, settlementsOf } from "./settlements.ts";
import { Undoing, undone } from "./undoing.ts";
import { findWait, isSettled } from "../../core/waits.ts";
import { compensationWork, taskWork, type Work } from "./work.ts";
import type { Worker } from "./requests_in_order.ts";

/** How a call of `run` came to an end, or that it does not fit what is on record. */
type End = RunEnd | { readonly kind: "diverged"; readonly parking: JobParkedAttributes };

/** How far a run is. */
type Stage =
  /** What it begins with is being recorded, or read. */
  | { readonly kind: "opening" }
  /** What it begins with is lost, or found no room: it opens when it has a worker again. */
  | { readonly kind: "unopened" }
  /** `concludedBy` is the entry that tells its end; 0 while there is none. */
  | {
    readonly kind: "called";
    readonly asked: RunContext;
    /** Absent when `run` was not called. */
    readonly code: CodeCall | undefined;
    end: End;
    concludedBy: LogId;
  }
  /** Its code has given back where it ran, or has lost it: it is called again for more. */
  | { readonly kind: "left"; hasWork: boolean; readonly hasEnded: boolean }
  | { readonly kind: "over" };

export class JobRun {
  readonly #services: RunServices;
  readonly #definition: AnyJobDefinition;
  readonly #jobId: JobId;
  readonly #job: PendingJob;
  readonly #order: LogId;
  readonly #trace: RunTrace;
  readonly #ends: Ends;
  readonly #attempts: Attempts;
  #answers: Answers;
  #guard: SecretGuard = NO_SECRETS;
  #stage: Stage = { kind: "opening" };
  readonly #hold: Hold;
  readonly #main: MainAttempt;
  /** Absent until something is to be undone. */
  #undoing: Undoing | undefined;
  readonly #backoffs: Backoffs;
  /** Asked for, and ready to start. */
  #ready: Work[] = [];
  /** Asked for, and not on record. Absent until there is one, as for most jobs. */
  #timers: AskedTimer[] | undefined;
  /** Of a run that is over: attempts of it may not have ended. */
  #codeToLeave: CodeCall | undefined;
  #isAdvancing = false;
  #considersRest = false;

  constructor(
    services: RunServices,
    definition: AnyJobDefinition,
    jobId: JobId,
    job: PendingJob,
    worker: Worker,
  ) {
    const { head } = job;
    this.#hold = new Hold({ ...services, jobId }, worker);
    this.#services = services;
    this.#definition = definition;
    this.#jobId = jobId;
    this.#job = job;
    // First in, first out goes by the start, also when it comes back.
    this.#order = head.state === "Created" ? head.firstLogId : head.startedBy;
    const trace = this.#trace = new RunTrace(services, head);
    const ends = this.#ends = new Ends(services, jobId, () => this.#advanceSoon());
    this.#main = new MainAttempt({ services, jobId, job, trace });
    this.#backoffs = new Backoffs(services.scheduler);
    this.#answers = this.#newAnswers();
    this.#attempts = new Attempts({
      ...{ services, jobId, job, ends, trace, type: definition.type },
      place: () => ({ priority: head.priority, order: this.#hold.turn }),
      guard: () => this.#guard,
      withdrawn: (work) => {
        if (work.kind === "task") this.#ready.push(work);
      },
      goesOn: () => this.#hold.keep(),
      again: (work, retryAt) => this.#startAt(work, retryAt),
      ended: () => this.#advanceSoon(),
    });
  }

  /** A worker is there: finds out where the job comes from, and calls `run`. */
  begin(): void {
    if (this.#stage.kind !== "opening") return;
    const finding = this.#trace.begin(this.#job.head);
    if (finding === undefined) this.#open();
    else finding.then(() => this.#open()).catch(this.#services.onDefect);
  }

  /** An entry of the job was appended. */
  appended(applied: Applied): void {
    if (this.#stage.kind !== "called" && this.#stage.kind !== "left") return;
    const settlements = settlementsOf(applied);
    if (settlements.length === 0) return;
    if (this.#stage.kind === "left") {
      this.#stage.hasWork ||= !this.#stage.hasEnded;
      return;
    }
    this.#answers.add(settlements);
    if (this.#hold.isHeld) this.#answers.give();
  }

  /** An entry of the job has become durable. */
  durable({ before, job, entry }: Applied): void {
    if (before?.state === "Running" && job.state !== "Running") this.#leaveRunning(job);
    if (entry.eventType === "job.JobWoken") this.#backoffs.wake();
    if (isTerminal(job)) this.#end();
  }

  /** Called once all entries of a batch have been passed to `durable`. */
  batchDurable(): void {
    this.#ends.durable();
    if (!this.#isAlone) this.#hold.join();
    this.#attempts.durable();
    if (isHeld(this.#job.head)) {
      // Withdrawn, so that it does not count in other jobs' queue positions.
      return this.#withdraw();
    }
    if (this.#hold.isHeld || this.#hasWork) this.#wake();
  }

  /**
   * Entries of the job that were not durable are lost: work they had started starts again, and
   * work they had prevented is done.
   */
  lost(durableLogId: LogId): void {
    const works = this.#attempts.lost(durableLogId);
    this.#main.lost(durableLogId);
    const isOnRecord = this.#main.isOnRecord || !isRunning(this.#job.head);
    if (this.#stage.kind !== "called" || !isOnRecord) return this.#beginAgain();
    if (this.#stage.concludedBy > durableLogId) this.#stage.concludedBy = 0;
    this.#answers.lost(durableLogId);
    this.#undoing = undefined;
    this.#ready.unshift(...works.filter(({ kind }) => kind === "task"));
    this.#timers = this.#unrecordedTimers(this.#stage.asked);
    this.#services.later(() => this.#wake());
  }

  /** The start of its job is lost, so that there is nothing to run. */
  drop(): void {
    this.#attempts.lost(0);
    this.#trace.dropRun();
    this.#end();
  }

  /** Ends what is being attempted, for the reason that the process stops. */
  interrupt(): void {
    this.#attempts.stop();
  }

  /** Resolves when no attempt is being made. */
  idle(): Promise<void> {
    return this.#attempts.idle();
  }

  /** Whether it has a worker, with which it may be about to begin, or an attempt is open. */
  get isBusy(): boolean {
    return this.#hold.isHeld || this.#attempts.isBusy;
  }

  /** Records that `run` itself is cut short by a stop, when it was doing something. */
  recordShutdown(): void {
    if (this.#stage.kind === "called" && this.#main.isUnderWay) {
      this.#record([this.#main.interrupted("shutdown")], () => {});
    }
    this.#trace.endRun({ kind: "interrupted", reason: "shutdown" });
  }

  get #hasWork(): boolean {
    if (this.#stage.kind === "unopened") return true;
    if (this.#job.head.state === "Compensating") return !this.#backoffs.areAny;
    if (this.#stage.kind === "left") return this.#stage.hasWork;
    return this.#answers.waiting || this.#isReady;
  }

  /** Whether it has something to begin. */
  get #isReady(): boolean {
    return this.#ready.length > 0 || this.#timers !== undefined;
  }

  #newAnswers(): Answers {
    const { clock, turns, writer, entriesAt } = this.#services;
    return new Answers({
      ...{ clock, turns, entriesAt },
      job: this.#job,
      durableLogId: () => writer.durableLogId,
      diverged: (step) => this.#diverged(step),
      idle: () => this.#advanceSoon(),
      isReacting: () => this.#stage.kind === "called" && this.#stage.code?.isReacting === true,
    });
  }

  // --- Its begin

  #open(): void {
    if (this.#stage.kind !== "opening") return;
    const began = this.#main.isOnRecord ? "started" : this.#putOnRecord();
    // Suspended or stopping: this run gives way, and a later one takes the job up.
    if (began === "refused") return this.#end();
    if (began === "full") return this.#beginLater();
    if (began === "failed") return;
    const { whole } = this.#job;
    if (isSealed(whole)) this.#openAndCall(whole).catch(this.#services.onDefect);
    else this.#call(whole as RunningJob | CompensatingJob);
  }

  /** On a full disk the reserve is for jobs that have begun. */
  #putOnRecord(): Started {
    const { state } = this.#job.head;
    if (state === "Compensating") return "started";
    if (state !== "Running" || this.#services.draining) return "refused";
    return this.#main.start();
  }

  /** `run` gets its input as if it had never been sealed; without it, it is not called. */
  async #openAndCall(sealed: SealedJob): Promise<void> {
    const answers = this.#answers;
    const opened = await this.#services.openInput(sealed);
    if (answers !== this.#answers || this.#stage.kind !== "opening") return;
    if (!opened.ok) {
      const message = `Cannot run: ${opened.reason}; with the key back, the job can be retried`;
      return this.#mainFailed({ name: "SealedInputError", message }, "poison");
    }
    this.#guard = opened.guard;
    this.#services.liveSecrets.add(this.#jobId, opened.guard);
    const job = this.#job.whole as RunningJob | CompensatingJob;
    this.#call(withInput(job, opened.input));
  }

  #call(job: RunningJob | CompensatingJob): void {
    const answers = this.#answers;
    const listener = {
      askedTask: (task: AskedTask) => {
        if (answers === this.#answers) this.#askedTask(task);
      },
      askedSleep: (sleep: AskedSleep) => {
        if (answers === this.#answers) this.#askedSleep(sleep);
      },
      askedExpectation: ({ name }: { readonly name: string }) => {
        if (answers === this.#answers) answers.askedFor(`expectation ${name}`);
        this.#wake();
      },
      askedWait: (wait: AskedWait) => {
        if (answers === this.#answers) this.#askedWait(wait);
      },
    };
    const log = this.#mainLog();
    const host = {
      printed: (text: string) => log.write(text),
      reacted: () => {
        if (answers !== this.#answers) return;
        answers.reacted();
        this.#advanceSoon();
      },
      lost: () => {
        if (answers === this.#answers) this.#lostCode();
      },
    };
    const { code: place } = this.#services;
    const { asked, output, code } = this.#trace.withinRun(() =>
      callRun(this.#definition, job, answers, listener, this.#guard, place, host)
    );
    this.#stage = { kind: "called", asked, code, end: { kind: "pending" }, concludedBy: 0 };
    void output.then(
      (output) => this.#finished(asked, { kind: "returned", output }),
      (error) => this.#finished(asked, { kind: "threw", error }),
    );
    answers.give();
  }

  #mainLog(): AttemptLog {
    const { jobLog: log, clock } = this.#services;
    const attempt = this.#job.task(MAIN_TASK)?.attempts ?? 1;
    const about = { jobId: this.#jobId, taskId: MAIN_TASK, attempt, ...this.#trace.ids };
    return new AttemptLog({ about, log, clock, guard: this.#guard });
  }

  /** Calls `run` again from the beginning once the disk has room. */
  #beginAgain(): void {
    this.#forgetCall();
    this.#beginLater();
  }

  /** What a call of `run` asked for counts no more. */
  #forgetCall(): void {
    if (this.#stage.kind === "called") this.#stage.code?.letGo();
    this.#answers.stop();
    this.#answers = this.#newAnswers();
    this.#ready = [];
    this.#timers = undefined;
    this.#backoffs.cancel();
  }

  /** The code is gone while attempts were open: `run` is called again when those have ended. */
  #lostCode(): void {
    this.#forgetCall();
    this.#stage = { kind: "left", hasWork: true, hasEnded: false };
    void this.#attempts.idle().then(() => this.#wake());
  }

  /** Where code takes a place of its own, that is for others while the job rests. */
  #leaveCode(): void {
    const stage = this.#stage;
    if (stage.kind !== "called") return;
    const hasEnded = stage.end.kind !== "pending";
    // Its end must be on record: another call of run would not come to it the same way.
    if (hasEnded && stage.concludedBy === 0) return;
    // An answer that is not durable yet is there for the next call.
    const hasWork = this.#isReady || this.#answers.waiting;
    this.#forgetCall();
    this.#stage = { kind: "left", hasWork, hasEnded };
    for (const retryAt of retryTimes(this.#job.whole)) this.#wakeAt(retryAt);
  }

  /** Without a call of `run` there is nothing that could be tried again but the call. */
  #wakeAt(retryAt: string): void {
    this.#backoffs.until(retryAt, () => {
      if (this.#stage.kind === "left") this.#stage.hasWork = true;
      this.#wake();
    });
  }

  /**
   * There was no room for its begin: it waits at its place in the queue, without a worker, so
   * that jobs that have begun can go on.
   */
  #beginLater(): void {
    this.#stage = { kind: "unopened" };
    const { later, workers } = this.#services;
    if (!this.#needsRoom) return later(() => this.#wake());
    workers.holdBeginning(later);
    this.#hold.release();
    this.#wake();
  }

  /** Whether it has to record that `run` begins. */
  get #needsRoom(): boolean {
    return this.#stage.kind === "unopened" && !this.#main.isOnRecord &&
      isRunning(this.#job.head);
  }

  // --- What it asks for

  #askedTask(task: AskedTask): void {
    const onRecord = this.#job.task(task.taskId);
    const isBackingOff = onRecord?.status === "backingOff" && !this.#isToBeUndone;
    if (isBackingOff) this.#startAt(taskWork(task), onRecord.retryAt);
    else if (onRecord?.status !== "completed") this.#ready.push(taskWork(task));
    this.#answers.askedFor(`task ${task.taskId}`);
    this.#wake();
  }

  #askedSleep(sleep: AskedSleep): void {
    if (!this.#isSet(sleep)) (this.#timers ??= []).push(sleep);
    this.#answers.askedFor(`task ${sleep.taskId}`);
    this.#wake();
  }

  #askedWait(asked: AskedWait): void {
    if (!this.#isSet(asked)) (this.#timers ??= []).push(asked);
    this.#answers.askedForWait(asked.name, asked.wait);
    this.#wake();
  }

  /** Whether its time is on record, or will never be needed. */
  #isSet(asked: AskedTimer): boolean {
    if (asked.kind === "sleep") return this.#job.task(asked.taskId) !== undefined;
    const { name, wait } = asked;
    return findWait(this.#job.head, name, wait) !== undefined || isSettled(this.#job.head, name);
  }

  #unrecordedTimers({ openSleeps, openTasks, tasks, waits }: RunContext): AskedTimer[] | undefined {
    const sleeps = openSleeps === 0 ? [] : [...openTasks].flatMap((taskId) => {
      const asked = tasks.get(taskId);
      return asked?.kind === "sleep" ? [asked] : [];
    });
    const unrecorded = [...sleeps, ...waits].filter((asked) => !this.#isSet(asked));
    return unrecorded.length > 0 ? unrecorded : undefined;
  }

  /** For good: the undoing waits for no task that is to be tried again. */
  get #isToBeUndone(): boolean {
    const { head } = this.#job;
    return head.state === "Compensating" &&
      head.failure.because <= this.#services.writer.durableLogId;
  }

  #startAt(work: Work, retryAt: string): void {
    if (this.#stage.kind === "left") return this.#wakeAt(retryAt);
    this.#backoffs.until(retryAt, () => {
      if (work.kind === "task") this.#ready.push(work);
      this.#wake();
    });
    this.#advanceSoon();
  }

  // --- What it does

  /** There may be something to do: gets a worker and does it. */
  #wake(): void {
    const { kind } = this.#stage;
    if (kind !== "called" && kind !== "unopened" && kind !== "left") return;
    if (this.#hold.isHeld) return this.#goAhead();
    if (this.#hold.kind !== "none") return;
    const { priority, labels, key } = this.#job.head;
    const wanted = {
      jobId: this.#jobId,
      priority,
      order: this.#order,
      type: this.#definition.type,
      labels,
      key,
      begins: this.#needsRoom,
      isAlone: this.#isAlone,
      needs: () => this.#needsPlace,
    };
    this.#hold.request(wanted, () => this.#goAhead());
  }

  #goAhead(): void {
    if (this.#stage.kind === "called") return this.#answers.give();
    if (this.#stage.kind === "left" && this.#attempts.isBusy) return;
    this.#stage = { kind: "opening" };
    // From the beginning: a full disk may have come before it was known where the job comes from.
    this.begin();
  }

  /** Once all that code asked for in one go is known. */
  #advanceSoon(): void {
    if (this.#isAdvancing || this.#stage.kind === "over") return;
    this.#isAdvancing = true;
    queueMicrotask(() => {
      this.#isAdvancing = false;
      try {
        this.#advance();
      } catch (error) {
        this.#services.onDefect(error);
        this.#mainFailed(this.#guard.factOf(error), "poison");
      }
    });
  }

  #advance(): void {
    if (this.#ends.owed) return;
    if (this.#stage.kind === "called" && this.#stage.end.kind === "diverged") {
      return this.#park(this.#stage.end.parking);
    }
    this.#concludeRun();
    if (this.#stage.kind !== "called" || !this.#hold.isHeld || !this.#answers.isIdle) {
      return;
    }
    const { state } = this.#job.head;
    if (state === "Running" && this.#timers !== undefined) this.#beginTimers(this.#timers);
    if (state === "Running" && this.#ready.length > 0) this.#startReady();
    if (state === "Compensating") this.#undoNext();
    this.#considerRest();
  }

  /** Since the process ended twice while an attempt of it was open. */
  get #isAlone(): boolean {
    return this.#services.suspects.has(this.#jobId);
  }

  /** Puts on record until when they last; the timers of the engine end them. */
  #beginTimers(timers: readonly AskedTimer[]): void {
    const { clock, draining } = this.#services;
    if (draining || isHeld(this.#job.head)) return;
    const common = { stratum: "framework", eventType: "job.TimerSet", jobId: this.#jobId } as const;
    const about = { ...common, ...this.#trace.ids };
    const drafts = timers.filter((asked) => !this.#isSet(asked)).map((asked): JobEventDraft => {
      const dueAt = dueAtOf(asked.time, clock.now());
      return asked.kind === "sleep"
        ? { ...about, taskId: asked.taskId, attributes: { dueAt } }
        : { ...about, attributes: waitOf(asked, dueAt) };
    });
    if (drafts.length > 0 && !this.#record(drafts, () => this.#advanceSoon())) return;
    this.#timers = undefined;
  }

  #startReady(): void {
    if (this.#services.draining) return;
    // Alone is alone, also among the job's own.
    if (this.#isAlone && this.#attempts.isBusy) return;
    const works = this.#ready.splice(0, this.#isAlone ? 1 : Infinity);
    // Suspended or ended in the meantime: when it is resumed, they start.
    this.#start(works, () => this.#ready.unshift(...works));
  }

  #start(works: readonly Work[], giveBack: () => void): void {
    if (!this.#mayStart) {
      giveBack();
      return this.#giveWay();
    }
    if (this.#needsPlace !== undefined) {
      giveBack();
      return this.#askForPlace();
    }
    const started = this.#attempts.start(works);
    if (started === "started") return;
    giveBack();
    if (started === "full") this.#services.later(() => this.#advanceSoon());
  }

  /** What is added to what is under way takes no other worker. */
  get #mayStart(): boolean {
    if (this.#services.workers.isPaused(this.#job.head)) return false;
    return this.#attempts.isBusy || this.#hold.mayStart;
  }

  /**
   * There is no worker for what it is to do next, or a pause holds it. What is under way ends
   * before. Where its call of `run` is told as under way, it ends, as goes on record, and a later
   * one takes the job up: what is told as executing has to execute. Any other goes back into the queue. What is on its way to the disk gets there before.
   */
  #giveWay(): void {
    if (this.#attempts.isBusy || !this.#main.isDurable || !this.#ends.areDurable) return;
    if (!this.#main.isUnderWay) {
      this.#hold.release();
      this.#services.rested(this.#jobId);
      return this.#wake();
    }
    const reason = this.#services.workers.isPaused(this.#job.head) ? "paused" : "withdrawn";
    this.#ends.record([this.#main.interrupted(reason)]);
    this.#trace.endRun({ kind: "interrupted", reason });
    this.#end();
  }

  get #needsPlace(): WantedPlace | undefined {
    return this.#services.shares.wantedBy(this.#job.head, this.#job.task(MAIN_TASK) !== undefined);
  }

  /** It has had a worker for longer than its place: for both it waits its turn. */
  #askForPlace(): void {
    this.#hold.release();
    this.#wake();
  }

  /** One at a time, in reverse order of completion; what was under way ends first. */
  #undoNext(): void {
    if (this.#attempts.isBusy || this.#backoffs.areAny || this.#services.draining) return;
    if (isHeld(this.#job.head)) return;
    const next = (this.#undoing ??= new Undoing(this.#job)).next();
    if (next === undefined) return this.#recordUndone();
    const work = compensationWork(next, this.#askedTaskOf(next));
    const { compensation } = next;
    // The alarm of a compensation that backs off is set again after a restart.
    const isBackingOff = compensation?.status === "backingOff";
    if (isBackingOff && !this.#services.scheduler.isOver(Date.parse(compensation.retryAt))) {
      return this.#startAt(work, compensation.retryAt);
    }
    this.#start([work], () => {});
  }

  #askedTaskOf({ taskId }: CompletedTask): AskedTask | undefined {
    const asked = this.#stage.kind === "called" ? this.#stage.asked.tasks.get(taskId) : undefined;
    return asked?.kind === "task" ? asked : undefined;
  }

  #recordUndone(): void {
    const about = { jobId: this.#jobId, ...this.#trace.ids };
    this.#record(undone(this.#job.whole.tasks, about), () => this.#advanceSoon());
  }

  #finished(asked: RunContext, end: RunEnd): void {
    const stage = this.#stage;
    if (stage.kind !== "called" || stage.asked !== asked || stage.end.kind !== "pending") return;
    stage.end = this.#misfit(end) ?? end;
    this.#answers.close();
    this.#advanceSoon();
  }

  /**
   * What is on record comes first. The end of `run` counts for nothing when its job no longer
   * runs, unless what says so is lost.
   */
  #concludeRun(): void {
    const stage = this.#stage;
    if (stage.kind !== "called" || stage.concludedBy > 0 || stage.end.kind === "pending") return;
    if (this.#answers.replaying || !isRunning(this.#job.head)) return;
    if (stage.end.kind === "diverged") return;
    if (stage.end.kind === "threw") {
      const { error } = stage.end;
      const kind = isThrown(error, NonRetryableError) ? "poison" : "error";
      return this.#mainFailed(this.#guard.factOf(error), kind);
    }
    this.#recordEnd(this.#main.completed(stage.end.output), { kind: "completed" });
  }

  #mainFailed(error: ErrorFact, kind: "poison" | "error"): void {
    if (!isRunning(this.#job.head)) return;
    this.#recordEnd(this.#main.failed(error, kind), { kind: "failed", error });
  }

  #recordEnd(draft: JobEventDraft, end: SpanEnd): void {
    const again = () => this.#stage.kind === "opening" ? this.#open() : this.#advanceSoon();
    const written = this.#record([draft], again);
    if (written === undefined) return;
    if (this.#stage.kind === "called") this.#stage.concludedBy = written.lastLogId;
    this.#trace.endRun(end);
  }

  #diverged(step: LostStep): void {
    const stage = this.#stage;
    if (stage.kind !== "called" || stage.end.kind === "diverged") return;
    const { asked, end } = stage;
    const divergence = divergenceAt(step, this.#job.whole, asked, end);
    const text = divergedText(this.#definition, this.#job.head, divergence);
    stage.end = this.#doesNotFit(text, divergence.logId);
    this.#advanceSoon();
  }

  /** Code that is new to the job does not take its input: it is not the job that is wrong. */
  #misfit(end: RunEnd): End | undefined {
    if (end.kind !== "threw" || !isThrown(end.error, InputMismatchError)) return undefined;
    const { head } = this.#job;
    const isFirstCall = isRunning(head) && (this.#job.task(MAIN_TASK)?.attempts ?? 1) === 1;
    if (isFirstCall && head.definitionVersion === this.#definition.version) return undefined;
    return this.#doesNotFit(misfitText(this.#definition, head, end.error), head.firstLogId);
  }

  #doesNotFit(text: string, disagreesWith: LogId): End {
    const message = this.#guard.redact(text);
    return { kind: "diverged", parking: { reason: "diverged", message, disagreesWith } };
  }

  /** Nothing goes on, and nothing is undone, until there is code that fits. */
  #park(parking: JobParkedAttributes): void {
    if (!isTerminal(this.#job.head) && this.#job.head.parked === undefined) {
      const cut = this.#main.isUnderWay ? [this.#main.interrupted("withdrawn")] : [];
      const drafts = [...cut, parked(this.#jobId, parking, this.#trace.ids)];
      if (this.#record(drafts, () => this.#advanceSoon()) === undefined) return;
    }
    this.#trace.endRun({ kind: "interrupted", reason: "withdrawn" });
    this.#end();
  }

  // --- Its rests, and its end

  /** Gives the worker back if, one turn later, `run` still has nothing to do. */
  #considerRest(): void {
    if (this.#considersRest || this.#attempts.isBusy) return;
    this.#considersRest = true;
    this.#services.turns.next(() => {
      this.#considersRest = false;
      if (this.#hold.isHeld && this.#isAtRest) this.#rest();
    });
  }

  get #isAtRest(): boolean {
    if (this.#stage.kind !== "called" || this.#attempts.isBusy || this.#ends.owed) return false;
    if (!this.#answers.isIdle) return false;
    const { head } = this.#job;
    const { state } = head;
    const mayStart = !isHeld(head) && !this.#services.draining;
    if (state === "Compensating") return !mayStart || this.#backoffs.areAny;
    if (mayStart && this.#isReady) return false;
    const { asked, end } = this.#stage;
    const isUnfinished = this.#isReady || this.#backoffs.areAny;
    return end.kind !== "pending" || asked.rests || isUnfinished;
  }

  #rest(): void {
    this.#hold.release();
    this.#recordWaiting();
    this.#services.rested(this.#jobId);
    if (this.#services.leavesCode) this.#leaveCode();
  }

  /** That `run` waits, unless it is on record, or `run` has something else to do. */
  #recordWaiting(): void {
    const stage = this.#stage;
    if (stage.kind !== "called" || stage.end.kind !== "pending" || this.#hold.kind !== "none") {
      return;
    }
    const expectations = [...stage.asked.expectations.keys()];
    // Work that may not begin now is no wait: a later run must find it and do it.
    if (!stage.asked.rests || !isRunning(this.#job.head) || this.#hasWork) return;
    const waiting = this.#main.waiting(expectations, this.#answers.seenLogId);
    if (waiting !== undefined) this.#record([waiting], () => this.#recordWaiting());
  }

  #leaveRunning(job: JobState): void {
    this.#trace.endRun(endOfJob(job));
    this.#backoffs.cancel();
    this.#ready = [];
    this.#timers = undefined;
    this.#attempts.cancel();
    if (job.state !== "Compensating") return;
    // Out of the queue and in again: it may have waited there for room that it needs no more.
    if (this.#hold.kind === "queued") this.#hold.release();
    this.#wake();
  }

  /** With a worker, `run` gets what there is for it, or it would never rest. */
  #withdraw(): void {
    if (this.#hold.kind === "queued") this.#hold.release();
    else if (this.#hold.isHeld && this.#stage.kind === "called") this.#answers.give();
    else this.#advanceSoon();
  }

  #end(): void {
    if (this.#stage.kind === "over") return;
    if (this.#stage.kind === "called") this.#codeToLeave = this.#stage.code;
    this.#stage = { kind: "over" };
    this.#answers.stop();
    this.#backoffs.cancel();
    this.#services.ended(this.#jobId, this);
    if (!this.#attempts.isBusy) return this.#letGo();
    void this.idle().then(() => this.#letGo());
  }

  #letGo(): void {
    this.#codeToLeave?.letGo();
    this.#hold.release();
    this.#services.table.release(this.#jobId);
    this.#services.liveSecrets.remove(this.#jobId);
  }

  // --- Its records

  /**
   * Appends what rests on entries that may be lost with it, and is then found again: so it is
   * not kept on a full disk, as the ends of attempts are.
   *
   * @param again Called when there may be room.
   */
  #record(drafts: readonly JobEventDraft[], again: () => void): Written | undefined {
    const written = this.#services.writer.tryAppend(drafts, "vital");
    if (written === "full") this.#services.later(again);
    return typeof written === "string" ? undefined : written;
  }
}

function waitOf({ name, wait, time }: AskedWait, dueAt: string) {
  return { dueAt, expectation: name, wait, withinMs: time.ms };
}

function isRunning({ state }: JobState): boolean {
  return state === "Running";
}
