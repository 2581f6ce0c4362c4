/** The segments of a journal and the places of their lines, as far as they are durable. */

import { firstIndex } from "../../core/ascending.ts";
import type { LogId } from "../../core/ids.ts";
import type { EntryLocation, SegmentInfo } from "../../engine/ports.ts";
import type { SealedBatch } from "./segment_scanner.ts";
import { JournalDamagedError } from "../errors.ts";
import type { FileSystem } from "../files/file_system.ts";
import { type Layout, segmentName } from "../layout.ts";
import { FORMAT_VERSION } from "../format/line_codec.ts";
import { LineIndex, type LinePlace } from "./line_index.ts";
import { isStop } from "./seals.ts";
import { withDurable } from "./segment_listing.ts";
import {
  isSameSegment,
  NO_ENDS,
  requireWhole,
  type SealedSegment,
  type SegmentEnds,
} from "./segment_proof.ts";
import { SidecarStore } from "./sidecar_store.ts";

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
  #ends: SegmentEnds;

  /**
   * @param segments At least one; the last may be empty.
   * @param ends Those of the last one, if batches will be added.
   */
  constructor(
    segments: readonly SegmentInfo[],
    private readonly indexes: LineIndexes,
    ends = NO_ENDS,
  ) {
    this.#segments = [...segments];
    this.#ends = ends;
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

  /** Adds a batch that is on disk; returns the segment that is full then, if it opens another. */
  extend(batch: SealedBatch): SealedSegment | undefined {
    const full = batch.opensSegment && this.active.bytes > 0
      ? this.#roll(batch.firstLogId)
      : undefined;
    const { name, firstLogId, bytes } = this.active;
    this.indexes.growing(name).add(batch.offsets, bytes);
    const extended = { name, firstLogId, bytes: bytes + batch.bytes.length };
    this.#segments[this.#segments.length - 1] = extended;
    this.#ends = {
      chainBefore: full?.chain ?? this.#ends.chainBefore,
      chain: batch.chain,
      stopped: isStop(batch.entries.at(-1)),
      formatVersion: batch.opensSegment ? FORMAT_VERSION : this.#ends.formatVersion,
    };
    return full;
  }

  /** The segment that holds a position, or would hold it next. */
  segmentOf(logId: LogId): SegmentInfo {
    const segments = this.#segments;
    const next = firstIndex(1, segments.length, (at) => (segments[at]?.firstLogId ?? 0) > logId);
    return segments[next - 1] ?? this.active;
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
    return this.indexes.of(segment);
  }

  #roll(firstLogId: LogId): SealedSegment {
    const { active } = this;
    this.indexes.growing(active.name).trim();
    this.#segments.push({ name: segmentName(firstLogId), firstLogId, bytes: 0 });
    const { formatVersion = FORMAT_VERSION } = this.#ends;
    return { ...active, ...this.#ends, formatVersion, lastLogId: firstLogId - 1 };
  }
}

/** How many loaded indexes to keep: about 2 MB for segments of 64 MiB. */
const LOADED_MAX = 16;
/** How much of a segment is read before other work gets a turn. */
const TURN_BYTES = 256 * 1024;

interface IndexSource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** The segments whose sidecars have their indexes. */
  readonly stored: readonly SealedSegment[];
  /** Gives other work a turn. */
  pause(): Promise<void>;
}

/**
 * The line indexes of the segments. An index stays in memory until its segment has a sidecar; after
 * that it is loaded from there when a line is sought, so that a long history takes no memory.
 */
export class LineIndexes {
  /** Those that no usable sidecar has, by segment name. */
  readonly #held: Map<string, LineIndex>;
  /** The segments whose sidecars have their indexes, by name. */
  readonly #stored = new Map<string, SealedSegment>();
  /** By segment name, the latest used last. */
  readonly #loaded = new Map<string, Promise<LineIndex>>();

  /** @param source Without it, there are only the given indexes. */
  constructor(held: ReadonlyMap<string, LineIndex>, private readonly source?: IndexSource) {
    this.#held = new Map(held);
    for (const segment of source?.stored ?? []) this.release(segment);
  }

  /** The index of a segment that gets more batches. */
  growing(segment: string): LineIndex {
    return this.#held.getOrInsertComputed(segment, () => new LineIndex());
  }

  /**
   * The index of a segment: an empty one if nothing is known of it.
   *
   * @throws {JournalDamagedError} when it has to be made from the lines, and these are damaged.
   */
  async of({ name }: SegmentInfo): Promise<LineIndex> {
    const held = this.#held.get(name);
    if (held !== undefined) return held;
    const stored = this.#stored.get(name);
    return stored === undefined ? new LineIndex() : await this.#load(stored);
  }

  /** Frees an index that the sidecar of its segment has from now on. */
  release(segment: SealedSegment): void {
    this.#stored.set(segment.name, segment);
    this.#held.delete(segment.name);
  }

  #load(segment: SealedSegment): Promise<LineIndex> {
    const { name } = segment;
    const index = this.#loaded.get(name) ?? this.#fromDisk(segment);
    this.#loaded.delete(name);
    this.#loaded.set(name, index);
    index.catch(() => this.#loaded.delete(name));
    const [oldest = name] = this.#loaded.keys();
    if (this.#loaded.size > LOADED_MAX) this.#loaded.delete(oldest);
    return index;
  }

  async #fromDisk(segment: SealedSegment): Promise<LineIndex> {
    const source = this.source;
    if (source === undefined) return new LineIndex();
    const sidecar = await new SidecarStore(source.fileSystem, source.layout).read(segment);
    const isUsable = typeof sidecar === "object" && isSameSegment(sidecar.segment, segment);
    if (isUsable) return sidecar.index;
    const index = await indexFromLines(source, segment);
    // Otherwise each search would read the segment again.
    this.#held.set(segment.name, index);
    return index;
  }
}

async function indexFromLines(
  { fileSystem, layout, pause }: IndexSource,
  segment: SealedSegment,
): Promise<LineIndex> {
  const index = new LineIndex();
  let [offset, turnBegan] = [0, 0];
  const pauseIfDue = () => {
    if (offset - turnBegan < TURN_BYTES) return undefined;
    turnBegan = offset;
    return pause();
  };
  await withDurable(
    fileSystem,
    layout,
    segment,
    (file) =>
      requireWhole(file, segment, pauseIfDue, (batch, origin) => {
        index.add(batch.offsets, origin);
        offset = origin + batch.offset;
      }),
  );
  index.trim();
  return index;
}
