/**
 * Small facts of every entry, in columns of numbers by position: the entry of the same
 * job before it, and how it changed its job. Six bytes an entry in all, so that a job's
 * history is found, and a stream that resumes far back is told what changed, without
 * keeping the entries or projecting them again.
 */

import { type Condition, CONDITIONS } from "../../core/condition.ts";
import type { LogId } from "../../core/ids.ts";
import { STATE_NAMES, type StateName } from "../../core/job_state.ts";
import type { Transition } from "../requests.ts";

const FIRST_CAPACITY = 1 << 12;
const CHANGED = 1 << 15;

export interface CapturedColumns {
  readonly previous: Uint32Array;
  readonly transitions: Uint16Array;
}

export class EntryColumns {
  #previous = new Uint32Array(FIRST_CAPACITY);
  #transitions = new Uint16Array(FIRST_CAPACITY);
  #length = 0;

  /** Notes an entry of a job; `previous` is 0 for its first. */
  add(logId: LogId, previous: LogId): void {
    if (logId >= this.#previous.length) this.#grow(logId + 1);
    this.#previous[logId] = previous;
    this.#length = Math.max(this.#length, logId + 1);
  }

  /** Notes that the entry changed its job's state or condition. */
  changed(logId: LogId, from: StateName | undefined, to: StateName, condition: Condition): void {
    const before = from === undefined ? 0 : STATE_NAMES.indexOf(from) + 1;
    const after = STATE_NAMES.indexOf(to) + 1;
    this.#transitions[logId] = CHANGED | before << 8 | after << 4 | CONDITIONS.indexOf(condition);
  }

  /** How an entry changed its job; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    const bits = this.#transitions[logId] ?? 0;
    const to = STATE_NAMES[(bits >> 4 & 0xf) - 1];
    const condition = CONDITIONS[bits & 0xf];
    if ((bits & CHANGED) === 0 || to === undefined || condition === undefined) return undefined;
    return { from: STATE_NAMES[(bits >> 8 & 0xf) - 1] ?? null, to, condition };
  }

  /** The entry of the same job before one; 0 when there is none. */
  before(logId: LogId): LogId {
    return this.#previous[logId] ?? 0;
  }

  /** Positions of a job's entries from its last back to one, ascending, at most the first `limit`. */
  chain(last: LogId, after: LogId, limit: number): readonly LogId[] {
    const positions: LogId[] = [];
    for (let logId = last; logId > Math.max(after, 0); logId = this.#previous[logId] ?? 0) {
      positions.push(logId);
    }
    return positions.reverse().slice(0, limit);
  }

  /** Positions of a job's entries below one, ascending, at most the last `limit`. */
  chainBefore(last: LogId, before: LogId, limit: number): readonly LogId[] {
    const positions: LogId[] = [];
    let logId = last;
    while (logId > 0 && logId >= before) logId = this.#previous[logId] ?? 0;
    for (; logId > 0 && positions.length < limit; logId = this.#previous[logId] ?? 0) {
      positions.push(logId);
    }
    return positions.reverse();
  }

  /** All columns, as they are now. */
  capture(): CapturedColumns {
    return {
      previous: this.#previous.slice(0, this.#length),
      transitions: this.#transitions.slice(0, this.#length),
    };
  }

  /** Takes over what `capture` gave. */
  restore({ previous, transitions }: CapturedColumns): void {
    this.#grow(Math.max(previous.length, FIRST_CAPACITY));
    this.#previous.set(previous);
    this.#transitions.set(transitions);
    this.#length = previous.length;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, this.#previous.length * 2);
    const [previous, transitions] = [this.#previous, this.#transitions];
    this.#previous = new Uint32Array(capacity);
    this.#transitions = new Uint16Array(capacity);
    this.#previous.set(previous);
    this.#transitions.set(transitions);
  }
}
