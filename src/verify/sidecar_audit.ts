/**
 * Finds sidecars that differ from their segments. They are caches, so differences are notes and not
 * problems.
 */

import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import { type FileSystem, isSame } from "../journal/file_system.ts";
import { type Layout, sidecarName } from "../journal/layout.ts";
import { FORMAT_VERSION } from "../journal/line_codec.ts";
import { LineIndex } from "../journal/line_index.ts";
import { isSameSegment, type SealedSegment } from "../journal/segment_rolls.ts";
import { isStop } from "../journal/seals.ts";
import type { ScannedBatch } from "../journal/segment_scanner.ts";
import { type Sidecar, SidecarStore } from "../journal/sidecar_store.ts";

export class SidecarAudit {
  readonly #store: SidecarStore;
  readonly #notes: string[] = [];
  /** Sidecars of files other than those that were verified when they were written. */
  #others = 0;
  #index = new LineIndex();
  #before: JournalHead = { logId: 0, chain: "" };
  #last: ScannedBatch | undefined;

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

  /** @param before The end of the previous segment. */
  begin(before: JournalHead): void {
    this.#before = before;
    this.#index = new LineIndex();
    this.#last = undefined;
  }

  take(batch: ScannedBatch): void {
    this.#index.add(batch.offsets);
    this.#last = batch;
  }

  /** Call it after a segment that is whole and gets no more batches. */
  async judge(segment: SegmentInfo, formatVersion = FORMAT_VERSION): Promise<void> {
    const last = this.#last;
    const found = await this.#store.read(segment);
    if (found === undefined || last === undefined) return;
    const sealed = {
      ...segment,
      lastLogId: last.lastLogId,
      chainBefore: this.#before.chain,
      chain: last.chain,
      stopped: isStop(last.entries.at(-1)),
      formatVersion,
    };
    const flaw = typeof found === "string" ? found : this.#flawOf(found, sealed);
    if (flaw !== undefined) {
      const name = sidecarName(segment.firstLogId);
      this.#notes.push(`sidecar ${name}: ${flaw}; the next start reads its segment`);
    } else if (typeof found !== "string") {
      if (!isSame(found.verdict, await this.#store.stampOf(segment))) this.#others++;
    }
  }

  #flawOf({ segment, index }: Sidecar, sealed: SealedSegment): string | undefined {
    if (!isSameSegment(segment, sealed)) {
      return "it differs from the lines of its segment";
    }
    const [said, found] = [index.blocks, this.#index.blocks];
    const isIndex = index.lines === this.#index.lines && said.length === found.length &&
      said.every((byte, at) => byte === found[at]);
    return isIndex ? undefined : "its positions of the segment's lines are wrong";
  }
}
