/**
 * Finds entries by their time of receipt, with one mark for every 64 positions: less than a tenth of
 * a byte per entry. When the clock is set back, a new run begins, in which times ascend again. So a
 * time may occur in several runs.
 */

import { firstIndex } from "../../core/ascending.ts";
import type { LogId } from "../../core/ids.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

/** A range of positions, both bounds inclusive. */
export interface LogIdRange {
  readonly from: LogId;
  readonly to: LogId;
}

const MARK_EVERY = 64;
/** One mark of this many is stored as it is, so that the others can be found from there. */
const MARKS_PER_STOP = 32;

interface Mark {
  readonly time: number;
  readonly logId: LogId;
}

const BEFORE_ALL: Mark = { time: 0, logId: 0 };

/** Marks as their distances from each other, in about three bytes each. */
class PackedMarks {
  #packed = new VarintWriter();
  #last = BEFORE_ALL;
  #length = 0;
  /** Of each stop: its mark, and the offset of the mark after it. */
  readonly #stopTimes: number[] = [];
  readonly #stopLogIds: LogId[] = [];
  readonly #stopOffsets: number[] = [];

  get length(): number {
    return this.#length;
  }

  get last(): Mark {
    return this.#last;
  }

  get bytes(): Uint8Array {
    return this.#packed.bytes;
  }

  add(time: number, logId: LogId): void {
    const step = time - this.#last.time;
    this.#packed.add(step < 0 ? -2 * step - 1 : 2 * step);
    this.#packed.add(logId - this.#last.logId);
    this.#last = { time, logId };
    if (this.#length++ % MARKS_PER_STOP === 0) this.#stop(time, logId, this.#packed.length);
  }

  /**
   * Restores marks from their bytes as they are, since a long journal has very many.
   *
   * @returns The indexes of the marks that are earlier than the mark before them.
   */
  restore(bytes: Uint8Array): readonly number[] {
    this.#packed = VarintWriter.of(bytes);
    const reader = new VarintReader(bytes);
    const earlier: number[] = [];
    let { time, logId } = BEFORE_ALL;
    while (!reader.isAtEnd) {
      const step = stepIn(reader);
      time += step;
      logId += reader.next();
      if (step < 0) earlier.push(this.#length);
      if (this.#length++ % MARKS_PER_STOP === 0) this.#stop(time, logId, reader.offset);
    }
    this.#last = { time, logId };
    return earlier;
  }

  #stop(time: number, logId: LogId, offset: number): void {
    this.#stopTimes.push(time);
    this.#stopLogIds.push(logId);
    this.#stopOffsets.push(offset);
  }

  at(index: number): Mark {
    return this.#from(index, () => true).mark;
  }

  /**
   * The first mark of a range whose time meets a condition that all later ones meet too; `end` if
   * there is none.
   */
  first(start: number, end: number, isMet: (time: number) => boolean): number {
    const stop = firstIndex(
      Math.ceil(start / MARKS_PER_STOP),
      Math.ceil(end / MARKS_PER_STOP),
      (at) => isMet(this.#stopTimes[at] ?? 0),
    );
    // It is this stop, or one of the marks after the stop before it.
    const from = Math.max(start, (stop - 1) * MARKS_PER_STOP);
    return from >= end ? end : this.#from(from, isMet, end).index;
  }

  /** The first mark from an index on that meets a condition. */
  #from(
    index: number,
    isMet: (time: number) => boolean,
    end = index + 1,
  ): { readonly index: number; readonly mark: Mark } {
    const stop = Math.floor(index / MARKS_PER_STOP);
    let [time = 0, logId = 0] = [this.#stopTimes[stop], this.#stopLogIds[stop]];
    const reader = new VarintReader(this.#packed.bytes, this.#stopOffsets[stop]);
    for (let at = stop * MARKS_PER_STOP; at < end; at++) {
      if (at >= index && isMet(time)) return { index: at, mark: { time, logId } };
      time += stepIn(reader);
      logId += reader.next();
    }
    return { index: end, mark: { time, logId } };
  }
}

function stepIn(reader: VarintReader): number {
  const step = reader.next();
  return step % 2 === 0 ? step / 2 : -(step + 1) / 2;
}

export class TimeMarks {
  /** In order of position. Within a run, times do not descend. */
  readonly #marks = new PackedMarks();
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
    else if (logId - this.#marks.last.logId >= MARK_EVERY) this.#marks.add(time, logId);
    this.#lastTime = time;
    this.#lastLogId = logId;
  }

  /** All ranges that may contain entries of a time. */
  at(time: number): readonly LogIdRange[] {
    const ranges: LogIdRange[] = [];
    const marks = this.#marks;
    for (let run = 0; run < this.#runs.length; run++) {
      const first = this.#runs[run] ?? 0;
      const end = this.#runs[run + 1] ?? marks.length;
      const last = end === marks.length
        ? { time: this.#lastTime, logId: this.#lastLogId }
        : marks.at(end - 1);
      if (time < marks.at(first).time || time > last.time) continue;
      const after = marks.first(first, end, (mark) => mark > time);
      const from = Math.max(first, marks.first(first, end, (mark) => mark >= time) - 1);
      const to = after === end ? last.logId : marks.at(after).logId - 1;
      ranges.push({ from: marks.at(from).logId, to });
    }
    return ranges;
  }

  /** The last entry, then all marks. */
  capture(): Uint8Array {
    const writer = new VarintWriter();
    if (this.#runs.length === 0) return writer.bytes;
    writer.add(this.#lastTime);
    writer.add(this.#lastLogId);
    const marks = this.#marks.bytes;
    const captured = new Uint8Array(writer.length + marks.length);
    captured.set(writer.bytes);
    captured.set(marks, writer.length);
    return captured;
  }

  /** Restores what `capture` returned. */
  restore(bytes: Uint8Array): void {
    const reader = new VarintReader(bytes);
    if (reader.isAtEnd) return;
    this.#lastTime = reader.next();
    this.#lastLogId = reader.next();
    this.#runs.push(0, ...this.#marks.restore(bytes.subarray(reader.offset)));
  }

  #beginRun(time: number, logId: LogId): void {
    const isMarked = this.#marks.last.logId === this.#lastLogId;
    if (this.#runs.length > 0 && !isMarked) this.#marks.add(this.#lastTime, this.#lastLogId);
    this.#runs.push(this.#marks.length);
    this.#marks.add(time, logId);
  }
}
