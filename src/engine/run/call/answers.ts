/**
 * Answers the steps of a job's `run` in the order of the journal, each after `run` has reacted to
 * the previous answer. Answers on record come first. A `run` that does not ask for a recorded step
 * has diverged from its history.
 */

import { firstIndex } from "../../../core/ascending.ts";
import { isCorrelated, type JobEventLogEntry } from "../../../core/event.ts";
import type { ErrorFact } from "../../../core/framework_events.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../../core/ids.ts";
import {
  isReused,
  isSleep,
  type JobState,
  type StartedJob,
  type TaskState,
  type TimedWait,
} from "../../../core/job_state.ts";
import { copyJson, type JsonObject } from "../../../core/json.ts";
import { withItem } from "../../../core/short_list.ts";
import { named } from "../../../core/thrown.ts";
import { AskedWaits } from "../../../core/waits.ts";
import { expectationProgress } from "../../../core/expectations.ts";
import type { Events, RunContext, StepRequest } from "./run_context.ts";
import type { FactEvent } from "../../job_context.ts";
import type { Clock, EntriesAt } from "../../ports.ts";
import { type LostStep, recordedSettlements, type Settlement } from "../attempts/settlements.ts";
import type { LoopTurns } from "../scheduler.ts";
import { timeMs } from "../../../core/duration.ts";

/** How long `run` may take to ask for the steps on record before it counts as diverged. */
export const DIVERGENCE_GRACE_MS = 1_000;

/** The services that answers need. A recorded history can provide them without a live run. */
interface AnswerServices {
  readonly clock: Clock;
  readonly turns: LoopTurns;
  /** `run` gets facts from outside only up to the last durable position. */
  readonly writer: { readonly durableLogId: LogId };
  readonly entriesAt: EntriesAt;
}

/** The call that gets the answers. */
export interface AnsweredCall {
  /** `run` does not ask for a step on record. */
  diverged(step: LostStep): void;
  /** No answer is due: decides what to do next. */
  advanceSoon(): void;
  /** Whether `run` is in another thread and still reacting; if so, `reacted` is called later. */
  readonly isReacting: boolean;
}

/** The job with everything appended so far. */
type AnsweredJob = {
  readonly whole: JobState;
  task(taskId: TaskId): TaskState | undefined;
  wait(expectation: string, wait: number): TimedWait | undefined;
};

/** Why the next answer has to wait. */
type Pause = "none" | "turn" | "reaction" | "grace" | "reading";

export class Answers {
  #ctx: RunContext | undefined;
  #settlements: Settlement[] = [];
  /** By expectation. Absent until there is one; most runs have no timed waits on record. */
  #askedWaits: Map<string, AskedWaits> | undefined;
  /** Answers whose turn came before `run` asked for them, by `keyOf`. */
  #early: Map<string, Settlement> | undefined;
  #pause: Pause = "none";
  /** The turn of the event loop in which `run` last got an answer. */
  #reactsIn = -1;
  /** The answer for which the grace period is over. */
  #graced: Settlement | "end" | undefined;
  #replaying = false;
  #closed = false;
  #seenLogId: LogId = 0;
  #seenAtMs = 0;
  #given = 0;
  #endGrace: (() => void) | undefined;

  /** @param max How many answers `run` gets. */
  constructor(
    private readonly services: AnswerServices,
    private readonly job: AnsweredJob,
    private readonly call: AnsweredCall,
    private readonly max: number = Infinity,
  ) {}

  /** The time of the last entry that `run` has seen, in milliseconds since the epoch. */
  get seenAtMs(): number {
    return this.#seenAtMs;
  }

  /** The last entry that gave `run` an answer. */
  get seenLogId(): LogId {
    return this.#seenLogId;
  }

  /** Whether `run` still lacks answers that were on record when it was called. */
  get replaying(): boolean {
    return this.#replaying;
  }

  /** How many answers `run` has had. */
  get given(): number {
    return this.#given;
  }

  get waiting(): boolean {
    return this.#settlements.length > 0;
  }

  /** Whether `run` has had all answers. */
  get isIdle(): boolean {
    return this.#pause === "none" && !this.#replaying && !this.call.isReacting &&
      !this.#isDue(this.#settlements[0]);
  }

  /** Loads the answers on record of a job whose `run` is about to be called. */
  begin(ctx: RunContext, job: StartedJob): void {
    this.#ctx = ctx;
    const { own, reused } = recordedSettlements(job);
    this.#settlements = own;
    for (const settlement of reused) this.#keep(settlement);
    this.#replaying = job.tasks.length > 1 || job.waits !== undefined || this.waiting;
    if (this.#replaying) this.#reactsIn = this.services.turns.number;
    this.#see(job.startedBy, job.startedAt);
  }

  /** Takes answers that have just been appended. */
  add(settlements: readonly Settlement[]): void {
    for (const settlement of settlements) {
      // `run` has had this answer: its entry was lost and appended again.
      const wasGiven = "taskId" in settlement &&
        this.#ctx?.tasks.get(settlement.taskId)?.isOpen === false;
      if (wasGiven) this.#see(settlement.logId, settlement.receivedAt);
      else this.#settlements = withItem(this.#settlements, settlement);
    }
  }

  /** Forgets answers whose entries were lost before they were durable. */
  lost(durableLogId: LogId): void {
    this.#settlements = this.#settlements.filter(({ logId }) => logId <= durableLogId);
    this.#seenLogId = Math.min(this.#seenLogId, durableLogId);
  }

  /** `run` asks for a step, whose answer may have come before. */
  asked(step: StepRequest): void {
    if (this.#early !== undefined) {
      for (const key of keysOf(step)) {
        this.#unearth(this.#early, key);
      }
    }
    this.#endGrace?.();
  }

  /** Puts an early answer back among the others. */
  #unearth(kept: Map<string, Settlement>, key: string): void {
    const early = kept.get(key);
    if (early === undefined) return;
    kept.delete(key);
    // Answers keep the order of the journal, whatever order `run` asks in. It may ask for thousands.
    const all = this.#settlements;
    const at = firstIndex(0, all.length, (at) => (all[at]?.logId ?? 0) > early.logId);
    all.splice(at, 0, early);
  }

  /** `run` asks for no more steps. */
  close(): void {
    this.#closed = true;
    this.#endGrace?.();
  }

  /** `run` gets no more answers. */
  stop(): void {
    this.#settlements = [];
    this.#replaying = false;
    this.#closed = true;
    this.#endGrace?.();
  }

  /** Gives the answers that are due. If `run` needs time to react, the rest follow later. */
  give(): void {
    while (this.#pause === "none") {
      if (this.call.isReacting) return void (this.#pause = "reaction");
      if (this.#given === this.max) this.stop();
      const next = this.#settlements[0];
      if (!this.#isDue(next)) return this.#replaying ? this.#endReplay() : this.call.advanceSoon();
      if (this.#reactsIn === this.services.turns.number) return this.#waitForTurn();
      const step = lostStep(next);
      if (step !== undefined && !this.#isAsked(next) && this.#graced !== next) {
        return this.#waitForStep(next);
      }
      this.#settlements.shift();
      if (!this.#isAsked(next)) {
        if (step !== undefined) return this.#endWith(step);
        this.#keep(next);
      } else if ("taskId" in next) this.#answerTask(next);
      else if (next.kind === "deadline") void this.#answerDeadline(next);
      else void this.#answerExpectation(next);
    }
  }

  /** `run`, in its own thread, is done reacting. */
  reacted(): void {
    if (this.#pause === "reaction") this.#resume();
  }

  #keep(settlement: Settlement): void {
    (this.#early ??= new Map()).set(keyOf(settlement), settlement);
  }

  /** Facts and elapsed times must be durable before `run` sees them; results need not be. */
  #isDue(next: Settlement | undefined): next is Settlement {
    return next !== undefined &&
      (next.kind === "task" || next.logId <= this.services.writer.durableLogId);
  }

  /** All answers on record have been given: by now `run` must have asked for all recorded steps. */
  #endReplay(): void {
    if (this.#reactsIn === this.services.turns.number) return this.#waitForTurn();
    const missing = this.#missing();
    if (missing !== undefined && this.#graced !== "end") {
      return this.#waitToBeAsked("end", () => this.#missing() === undefined);
    }
    this.#endWith(missing);
  }

  #endWith(missing: LostStep | undefined): void {
    this.#replaying = false;
    if (missing !== undefined) {
      // A diverged run gets no more answers.
      this.#settlements = [];
      this.call.diverged(missing);
    }
    this.call.advanceSoon();
  }

  #waitForTurn(): void {
    this.#pause = "turn";
    this.services.turns.next(() => this.#resume());
  }

  #resume(): void {
    this.#pause = "none";
    this.give();
  }

  /** A method of its own, since a closure in the loop of `give` would make every answer slower. */
  #waitForStep(next: Settlement): void {
    this.#waitToBeAsked(next, () => this.#isAsked(next) || this.#settlements[0] !== next);
  }

  #waitToBeAsked(what: Settlement | "end", met: () => boolean): void {
    this.#pause = "grace";
    this.#giveTime(met, () => {
      this.#graced = what;
      this.#resume();
    });
  }

  /**
   * Resolves when `met` holds, when `run` has ended, or when the grace period is over. Call it only
   * when no answer is due.
   */
  graceFor(met: () => boolean): Promise<void> {
    return new Promise((resolve) => this.#giveTime(met, resolve));
  }

  /** Gives `run` time to ask, since it may be awaiting something other than `ctx`. */
  #giveTime(met: () => boolean, over: () => void): void {
    this.services.turns.next(() => {
      if (met() || this.#closed) return over();
      const end = () => {
        this.#endGrace = undefined;
        cancel();
        over();
      };
      const cancel = this.services.clock.setTimer(DIVERGENCE_GRACE_MS, end);
      this.#endGrace = () => {
        if (met() || this.#closed) end();
      };
    });
  }

  #missing(): LostStep | undefined {
    const { tasks, waits = [] } = this.job.whole;
    const task = tasks.find((task) =>
      task.taskId !== MAIN_TASK && !isReused(task) &&
      this.#ctx?.tasks.get(task.taskId)?.kind !== (isSleep(task) ? "sleep" : "task")
    );
    return task ?? waits.find((wait) => wait.reusedFrom === undefined && !this.#isWaitedFor(wait));
  }

  /** Whether `run` has asked for a recorded wait again, in the same order. */
  #isWaitedFor(recorded: TimedWait): boolean {
    const { expectation, wait } = recorded;
    const withins = this.#ctx?.withinsOf(expectation) ?? [];
    if (wait > withins.length) return false;
    const asked = (this.#askedWaits ??= new Map()).getOrInsertComputed(
      expectation,
      () => new AskedWaits((nth) => this.job.wait(expectation, nth)),
    );
    return !asked.hasSwapped(recorded, withins);
  }

  #isAsked(settlement: Settlement): boolean {
    if (settlement.kind === "expectation") {
      return this.#ctx?.expects(settlement.name) ?? false;
    }
    if (settlement.kind === "deadline") {
      const { name, wait } = settlement;
      if (this.#ctx?.isAwaited(name, wait) !== true) return false;
      const recorded = wait === undefined ? undefined : this.job.wait(name, wait);
      return recorded === undefined || this.#isWaitedFor(recorded);
    }
    return this.#ctx?.tasks.get(settlement.taskId)?.kind === settlement.kind;
  }

  #answerTask({ taskId, logId, receivedAt }: Extract<Settlement, { taskId: TaskId }>): void {
    const task = this.job.task(taskId);
    this.#see(logId, receivedAt);
    this.#reacts();
    if (task?.status === "failed") return this.#ctx?.failTask(taskId, recordedError(task.error));
    const result = task?.status === "completed" ? copyJson(task.result) : undefined;
    this.#ctx?.answerTask(taskId, result);
  }

  async #answerDeadline({ name, wait, logId }: Extract<Settlement, { kind: "deadline" }>) {
    this.#pause = "reading";
    const [entry] = await this.services.entriesAt([logId]);
    this.#see(logId, entry?.receivedAt ?? "");
    this.#reacts();
    this.#ctx?.answerDeadline(name, wait);
    this.#resume();
  }

  async #answerExpectation({ name, logId }: Extract<Settlement, { kind: "expectation" }>) {
    this.#pause = "reading";
    const answer = this.#ctx?.answerExpectation(name);
    const progress = expectationProgress(this.job.whole, name)?.progress;
    const entries = await this.services.entriesAt(progress?.by ?? []);
    this.#see(logId, entries.at(-1)?.receivedAt ?? "");
    this.#reacts();
    answer?.(toFactEvents(entries) as Events);
    this.#resume();
  }

  #reacts(): void {
    this.#given++;
    this.#reactsIn = this.services.turns.number;
    this.#graced = undefined;
  }

  #see(logId: LogId, receivedAt: string): void {
    if (logId <= this.#seenLogId) return;
    this.#seenLogId = logId;
    this.#seenAtMs = timeMs(receivedAt);
  }
}

/** Identifies the step that is answered. */
function keyOf(settlement: Settlement): string {
  if ("taskId" in settlement) return `task ${settlement.taskId}`;
  const { kind, name } = settlement;
  return kind === "expectation" ? `expectation ${name}` : `deadline ${name} ${settlement.wait}`;
}

/** The keys of the answers that a step may have. */
function keysOf(step: StepRequest): readonly string[] {
  if ("taskId" in step) return [`task ${step.taskId}`];
  const ofEvent = `expectation ${step.name}`;
  if (step.kind === "events") return [ofEvent];
  return [ofEvent, `deadline ${step.name} ${step.wait}`, `deadline ${step.name} undefined`];
}

/** As `run` gets it, live and after a restart. */
function recordedError({ name, message, stack: _, ...others }: ErrorFact): Error {
  return named(new Error(message), name, others);
}

/** The step that `run` must have asked for before this answer. Events may come before any step. */
function lostStep(settlement: Settlement): LostStep | undefined {
  if ("taskId" in settlement) return settlement;
  if (settlement.kind === "expectation" || settlement.wait === undefined) return undefined;
  return { expectation: settlement.name, wait: settlement.wait };
}

/** Copies the events of entries. A correlated event looks as it did on arrival. */
function toFactEvents(entries: readonly JobEventLogEntry[]): readonly FactEvent[] {
  return entries.map((entry) => {
    const { eventId, eventType, occurredAt, attributes } = isCorrelated(entry)
      ? entry.attributes
      : entry;
    return { eventId, eventType, occurredAt, attributes: copyJson(attributes as JsonObject) };
  });
}
