/** When a job was in which condition. Of very many spans, the first and the last are kept. */

import type { Condition } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";

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
    const due = dueAt === undefined ? {} : { dueAt };
    this.#add({ condition, by: logId, from: receivedAt, to: undefined, ...due });
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

/**
 * Never negative, since the clock may have been set back. `Date.parse` reads no clock: it is a
 * function of its text.
 */
export function lengthMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
