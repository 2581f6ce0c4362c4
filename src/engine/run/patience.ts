/**
 * Waits out a disk that refuses. When the journal has failed nothing settles any more, since
 * only the next start tells what is on record.
 */

import type { JobEventDraft } from "../../core/event.ts";
import { type Clock, JournalFailedError, JournalFullError, type Random } from "../ports.ts";
import type { Writer, Written } from "../writer/writer.ts";

/**
 * How long a disk that refuses is given before it is asked again, on average: a record that
 * is too large for the room there is must not take the others with it each time.
 */
const RETRY_MS = 1_000;

export interface PatienceParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly onDefect: (error: unknown) => void;
}

export class Patience {
  readonly #parts: PatienceParts;
  readonly #timers = new Set<() => void>();
  #isStopped = false;

  constructor(parts: PatienceParts) {
    this.#parts = parts;
  }

  /** Calls back when the disk may be asked again. */
  readonly later = (callback: () => void): void => {
    if (this.#isStopped) return;
    const { clock, random } = this.#parts;
    const cancel = clock.setTimer(RETRY_MS * (0.5 + random.fraction()), () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  };

  /** Nothing is tried again: the engine stops. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Records what must not be left out. */
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

  /** Reads what a running job waits for, however often that takes. */
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
 * Appends what follows from other entries. When those are lost it is lost too, and decided again,
 * so that a full disk need not keep it, as it keeps the ends of attempts.
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
