/** A job's entries in the order of an explanation: what began, ended and moved it. */

import { atOnce, type Work } from "../at_once.ts";
import type { Condition } from "../condition.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../event.ts";
import type { ErrorFact, FailureKind, InterruptionReason } from "../framework_events.ts";
import type { LogId, TaskId } from "../ids.ts";
import { type Applied, JobFold } from "../job_fold.ts";
import type { JobState } from "../job_state.ts";
import { matchableOf } from "../projector.ts";
import type { RuleName } from "../rules.ts";
import { isOwnEvent } from "./open_expectations.ts";

export type AttemptEnd =
  | { readonly kind: "completed" }
  | {
    readonly kind: "failed";
    readonly error: ErrorFact;
    readonly maxAttempts: number;
    readonly retryAt?: string;
    readonly failureKind?: FailureKind;
  }
  | { readonly kind: "interrupted"; readonly reason: InterruptionReason };

/** One attempt of a task, or of its compensation. */
export interface Attempt {
  readonly attempt: number;
  /** The number that counts: one more than the attempts that had failed. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  /** `undefined` when only its end is on record. */
  readonly started: JobEventLogEntry | undefined;
  ended: { readonly entry: JobEventLogEntry; readonly end: AttemptEnd } | undefined;
}

export interface ConditionSpan {
  readonly condition: Condition;
  /** The entry that began it. */
  readonly by: LogId;
  /** RFC 3339. */
  readonly from: string;
  /** `undefined` while it goes on. */
  to: string | undefined;
}

export class Annals {
  readonly entries = new Map<LogId, JobEventLogEntry>();
  readonly spans: ConditionSpan[] = [];
  readonly attempts = new Map<TaskId, Attempt[]>();
  readonly compensations = new Map<TaskId, Attempt[]>();
  /** Entries from outside, by the type of the event, oldest first. */
  readonly facts = new Map<string, JobEventLogEntry[]>();
  /** The same of what Daybook recorded, of the types that the plan is about. */
  readonly ownFacts = new Map<string, JobEventLogEntry[]>();
  /** Positions of those that counted for an expectation, or moved the job. */
  readonly counted = new Set<LogId>();
  /** Original ids of the events that reached this job. */
  readonly reachedBy = new Set<string>();
  /** The entry that made the job leave Running with an error, and the one that ended it. */
  failedBy: { readonly entry: JobEventLogEntry; readonly rule: RuleName } | undefined;
  endedBy: { readonly entry: JobEventLogEntry; readonly rule: RuleName } | undefined;
  /** The entry after which the condition is what it is. */
  conditionSince: JobEventLogEntry;
  job: JobState;
  readonly created: FrameworkEntry<"job.JobCreated">;
  started: FrameworkEntry<"job.JobStarted"> | undefined;
  suspended: FrameworkEntry<"job.JobSuspended"> | undefined;
  resumed: FrameworkEntry<"job.JobResumed"> | undefined;
  waiting: FrameworkEntry<"job.TaskWaiting"> | undefined;
  retried: FrameworkEntry<"job.JobRetried">[] = [];
  inputRemoved: FrameworkEntry<"job.InputRemoved"> | undefined;

  #ownTypes: Set<string> | undefined;

  private constructor(first: JobEventLogEntry, folded: Applied) {
    this.created = first as FrameworkEntry<"job.JobCreated">;
    this.conditionSince = first;
    this.job = folded.job;
    this.#note(first, folded);
  }

  /** @throws {TypeError} when there are no entries, or the first is not `job.JobCreated`. */
  static of(entries: readonly JobEventLogEntry[]): Annals {
    return atOnce(Annals.gathering(entries));
  }

  /** The same, as work with a pause after each entry. */
  static *gathering([first, ...later]: readonly JobEventLogEntry[]): Work<Annals> {
    if (first === undefined) throw new TypeError("Cannot explain a job: it has no entries");
    const fold = new JobFold();
    const annals = new Annals(first, fold.apply(first));
    for (const entry of later) {
      annals.#note(entry, fold.apply(entry));
      yield;
    }
    annals.job = fold.job ?? annals.job;
    return annals;
  }

  /** The condition as of the last entry. */
  get condition(): Condition {
    return this.spans.at(-1)?.condition ?? "created";
  }

  #note(entry: JobEventLogEntry, folded: Applied): void {
    const { before, job, rule, condition } = folded;
    this.entries.set(entry.logId, entry);
    this.#noteSpan(entry, condition);
    if (rule === "running/error-failed" || rule === "running/error-compensating") {
      this.failedBy = { entry, rule };
    }
    const ended = job.state === "Done" || job.state === "Failed";
    if (ended && before?.state !== job.state) this.endedBy = { entry, rule };
    if (entry.stratum !== "framework" || entry.eventType === "job.EventCorrelated") {
      this.#noteFact(entry, folded);
    } else {
      if (this.#expectsOwn(entry)) this.#file(entry, folded, this.ownFacts);
      this.#noteFrameworkFact(entry);
    }
  }

  #noteSpan(entry: JobEventLogEntry, condition: Condition): void {
    const last = this.spans.at(-1);
    if (last?.condition === condition) return;
    if (last !== undefined) last.to = entry.receivedAt;
    this.spans.push({ condition, by: entry.logId, from: entry.receivedAt, to: undefined });
    this.conditionSince = entry;
  }

  /** Whether the plan is about such facts, which only Daybook records. */
  #expectsOwn({ eventType }: JobEventLogEntry): boolean {
    this.#ownTypes ??= new Set(
      this.job.plan.expected.filter(isOwnEvent).map(({ matcher }) => matcher.eventType),
    );
    return this.#ownTypes.has(eventType);
  }

  #noteFact(entry: JobEventLogEntry, folded: Applied): void {
    this.reachedBy.add(originalIdOf(entry));
    this.#file(entry, folded, this.facts);
  }

  #file(
    entry: JobEventLogEntry,
    { before, job, matched }: Applied,
    facts: Map<string, JobEventLogEntry[]>,
  ): void {
    const moved = before?.state !== job.state;
    if (matched.length > 0 || moved) this.counted.add(entry.logId);
    const { eventType } = matchableOf(entry);
    const ofType = facts.get(eventType);
    if (ofType === undefined) facts.set(eventType, [entry]);
    else ofType.push(entry);
  }

  #noteFrameworkFact(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.JobStarted":
        this.started ??= entry;
        break;
      case "job.JobSuspended":
        this.suspended = entry;
        break;
      case "job.JobResumed":
        this.resumed = entry;
        break;
      case "job.JobRetried":
        this.retried.push(entry);
        break;
      case "job.TaskWaiting":
        this.waiting = entry;
        break;
      case "job.InputRemoved":
        this.inputRemoved = entry;
        break;
      default:
        this.#noteAttempt(entry);
    }
  }

  #noteAttempt(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.TaskStarted":
        return this.#begin(this.attempts, entry);
      case "job.CompensationStarted":
        return this.#begin(this.compensations, entry);
      case "job.TaskCompleted":
        return this.#end(this.attempts, entry, { kind: "completed" });
      case "job.TaskCompensated":
        return this.#end(this.compensations, entry, { kind: "completed" });
      case "job.TaskFailed":
        return this.#end(this.attempts, entry, failedEnd(entry.attributes));
      case "job.TaskCompensationFailed":
        return this.#end(this.compensations, entry, failedEnd(entry.attributes));
      case "job.TaskInterrupted": {
        const { phase, reason } = entry.attributes;
        const attempts = phase === "run" ? this.attempts : this.compensations;
        return this.#end(attempts, entry, { kind: "interrupted", reason });
      }
      default:
    }
  }

  #begin(
    attempts: Map<TaskId, Attempt[]>,
    entry: FrameworkEntry<"job.TaskStarted"> | FrameworkEntry<"job.CompensationStarted">,
  ): void {
    const { attempt, maxAttempts } = entry.attributes;
    const list = listOf(attempts, entry);
    const nth = nextNth(list);
    list.push({ attempt, nth, maxAttempts, started: entry, ended: undefined });
  }

  #end(attempts: Map<TaskId, Attempt[]>, entry: JobEventLogEntry, end: AttemptEnd): void {
    const list = listOf(attempts, entry);
    const last = list.at(-1);
    if (last !== undefined && last.ended === undefined) {
      last.ended = { entry, end };
      return;
    }
    const { attempt } = entry.attributes as { readonly attempt: number };
    const maxAttempts = end.kind === "failed" ? end.maxAttempts : undefined;
    const nth = nextNth(list);
    list.push({ attempt, nth, maxAttempts, started: undefined, ended: { entry, end } });
  }
}

/** The number that counts of the attempt that follows these. */
function nextNth(attempts: readonly Attempt[]): number {
  const last = attempts.at(-1);
  if (last === undefined) return 1;
  return last.ended?.end.kind === "failed" ? last.nth + 1 : last.nth;
}

/** The id that an event had when it came from outside. */
export function originalIdOf(entry: JobEventLogEntry): string {
  return entry.eventType === "job.EventCorrelated"
    ? (entry as FrameworkEntry<"job.EventCorrelated">).attributes.eventId
    : entry.eventId;
}

/** How many attempts there may be, from whatever entry of the task says it. */
export function maxAttemptsOf(attempts: readonly Attempt[]): number | undefined {
  const last = attempts.at(-1);
  if (last?.maxAttempts !== undefined) return last.maxAttempts;
  return last?.ended?.end.kind === "failed" ? last.ended.end.maxAttempts : undefined;
}

function failedEnd(
  attributes: FrameworkEntry<"job.TaskFailed">["attributes"],
): AttemptEnd {
  const { error, maxAttempts } = attributes;
  return "retryAt" in attributes
    ? { kind: "failed", error, maxAttempts, retryAt: attributes.retryAt }
    : { kind: "failed", error, maxAttempts, failureKind: attributes.kind };
}

function listOf(attempts: Map<TaskId, Attempt[]>, entry: JobEventLogEntry): Attempt[] {
  const taskId = entry.taskId ?? "main" as TaskId;
  let list = attempts.get(taskId);
  if (list === undefined) attempts.set(taskId, list = []);
  return list;
}
