/** The segments of a journal, as far as they are durable. */

import type { LogId } from "../core/ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { segmentName } from "./layout.ts";
import { LineIndex } from "./line_index.ts";

export class Catalogue {
  /** In order; the last one is active. */
  readonly #segments: SegmentInfo[];
  #activeIndex: LineIndex;

  /** There is always at least one segment, though it may be empty. */
  constructor(segments: readonly SegmentInfo[], activeIndex: LineIndex) {
    this.#segments = [...segments];
    this.#activeIndex = activeIndex;
  }

  get segments(): readonly SegmentInfo[] {
    return this.#segments;
  }

  get active(): SegmentInfo {
    const active = this.#segments.at(-1);
    if (active === undefined) throw new RangeError("Cannot use a journal without segments");
    return active;
  }

  /** Line offsets of the active segment. */
  get activeIndex(): LineIndex {
    return this.#activeIndex;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Takes in a batch that is on disk. */
  extend(batch: SealedBatch): void {
    if (batch.opensSegment && this.active.bytes > 0) this.#roll(batch.firstLogId);
    const { name, firstLogId, bytes } = this.active;
    for (const offset of batch.offsets) this.#activeIndex.add(bytes + offset);
    const extended = { name, firstLogId, bytes: bytes + batch.bytes.length };
    this.#segments[this.#segments.length - 1] = extended;
  }

  /** The segment that holds a position, or would hold it. */
  segmentOf(logId: LogId): SegmentInfo {
    let low = 0;
    for (let high = this.#segments.length - 1; low < high;) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#segments[middle]?.firstLogId ?? 0) <= logId) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low] ?? this.active;
  }

  #roll(firstLogId: LogId): void {
    this.#segments.push({ name: segmentName(firstLogId), firstLogId, bytes: 0 });
    this.#activeIndex = new LineIndex();
  }
}
