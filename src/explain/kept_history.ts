/**
 * What is kept of a job's history for an explanation, however long it is: the entries that are
 * looked at one by one, and when the job was in which condition. Of entries these are the first and
 * the last, and between them those that came but did not count, since they may have been meant to.
 */

import type { Condition } from "../core/condition.ts";
import { lengthMs } from "../core/duration.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { type JsonObject, jsonSize, present } from "../core/json.ts";

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

/** A buffer bounded by entries and characters, which drops the oldest first. */
class Kept {
  readonly #limit: Limit;
  #kept: KeptEntry[] = [];
  /** The index of the oldest that is left. */
  #start = 0;
  #characters = 0;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get hasRoom(): boolean {
    return this.#count < this.#limit.entries && this.#characters < this.#limit.characters;
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
    if (this.#start > this.#limit.entries) [this.#kept, this.#start] = [[...this.all], 0];
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
    if (latest !== undefined) this.#end(latest, receivedAt);
    this.#add({ condition, by: logId, from: receivedAt, to: undefined, ...present({ dueAt }) });
    return true;
  }

  /** A backoff that is over waits for a worker, so it counts as queued. */
  #end(span: ConditionSpan, at: string): void {
    const { by, from, dueAt = at } = span;
    const isLate = lengthMs(dueAt, at) > 0 && lengthMs(from, at) > 0;
    const due = lengthMs(from, dueAt) > 0 ? dueAt : from;
    span.to = isLate ? due : at;
    if (isLate) this.#add({ condition: "queued", by, from: due, to: at });
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
