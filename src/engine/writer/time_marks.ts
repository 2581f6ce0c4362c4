/**
 * Finds entries by their time of receipt, with one mark for every 64 positions: a quarter of a byte
 * per entry. When the clock is set back, a new run begins, in which times ascend again. So a time
 * may occur in several runs.
 */

import type { LogId } from "../../core/ids.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/** A range of positions, both bounds inclusive. */
export interface LogIdRange {
  readonly from: LogId;
  readonly to: LogId;
}

const MARK_EVERY = 64;

export class TimeMarks {
  /** The time of each mark, in order of position. Within a run, times do not descend. */
  readonly #times: number[] = [];
  readonly #logIds: LogId[] = [];
  /**
   * The index of the first mark of each run. Every run but the last ends with a mark for its last
   * entry.
   */
  readonly #runs: number[] = [];
  #lastTime = -Infinity;
  #lastLogId: LogId = 0;

  get lastLogId(): LogId {
    return this.#lastLogId;
  }

  /** Adds an entry. Positions must ascend; `time` is in milliseconds since the epoch. */
  add(time: number, logId: LogId): void {
    if (time < this.#lastTime || this.#runs.length === 0) this.#beginRun(time, logId);
    else if (logId - (this.#logIds.at(-1) ?? 0) >= MARK_EVERY) this.#mark(time, logId);
    this.#lastTime = time;
    this.#lastLogId = logId;
  }

  /** All ranges that may contain entries of a time. */
  at(time: number): readonly LogIdRange[] {
    const ranges: LogIdRange[] = [];
    for (let run = 0; run < this.#runs.length; run++) {
      const first = this.#runs[run] ?? 0;
      const end = this.#runs[run + 1] ?? this.#times.length;
      const isOpen = end === this.#times.length;
      const lastTime = isOpen ? this.#lastTime : this.#times[end - 1] ?? 0;
      if (time < (this.#times[first] ?? 0) || time > lastTime) continue;
      const after = this.#firstMark(first, end, (mark) => mark > time);
      const from = Math.max(first, this.#firstMark(first, end, (mark) => mark >= time) - 1);
      const lastLogId = isOpen ? this.#lastLogId : this.#logIds[end - 1] ?? 0;
      const to = after === end ? lastLogId : (this.#logIds[after] ?? 0) - 1;
      ranges.push({ from: this.#logIds[from] ?? 0, to });
    }
    return ranges;
  }

  /**
   * All marks, in about three bytes each: the last entry, then each mark as its distance from the
   * previous one.
   */
  capture(): Uint8Array {
    const writer = new VarintWriter();
    if (this.#runs.length === 0) return writer.bytes;
    writer.add(this.#lastTime);
    writer.add(this.#lastLogId);
    let [lastTime, lastLogId] = [0, 0];
    for (let mark = 0; mark < this.#times.length; mark++) {
      const [time = 0, logId = 0] = [this.#times[mark], this.#logIds[mark]];
      const step = time - lastTime;
      writer.add(step < 0 ? -2 * step - 1 : 2 * step);
      writer.add(logId - lastLogId);
      [lastTime, lastLogId] = [time, logId];
    }
    return writer.bytes;
  }

  /** Restores what `capture` returned. */
  restore(bytes: Uint8Array): void {
    const reader = new VarintReader(bytes);
    if (reader.isAtEnd) return;
    const [lastTime, lastLogId] = [reader.next(), reader.next()];
    for (let [time, logId] = [0, 0]; !reader.isAtEnd;) {
      const step = reader.next();
      time += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
      logId += reader.next();
      if (step % 2 !== 0 || this.#runs.length === 0) this.#runs.push(this.#times.length);
      this.#mark(time, logId);
    }
    this.#lastTime = lastTime;
    this.#lastLogId = lastLogId;
  }

  #beginRun(time: number, logId: LogId): void {
    const isMarked = this.#logIds.at(-1) === this.#lastLogId;
    if (this.#runs.length > 0 && !isMarked) this.#mark(this.#lastTime, this.#lastLogId);
    this.#runs.push(this.#times.length);
    this.#mark(time, logId);
  }

  #mark(time: number, logId: LogId): void {
    this.#times.push(time);
    this.#logIds.push(logId);
  }

  /** The first mark whose time meets a condition; `end` when there is none. */
  #firstMark(first: number, end: number, isMet: (time: number) => boolean): number {
    let [low, high] = [first, end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isMet(this.#times[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
