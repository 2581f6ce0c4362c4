/** The segments of a journal and the places of their lines, as far as they are durable. */

import type { LogId } from "../core/ids.ts";
import type { EntryLocation, SegmentInfo } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { JournalDamagedError } from "./errors.ts";
import { segmentName } from "./layout.ts";
import type { LineIndex, LinePlace } from "./line_index.ts";
import type { LineIndexes } from "./line_indexes.ts";

/** @throws {RangeError} when a position is not durable, or the positions do not ascend. */
export function requireDurable(logIds: readonly LogId[], head: LogId): void {
  let previous = 0;
  for (const logId of logIds) {
    if (!Number.isInteger(logId) || logId <= previous) {
      throw new RangeError(`Cannot read positions: ${logId} comes after ${previous}`);
    }
    previous = logId;
  }
  if (previous > head) {
    throw new RangeError(`Cannot read position ${previous}: the journal ends at ${head}`);
  }
}

/** The positions in a range, both ends included. */
export function positions(first: LogId, last: LogId): LogId[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

/**
 * Finds the line of a durable position in the index of the segment that holds it.
 *
 * @throws {JournalDamagedError} when the segment has no such line.
 */
export function placeIn(
  index: LineIndex,
  logId: LogId,
  { name, firstLogId, bytes }: SegmentInfo,
): LinePlace {
  const place = index.find(logId - firstLogId);
  if (place !== undefined) return place;
  throw new JournalDamagedError({ segment: name, offset: bytes, logId }, "the line is missing");
}

export class Catalogue {
  /** In order; the last one is active. */
  readonly #segments: SegmentInfo[];
  readonly #indexes: LineIndexes;

  /** @param segments At least one; the last may be empty. */
  constructor(segments: readonly SegmentInfo[], indexes: LineIndexes) {
    this.#segments = [...segments];
    this.#indexes = indexes;
  }

  get segments(): readonly SegmentInfo[] {
    return this.#segments;
  }

  get active(): SegmentInfo {
    const active = this.#segments.at(-1);
    if (active === undefined) throw new RangeError("Cannot use a journal without segments");
    return active;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Adds a batch that is on disk. */
  extend(batch: SealedBatch): void {
    if (batch.opensSegment && this.active.bytes > 0) this.#roll(batch.firstLogId);
    const { name, firstLogId, bytes } = this.active;
    this.#indexes.growing(name).add(batch.offsets, bytes);
    const extended = { name, firstLogId, bytes: bytes + batch.bytes.length };
    this.#segments[this.#segments.length - 1] = extended;
  }

  /** The segment that holds a position, or would hold it next. */
  segmentOf(logId: LogId): SegmentInfo {
    let low = 0;
    for (let high = this.#segments.length - 1; low < high;) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#segments[middle]?.firstLogId ?? 0) <= logId) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low] ?? this.active;
  }

  /**
   * Finds the lines of positions.
   *
   * @throws {RangeError} when a position is not durable, or the positions do not ascend.
   * @throws {JournalDamagedError} as `LineIndexes.of` does.
   */
  async locate(logIds: readonly LogId[], head: LogId): Promise<readonly EntryLocation[]> {
    requireDurable(logIds, head);
    const places: EntryLocation[] = [];
    for (const logId of logIds) {
      const segment = this.segmentOf(logId);
      const { line } = placeIn(await this.indexOf(segment), logId, segment);
      places.push({ logId, segment: segment.name, line });
    }
    return places;
  }

  /**
   * The line index of a segment.
   *
   * @throws {JournalDamagedError} as `LineIndexes.of` does.
   */
  indexOf(segment: SegmentInfo): Promise<LineIndex> {
    return this.#indexes.of(segment);
  }

  #roll(firstLogId: LogId): void {
    this.#indexes.growing(this.active.name).trim();
    this.#segments.push({ name: segmentName(firstLogId), firstLogId, bytes: 0 });
  }
}
