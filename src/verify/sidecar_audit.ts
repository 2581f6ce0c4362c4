/**
 * Finds sidecars that differ from their segments. They are caches, so differences are notes and not
 * problems.
 */

import { type FileSystem, isSame } from "../journal/file_system.ts";
import { type Layout, sidecarName } from "../journal/layout.ts";
import type { LineIndex } from "../journal/line_index.ts";
import { isSameSegment, type SealedSegment } from "../journal/segment_rolls.ts";
import { type Sidecar, SidecarStore } from "../journal/sidecar_store.ts";

export class SidecarAudit {
  readonly #store: SidecarStore;
  readonly #notes: string[] = [];
  /** Sidecars of files other than those that were verified when they were written. */
  #others = 0;

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#store = new SidecarStore(fileSystem, layout);
  }

  get notes(): readonly string[] {
    if (this.#others === 0) return this.#notes;
    const files = this.#others === 1
      ? "1 sidecar was written for another file than its segment"
      : `${this.#others} sidecars were written for other files than their segments`;
    return [...this.#notes, `${files}, as in a copy: the next start reads those segments`];
  }

  /**
   * Call it after a segment that is whole and gets no more batches.
   *
   * @param index Made from its lines.
   */
  async judge(segment: SealedSegment, index: LineIndex): Promise<void> {
    const found = await this.#store.read(segment);
    if (found === undefined) return;
    const flaw = typeof found === "string" ? found : flawOf(found, segment, index);
    if (flaw !== undefined) {
      const name = sidecarName(segment.firstLogId);
      this.#notes.push(`sidecar ${name}: ${flaw}; the next start reads its segment`);
    } else if (typeof found !== "string") {
      if (!isSame(found.verdict, await this.#store.stampOf(segment))) this.#others++;
    }
  }
}

function flawOf(
  { segment, index }: Sidecar,
  sealed: SealedSegment,
  made: LineIndex,
): string | undefined {
  if (!isSameSegment(segment, sealed)) return "it differs from the lines of its segment";
  const [said, found] = [index.blocks, made.blocks];
  const isIndex = index.lines === made.lines && said.length === found.length &&
    said.every((byte, at) => byte === found[at]);
  return isIndex ? undefined : "its positions of the segment's lines are wrong";
}
