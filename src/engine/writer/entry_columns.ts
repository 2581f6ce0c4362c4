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
/** Of a long job that is read in pages, how many entries apart its marks are. */
const MARK_EVERY = 512;

export interface CapturedColumns {
  readonly previous: Uint32Array;
  readonly transitions: Uint16Array;
}

/** The first and the last entry of a job. */
interface EntryRange {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
}

export class EntryColumns {
  #previous = new Uint32Array(FIRST_CAPACITY);
  #transitions = new Uint16Array(FIRST_CAPACITY);
  #length = 0;
  /** By the first entry of a job, every so many of its positions, ascending. */
  readonly #marks = new Map<LogId, LogId[]>();

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

  /** Positions of a job's entries after one, ascending, at most the first `limit`. */
  chain({ firstLogId, lastLogId }: EntryRange, after: LogId, limit: number): readonly LogId[] {
    const most = limit + MARK_EVERY;
    const back = this.#walk(lastLogId, after, most);
    if (back.length < most) return back.reverse().slice(0, limit);
    const marks = this.#marksOf(firstLogId, lastLogId);
    const end = marks[indexAfter(marks, after) + Math.ceil(limit / MARK_EVERY)] ?? lastLogId;
    return this.#walk(end, after, Infinity).reverse().slice(0, limit);
  }

  /** Positions of a job's entries below one, ascending, at most the last `limit`. */
  chainBefore(
    { firstLogId, lastLogId }: EntryRange,
    before: LogId,
    limit: number,
  ): readonly LogId[] {
    let logId = lastLogId;
    if (logId >= before) {
      const marks = this.#marksOf(firstLogId, lastLogId);
      logId = marks[indexAfter(marks, before)] ?? lastLogId;
    }
    while (logId >= before && logId > 0) logId = this.before(logId);
    return this.#walk(logId, 0, limit).reverse();
  }

  /** From an entry of a job back to one that is not above `after`, at most so many. */
  #walk(from: LogId, after: LogId, limit: number): LogId[] {
    const positions: LogId[] = [];
    const end = Math.max(after, 0);
    for (let at = from; at > end && positions.length < limit; at = this.before(at)) {
      positions.push(at);
    }
    return positions;
  }

  /** Marks where pages of a job may begin, so that it is walked through once, not for each. */
  #marksOf(firstLogId: LogId, lastLogId: LogId): readonly LogId[] {
    const marks = this.#marks.get(firstLogId) ?? [];
    const unmarked = this.#walk(lastLogId, marks.at(-1) ?? 0, Infinity).reverse();
    for (let index = MARK_EVERY - 1; index < unmarked.length; index += MARK_EVERY) {
      marks.push(unmarked[index] as LogId);
    }
    if (marks.length > 0) this.#marks.set(firstLogId, marks);
    return marks;
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

/** The index of the first position above one, of some that ascend. */
function indexAfter(positions: readonly LogId[], after: LogId): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
