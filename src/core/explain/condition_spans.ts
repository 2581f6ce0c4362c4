/** When a job was in which condition; of very many spans the first and the last are kept. */

import type { Condition } from "../condition.ts";
import type { JobEventLogEntry } from "../event.ts";
import type { LogId } from "../ids.ts";

export interface ConditionSpan {
  readonly condition: Condition;
  /** The entry that began it. */
  readonly by: LogId;
  /** RFC 3339. */
  readonly from: string;
  /** `undefined` while it goes on. */
  to: string | undefined;
  /** How long those took that were before it and are not kept. */
  passedMs?: number;
}

const FIRST_MAX = 500;
const LAST_MAX = 1_500;

export class ConditionSpans {
  readonly #first: ConditionSpan[] = [];
  #last: ConditionSpan[] = [];
  /** By condition, how long the spans took that are not kept. */
  readonly passedMs = new Map<Condition, number>();

  /** @returns whether the entry began another. */
  note({ logId, receivedAt }: JobEventLogEntry, condition: Condition): boolean {
    const latest = this.#last.at(-1) ?? this.#first.at(-1);
    if (latest?.condition === condition) return false;
    if (latest !== undefined) latest.to = receivedAt;
    const span = { condition, by: logId, from: receivedAt, to: undefined };
    if (this.#first.length < FIRST_MAX) this.#first.push(span);
    else this.#last.push(span);
    if (this.#last.length >= 2 * LAST_MAX) this.#pass(this.#last.splice(0, LAST_MAX));
    return true;
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
 * A clock that went back must not make a length negative. `Date.parse` reads no clock: it is
 * a function of its text alone.
 */
export function lengthMs(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from));
}
