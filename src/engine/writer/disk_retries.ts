/**
 * Retries disk operations while the disk refuses them. Once the journal has failed, nothing
 * settles: only the next start knows what is on record.
 */

import type { JobEventDraft } from "../../core/event.ts";
import { type Clock, JournalFailedError, JournalFullError, type Random } from "../ports.ts";
import type { Writer, Written } from "./writer.ts";

/**
 * The average wait between retries. Jitter spreads the callers out, so that one record too large
 * for the free space does not fail the others each time.
 */
const RETRY_MS = 1_000;

interface DiskRetriesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onDefect: (error: unknown) => void;
}

export class DiskRetries {
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(private readonly parts: DiskRetriesParts) {}

  /** Calls back when the disk may have room. */
  readonly later = (callback: () => void): void => {
    if (this.#isStopped) return;
    const { clock, random } = this.parts;
    const cancel = clock.setTimer(RETRY_MS * (0.5 + random.fraction()), () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  };

  /** The engine stops: cancels all retries. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Repeats `work` until the journal takes its record. */
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

  /** Repeats `work` until the read succeeds. */
  async read<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.parts.onDefect(error);
        await new Promise<void>(this.later);
      }
    }
  }
}

/**
 * Appends entries that can be derived again from other entries. Unlike outcomes of attempts, they
 * are not kept in memory while the disk is full.
 *
 * @param again Called when the disk may have room.
 */
export function recordOrRetry(
  { writer, diskRetries }: {
    readonly writer: Writer;
    readonly diskRetries: Pick<DiskRetries, "later">;
  },
  drafts: readonly JobEventDraft[],
  again: () => void,
): Written | undefined {
  const written = writer.tryAppend(drafts, "vital");
  if (written === "full") diskRetries.later(again);
  return typeof written === "string" ? undefined : written;
}
