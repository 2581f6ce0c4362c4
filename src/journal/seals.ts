/**
 * Seals: entries that say that all before them is complete. Damage to the last batch
 * looks like a write that a crash cut short; with a seal behind it, it cannot.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { Clock } from "../engine/ports.ts";

/** Whether a batch holds nothing that a seal would have to protect. */
export function isOnlySeal(entries: readonly JobEventLogEntry[]): boolean {
  return entries.every(({ eventType }) =>
    eventType === "journal.Sealed" || eventType === "journal.SegmentOpened"
  );
}

/** Whether an entry says that the journal was stopped cleanly after it. */
export function isStop(entry: JobEventLogEntry | undefined): boolean {
  return entry?.eventType === "journal.Sealed" && "reason" in entry.attributes &&
    entry.attributes["reason"] === "stop";
}

/** Asks for a seal when nothing was written for a while. */
export class QuietSealer {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #seal: () => void;
  /** When the quiet time is over, on the monotonic clock. */
  #dueMs = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, quietMs: number, seal: () => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#seal = seal;
  }

  /** Restarts the wait. One timer serves many calls: this runs after every batch. */
  restart(): void {
    this.#dueMs = this.#clock.monotonic() + this.#quietMs;
    if (this.#cancel === undefined) this.#wait(this.#quietMs);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(delayMs: number): void {
    this.#cancel = this.#clock.setTimer(delayMs, () => {
      this.#cancel = undefined;
      const restMs = this.#dueMs - this.#clock.monotonic();
      if (restMs > 0) this.#wait(restMs);
      else this.#seal();
    });
  }
}
