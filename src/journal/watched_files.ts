/**
 * Whether the files that the journal has open are still those that their paths lead to. What is
 * written to a file that somebody removed, or put another one in the place of, is gone when the
 * process ends, however well it was synced.
 */

import type { Clock } from "../engine/ports.ts";
import type { HeldLock, OpenFile } from "./file_system.ts";

/**
 * To look at each batch would cost as much of the loop as a seventh of what it takes to commit
 * one. So among batches that follow each other within a millisecond only one looks: no client that
 * awaits its answers sends them so closely.
 */
const SEGMENT_EVERY_MS = 1;
/** A second process that found the lock free has the segment replaced, which is seen before. */
const LOCK_EVERY_MS = 100;

interface WatchedFilesOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly lock: HeldLock;
  readonly lockPath: string;
}

export class WatchedFiles {
  readonly #options: WatchedFilesOptions;
  #segmentSeenMs = -Infinity;
  #lockSeenMs = -Infinity;

  constructor(options: WatchedFilesOptions) {
    this.#options = options;
  }

  /**
   * What happened to the lock, or to the segment that is open; `undefined` when nothing did, as
   * far as was looked.
   */
  loss(segment: OpenFile, path: string): string | undefined {
    const { clock, lock, lockPath } = this.#options;
    const now = clock.monotonic();
    if (now - this.#segmentSeenMs < SEGMENT_EVERY_MS) return undefined;
    this.#segmentSeenMs = now;
    if (!segment.isAt(path)) return lossText("segment", path);
    if (now - this.#lockSeenMs < LOCK_EVERY_MS) return undefined;
    this.#lockSeenMs = now;
    return lock.isAt(lockPath) ? undefined : lossText("lock", lockPath);
  }

  /** The same for a segment that is not looked at again. */
  lossAtLast(segment: OpenFile, path: string): string | undefined {
    this.#segmentSeenMs = -Infinity;
    return this.loss(segment, path);
  }
}

function lossText(what: "segment" | "lock", path: string): string {
  const happened = `${path} was removed or replaced while it was in use`;
  return what === "segment"
    ? `${happened}: the content of the original file is lost unless you put it back before the ` +
      "next start"
    : `${happened}: another process may also hold the journal`;
}
