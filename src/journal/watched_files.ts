/**
 * Checks that the paths of open files still lead to them. If a file was removed or replaced,
 * everything written to it is lost when the process ends, even if it was synced.
 */

import type { Clock } from "../engine/ports.ts";
import type { HeldLock, OpenFile } from "./file_system.ts";

/**
 * A check at every batch would add a seventh to the event loop time of a commit. So batches within
 * a millisecond share one check: a client that awaits its responses does not send faster than that.
 */
const SEGMENT_EVERY_MS = 1;
/**
 * Longer, because a second process that takes a replaced lock also replaces the segment, which is
 * noticed first.
 */
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
   * Describes what happened to the lock or to the open segment; `undefined` if nothing did, or no
   * check was due.
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

  /** The same, for the last check of a segment: it is always made. */
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
