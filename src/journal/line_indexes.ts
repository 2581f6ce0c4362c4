/**
 * The line indexes of the segments. An index stays in memory until its segment has a sidecar; after
 * that it is loaded from there when a line is sought, so that a long history takes no memory.
 */

import type { SegmentInfo } from "../engine/ports.ts";
import { type FileSystem, withFile } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import { LineIndex } from "./line_index.ts";
import { requireWhole } from "./segment_proof.ts";
import { isSameSegment, type SealedSegment } from "./segment_rolls.ts";
import { SidecarStore } from "./sidecar_store.ts";

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

export class LineIndexes {
  readonly #source: IndexSource | undefined;
  /** Those that no usable sidecar has, by segment name. */
  readonly #held: Map<string, LineIndex>;
  /** The segments whose sidecars have their indexes, by name. */
  readonly #stored = new Map<string, SealedSegment>();
  /** By segment name, the latest used last. */
  readonly #loaded = new Map<string, Promise<LineIndex>>();

  /** @param source Without it, there are only the given indexes. */
  constructor(held: ReadonlyMap<string, LineIndex>, source?: IndexSource) {
    this.#source = source;
    this.#held = new Map(held);
    for (const segment of source?.stored ?? []) this.release(segment);
  }

  /** The index of a segment that gets more batches. */
  growing(segment: string): LineIndex {
    let index = this.#held.get(segment);
    if (index === undefined) this.#held.set(segment, index = new LineIndex());
    return index;
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
    const source = this.#source;
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
  await withFile(
    fileSystem,
    `${layout.segments}/${segment.name}`,
    "read",
    (file) =>
      requireWhole(file, segment, pauseIfDue, (batch, origin) => {
        index.add(batch.offsets, origin);
        offset = origin + batch.offset;
      }),
  );
  index.trim();
  return index;
}
