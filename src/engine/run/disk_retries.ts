/**
 * Waits while the disk refuses. Once the journal has failed nothing settles, since only the next
 * start knows what is on record.
 */

import type { JobEventDraft } from "../../core/event.ts";
import { type Clock, JournalFailedError, JournalFullError, type Random } from "../ports.ts";
import type { Writer, Written } from "../writer/writer.ts";

/**
 * How long to wait for the disk, on average. Callers are spread out, so that a record too large for
 * the free space does not fail the others each time.
 */
const RETRY_MS = 1_000;

interface DiskRetriesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onDefect: (error: unknown) => void;
}

export class DiskRetries {
  readonly #parts: DiskRetriesParts;
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(parts: DiskRetriesParts) {
    this.#parts = parts;
  }

  /** Calls back when the disk may have room. */
  readonly later = (callback: () => void): void => {
    if (this.#isStopped) return;
    const { clock, random } = this.#parts;
    const cancel = clock.setTimer(RETRY_MS * (0.5 + random.fraction()), () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  };

  /** The engine stops: nothing is retried. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Retries until it is recorded. */
  async record<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof JournalFailedError) return await new Promise<never>(() => {});
        if (!(error instanceof JournalFullError)) throw error;
        await new Promise<void>(this.later);
      }
    }
  }

  /** Retries until it is read. */
  async read<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#parts.onDefect(error);
        await new Promise<void>(this.later);
      }
    }
  }
}

/**
 * Appends what follows from other entries. If those are lost, it is decided again, so that a full
 * disk need not keep it, as it keeps the outcomes of attempts.
 *
 * @param again Called when there may be room.
 */
export function recordOrRetry(
  { writer, later }: { readonly writer: Writer; later(callback: () => void): void },
  drafts: readonly JobEventDraft[],
  again: () => void,
): Written | undefined {
  const written = writer.tryAppend(drafts, "vital");
  if (written === "full") later(again);
  return typeof written === "string" ? undefined : written;
}
