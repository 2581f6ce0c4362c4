/**
 * Seals: entries that state that everything before them is complete. Damage to the last batch looks
 * like an interrupted write; if a seal follows, it is recognized as damage.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { Clock } from "../../engine/ports.ts";

/** Whether a batch holds nothing that a seal must protect. */
export function isOnlySeal(entries: readonly JobEventLogEntry[]): boolean {
  return entries.every(({ eventType }) =>
    eventType === "journal.Sealed" || eventType === "journal.SegmentOpened"
  );
}

/** Whether an entry is the seal of a clean stop. */
export function isStop(entry: JobEventLogEntry | undefined): boolean {
  return entry?.eventType === "journal.Sealed" && "reason" in entry.attributes &&
    entry.attributes["reason"] === "stop";
}

/** Requests a seal when nothing has been written for a while. */
export class QuietSealer {
  /** Monotonic time at which the quiet period ends. */
  #dueMs = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly quietMs: number,
    private readonly seal: () => void,
  ) {}

  /** Restarts the quiet period. Runs after every batch, so one timer serves many calls. */
  restart(): void {
    this.#dueMs = this.clock.monotonic() + this.quietMs;
    if (this.#cancel === undefined) this.#wait(this.quietMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(delayMs: number): void {
    this.#cancel = this.clock.setTimer(delayMs, () => {
      this.#cancel = undefined;
      const restMs = this.#dueMs - this.clock.monotonic();
      if (restMs > 0) this.#wait(restMs);
      else this.seal();
    });
  }
}
