/**
 * What is kept of a job's history for an explanation, however long it is: the entries that are
 * looked at one by one, when the job was in which condition, and the attempts of its tasks and
 * compensations. Of entries these are the first and the last, and between them those that came but
 * did not count, since they may have been meant to.
 */

import type { Condition } from "../../core/condition.ts";
import { lengthMs } from "../../core/duration.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import type { ErrorFact, InterruptionReason } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { type JsonObject, jsonSize, present } from "../../core/json.ts";

export interface KeptEntry {
  readonly entry: JobEventLogEntry;
  /** `fact`: from outside. `ownFact`: recorded by Daybook, of a type in the plan. */
  readonly kind: "fact" | "ownFact" | "other";
  /** Whether it counted for an expectation, or moved the job. */
  readonly counted: boolean;
}

interface Limit {
  readonly entries: number;
  readonly characters: number;
}

const FIRST: Limit = { entries: 500, characters: 2 * 1024 * 1024 };
const OVERLOOKED: Limit = { entries: 500, characters: 2 * 1024 * 1024 };
const LAST: Limit = { entries: 4_500, characters: 12 * 1024 * 1024 };

export class KeptEntries {
  readonly #first = new Kept(FIRST);
  readonly #overlooked = new Kept(OVERLOOKED);
  readonly #last = new Kept(LAST);
  /** How many were not kept. */
  passed = 0;

  add(kept: KeptEntry): void {
    if (this.#last.isEmpty && this.#first.hasRoom) {
      this.#first.add(kept);
      return;
    }
    for (const old of this.#last.addInPlace(kept)) this.#pass(old);
  }

  /** In order. */
  get all(): readonly KeptEntry[] {
    return [...this.#first.all, ...this.#overlooked.all, ...this.#last.all];
  }

  #pass(old: KeptEntry): void {
    const isOverlooked = old.kind !== "other" && !old.counted;
    this.passed += isOverlooked ? this.#overlooked.addInPlace(old).length : 1;
  }
}

/** How many dropped entries a buffer may still hold. */
const DROPPED_MAX = 500;

/** A buffer bounded by entries and characters, which drops the oldest first. */
class Kept {
  #kept: KeptEntry[] = [];
  /** The index of the oldest that is left. */
  #start = 0;
  #characters = 0;

  constructor(private readonly limit: Limit) {}

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get hasRoom(): boolean {
    return this.#count < this.limit.entries && this.#characters < this.limit.characters;
  }

  get all(): readonly KeptEntry[] {
    return this.#kept.slice(this.#start);
  }

  get #count(): number {
    return this.#kept.length - this.#start;
  }

  add(kept: KeptEntry): void {
    this.#kept.push(kept);
    this.#characters += sizeOf(kept);
  }

  /**
   * Adds an entry.
   *
   * @returns The entries that were dropped for it.
   */
  addInPlace(kept: KeptEntry): readonly KeptEntry[] {
    const gone: KeptEntry[] = [];
    while (!this.hasRoom) {
      const oldest = this.#kept[this.#start];
      if (oldest === undefined) break;
      this.#start += 1;
      this.#characters -= sizeOf(oldest);
      gone.push(oldest);
    }
    if (this.#start > DROPPED_MAX) [this.#kept, this.#start] = [[...this.all], 0];
    this.add(kept);
    return gone;
  }
}

function sizeOf({ entry: { attributes } }: KeptEntry): number {
  return jsonSize(attributes as JsonObject);
}

export interface ConditionSpan {
  readonly condition: Condition;
  /** The entry that began it. */
  readonly by: LogId;
  /** RFC 3339. */
  readonly from: string;
  /** `undefined` while it lasts. */
  to: string | undefined;
  /** The entry that ended it. */
  endedBy?: LogId;
  /** When a backoff ends; from then on the job waits for a worker. */
  dueAt?: string;
  /** The total length of the spans before it that were not kept. */
  passedMs?: number;
}

const FIRST_MAX = 500;
const LAST_MAX = 1_500;

export class ConditionSpans {
  readonly #first: ConditionSpan[] = [];
  #last: ConditionSpan[] = [];
  /** By condition, the total length of the spans that were not kept. */
  readonly passedMs = new Map<Condition, number>();

  /**
   * @param dueAt When a backoff ends.
   * @returns Whether the entry began another span.
   */
  note(
    { logId, receivedAt }: JobEventLogEntry,
    condition: Condition,
    dueAt: string | undefined,
  ): boolean {
    const latest = this.#last.at(-1) ?? this.#first.at(-1);
    if (latest?.condition === condition) {
      if (dueAt !== undefined) latest.dueAt = dueAt;
      return false;
    }
    if (latest !== undefined) this.#end(latest, logId, receivedAt);
    this.#add({ condition, by: logId, from: receivedAt, to: undefined, ...present({ dueAt }) });
    return true;
  }

  /** A backoff that is over waits for a worker, so it counts as queued. */
  #end(span: ConditionSpan, endedBy: LogId, at: string): void {
    const { by, from, dueAt = at } = span;
    const isLate = lengthMs(dueAt, at) > 0 && lengthMs(from, at) > 0;
    const due = lengthMs(from, dueAt) > 0 ? dueAt : from;
    span.to = isLate ? due : at;
    span.endedBy = isLate ? by : endedBy;
    if (isLate) this.#add({ condition: "queued", by, from: due, to: at, endedBy });
  }

  #add(span: ConditionSpan): void {
    if (this.#first.length < FIRST_MAX) this.#first.push(span);
    else this.#last.push(span);
    if (this.#last.length >= 2 * LAST_MAX) this.#pass(this.#last.splice(0, LAST_MAX));
  }

  get all(): readonly ConditionSpan[] {
    return [...this.#first, ...this.#last];
  }

  #pass(spans: readonly ConditionSpan[]): void {
    let passedMs = 0;
    for (const span of spans) {
      const { condition, from, to = from } = span;
      const ms = lengthMs(from, to);
      passedMs += ms + (span.passedMs ?? 0);
      this.passedMs.set(condition, (this.passedMs.get(condition) ?? 0) + ms);
    }
    const [next] = this.#last;
    if (next !== undefined) next.passedMs = passedMs;
  }
}

/** What is kept of the entries of attempts, of which there may be tens of thousands. */
export type AttemptEntry = Pick<JobEventLogEntry, "logId" | "receivedAt" | "causedBy">;

export type AttemptEnd =
  & { readonly entry: AttemptEntry }
  & (
    | { readonly kind: "completed"; readonly isReused: boolean }
    | {
      readonly kind: "failed";
      readonly error: ErrorFact;
      readonly maxAttempts: number;
      readonly retryAt?: string;
      /** If its time limit ended it: how long it had run, by a clock that nobody can set. */
      readonly timedOutMs?: number;
    }
    | { readonly kind: "interrupted"; readonly reason: InterruptionReason }
  );

export type CutShort = Extract<AttemptEnd, { readonly kind: "interrupted" }>;

export interface Attempt {
  readonly attempt: number;
  /** Its number: one more than the number of attempts that had failed. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  /** Only of an attempt of a task. */
  readonly timeoutMs: number | undefined;
  /** `undefined` when only its end is on record. */
  readonly started: AttemptEntry | undefined;
  ended: AttemptEnd | undefined;
  /** How many earlier unsuccessful attempts were not kept. */
  badBefore?: number;
}

/** For each task, the latest ones. */
const ATTEMPTS_MAX = 200;

type Noted = Map<TaskId, Attempt[]>;

export class AttemptsNoted {
  readonly tasks: Noted = new Map();
  readonly compensations: Noted = new Map();

  note(entry: JobEventLogEntry): void {
    if (entry.stratum !== "framework") return;
    switch (entry.eventType) {
      case "job.TaskStarted":
        return begin(this.tasks, entry);
      case "job.CompensationStarted":
        return begin(this.compensations, entry);
      case "job.TaskCompleted":
        return end(this.tasks, entry, {
          kind: "completed",
          entry: ofAttempt(entry),
          isReused: entry.attributes.reusedFrom !== undefined,
        });
      case "job.TaskCompensated":
        return end(this.compensations, entry, {
          kind: "completed",
          entry: ofAttempt(entry),
          isReused: false,
        });
      case "job.TaskFailed":
        return end(this.tasks, entry, failedEnd(entry));
      case "job.TaskCompensationFailed":
        return end(this.compensations, entry, failedEnd(entry));
      case "job.TaskInterrupted": {
        const { phase, reason } = entry.attributes;
        const noted = phase === "run" ? this.tasks : this.compensations;
        return end(noted, entry, { kind: "interrupted", entry: ofAttempt(entry), reason });
      }
      default:
    }
  }
}

function begin(
  noted: Noted,
  entry: FrameworkEntry<"job.TaskStarted"> | FrameworkEntry<"job.CompensationStarted">,
): void {
  const { attributes, taskId = MAIN_TASK } = entry;
  const { attempt, maxAttempts } = attributes;
  const timeoutMs = "timeoutMs" in attributes ? attributes.timeoutMs : undefined;
  const [nth, started] = [nextNth(noted.get(taskId)), ofAttempt(entry)];
  add(noted, taskId, { attempt, nth, maxAttempts, timeoutMs, started, ended: undefined });
}

function end(noted: Noted, entry: JobEventLogEntry, ended: AttemptEnd): void {
  const { taskId = MAIN_TASK } = entry;
  const last = noted.get(taskId)?.at(-1);
  if (last !== undefined && last.ended === undefined) {
    last.ended = ended;
    return;
  }
  const { attempt } = entry.attributes as { readonly attempt: number };
  const maxAttempts = ended.kind === "failed" ? ended.maxAttempts : undefined;
  const nth = nextNth(noted.get(taskId));
  add(noted, taskId, {
    attempt,
    nth,
    maxAttempts,
    timeoutMs: undefined,
    started: undefined,
    ended,
  });
}

/** A list begins with its first attempt: an empty one would reserve room for many. */
function add(noted: Noted, taskId: TaskId, attempt: Attempt): void {
  const list = noted.get(taskId);
  if (list === undefined) return void noted.set(taskId, [attempt]);
  list.push(attempt);
  if (list.length <= ATTEMPTS_MAX) return;
  const oldest = list.shift();
  const [next] = list;
  if (oldest === undefined || next === undefined) return;
  next.badBefore = (oldest.badBefore ?? 0) + (endedBadly(oldest) ? 1 : 0);
}

export function endedBadly({ ended }: Attempt): boolean {
  return ended !== undefined && ended.kind !== "completed";
}

function nextNth(attempts: readonly Attempt[] = []): number {
  const last = attempts.at(-1);
  if (last === undefined) return 1;
  return last.ended?.kind === "failed" ? last.nth + 1 : last.nth;
}

/** The maximum number of attempts, from any entry of the task that states it. */
export function findMaxAttempts(attempts: readonly Attempt[]): number | undefined {
  const last = attempts.at(-1);
  if (last?.maxAttempts !== undefined) return last.maxAttempts;
  return last?.ended?.kind === "failed" ? last.ended.maxAttempts : undefined;
}

function failedEnd(
  entry: FrameworkEntry<"job.TaskFailed"> | FrameworkEntry<"job.TaskCompensationFailed">,
): AttemptEnd {
  const { attributes } = entry;
  const { error, maxAttempts, timedOutMs } = attributes;
  return {
    kind: "failed",
    entry: ofAttempt(entry),
    error,
    maxAttempts,
    ...present({ timedOutMs }),
    ..."retryAt" in attributes && { retryAt: attributes.retryAt },
  };
}

function ofAttempt({ logId, receivedAt, causedBy }: JobEventLogEntry): AttemptEntry {
  return causedBy === undefined ? { logId, receivedAt } : { logId, receivedAt, causedBy };
}
