/** Which segments a start need not read, and what it leaves to be proven after it. */

import type { SegmentInfo } from "../engine/ports.ts";
import type { FoundSegments, Unproven } from "./background_proof.ts";
import type { FileSystem } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import type { FoundSegment, Replayed } from "./replay.ts";
import type { SealedSegment } from "./sealed_segment.ts";
import type { Sidecar } from "./sidecar_file.ts";
import { SidecarStore } from "./sidecar_store.ts";

export class Trust {
  /** Of files that are as they were when every line in them was verified, by segment. */
  readonly sidecars: ReadonlyMap<string, Sidecar>;
  /** The time of the file system before any segment is read. */
  readonly #beganMs: number | undefined;

  private constructor(sidecars: ReadonlyMap<string, Sidecar>, beganMs: number | undefined) {
    this.sidecars = sidecars;
    this.#beganMs = beganMs;
  }

  /** @param sealed those that get no more batches. */
  static async in(
    fileSystem: FileSystem,
    layout: Layout,
    sealed: readonly SegmentInfo[],
  ): Promise<Trust> {
    const store = new SidecarStore(fileSystem, layout);
    await store.removeUnfinished().catch(() => {});
    const sidecars = new Map<string, Sidecar>();
    for (const segment of sealed) {
      const sidecar = await store.trusted(segment);
      if (sidecar !== undefined) sidecars.set(segment.name, sidecar);
    }
    // Without the time each verdict has to wait for another look at the segment.
    const beganMs = sidecars.size < sealed.length
      ? await store.now().catch(() => undefined)
      : undefined;
    return new Trust(sidecars, beganMs);
  }

  /** What is left to do after a replay. */
  found({ sealed }: Pick<Replayed, "sealed">): FoundSegments {
    const unproven = sealed.flatMap((found) => this.#unproven(found));
    return {
      sealed: sealed.map(({ segment }) => segment),
      trusted: sealed.filter(({ isRead }) => !isRead).length,
      // Verdicts that only have to be written come first: they spare the next start the most.
      unproven: [
        ...unproven.filter(({ read }) => read !== undefined),
        ...unproven.filter(({ read }) => read === undefined),
      ],
    };
  }

  #unproven({ segment, isRead, stamp }: FoundSegment): readonly Unproven[] {
    if (!isRead) return [{ segment, origin: "trusted" }];
    const sidecar = this.sidecars.get(segment.name);
    if (sidecar !== undefined && isOf(sidecar.segment, segment)) return [];
    const isSettled = stamp !== undefined && this.#beganMs !== undefined &&
      stamp.changedMs < this.#beganMs;
    return [{ segment, origin: "read", ...(isSettled ? { read: stamp } : {}) }];
  }
}

function isOf(known: SealedSegment, found: SealedSegment): boolean {
  return known.lastLogId === found.lastLogId && known.chainBefore === found.chainBefore &&
    known.chain === found.chain && known.stopped === found.stopped &&
    known.formatVersion === found.formatVersion;
}
