/**
 * The line indexes of the segments. One stays in memory until its segment has a sidecar; after that
 * it is loaded from there when a line is sought, so that a long history takes no memory.
 */

import type { SegmentInfo } from "../engine/ports.ts";
import { type FileSystem, withFile } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import { LineIndex } from "./line_index.ts";
import { readPieces } from "./segment_pieces.ts";
import { requireNoFlaw } from "./segment_proof.ts";
import { isSameSegment, type SealedSegment } from "./segment_rolls.ts";
import { SidecarStore } from "./sidecar_store.ts";

/** How many loaded indexes to keep: about 2 MB for segments of 64 MiB. */
const LOADED_MAX = 16;
/** Small, because the scan runs beside other work. */
const PIECE_BYTES = 256 * 1024;

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
  /** Those that only this process has, by segment name. */
  readonly #own: Map<string, LineIndex>;
  /** What is known of the segments whose index is in a sidecar, by name. */
  readonly #stored = new Map<string, SealedSegment>();
  /** By segment name, the latest used last. */
  readonly #loaded = new Map<string, Promise<LineIndex>>();

  /** @param source Without it, there are only the given indexes. */
  constructor(own: ReadonlyMap<string, LineIndex>, source?: IndexSource) {
    this.#source = source;
    this.#own = new Map(own);
    for (const segment of source?.stored ?? []) this.stored(segment);
  }

  /** The index of a segment that gets more batches. */
  growing(segment: string): LineIndex {
    let index = this.#own.get(segment);
    if (index === undefined) this.#own.set(segment, index = new LineIndex());
    return index;
  }

  /**
   * @throws {JournalDamagedError} when it has to be made from the lines, and these are damaged.
   */
  async of({ name }: SegmentInfo): Promise<LineIndex> {
    const own = this.#own.get(name);
    if (own !== undefined) return own;
    const stored = this.#stored.get(name);
    return stored === undefined ? new LineIndex() : await this.#load(stored);
  }

  /** The sidecar of the segment has its index now. */
  stored(segment: SealedSegment): void {
    this.#stored.set(segment.name, segment);
    this.#own.delete(segment.name);
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
    const isRight = typeof sidecar === "object" && isSameSegment(sidecar.segment, segment);
    if (isRight) return sidecar.index;
    const index = await indexFromLines(source, segment);
    // The sidecar is gone, so the index stays in memory.
    this.#own.set(segment.name, index);
    return index;
  }
}

async function indexFromLines(
  { fileSystem, layout, pause }: IndexSource,
  { name, bytes, firstLogId, chainBefore: chain }: SealedSegment,
): Promise<LineIndex> {
  const index = new LineIndex();
  await withFile(fileSystem, `${layout.segments}/${name}`, "read", async (file) => {
    const pieceBytes = PIECE_BYTES;
    const options = { file, bytes, firstLogId, chain, parsedFrom: Infinity, pieceBytes };
    for await (const piece of readPieces(options)) {
      const { scanner, from } = piece;
      for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
        index.add(batch.offsets, from);
      }
      requireNoFlaw(name, piece);
      await pause();
    }
  });
  index.trim();
  return index;
}
