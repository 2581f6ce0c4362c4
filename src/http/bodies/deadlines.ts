/** What must be done in time, each with the same time: one timer serves all. */

import type { Clock } from "../../engine/ports.ts";

/** The others wait for a later turn of the event loop. */
const LATE_AT_ONCE = 20;

/** One that is not done yet. */
export interface Deadline {
  readonly at: number;
  /** @param afterMs How long it had. */
  readonly onLate: (afterMs: number) => void;
  /** The neighbours in order of time; itself on both sides once it is over. */
  earlier: Deadline;
  later: Deadline;
}

/**
 * A ring in the order of time, and not a set: a set that grows and shrinks all the time is
 * built anew at almost every step.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeMs: number;
  /** Before the earliest and after the latest. */
  readonly #ends = ringOfOne(Infinity, () => {});
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, timeMs: number) {
    this.#clock = clock;
    this.#timeMs = timeMs;
  }

  /** @param onLate Called once, unless `end` comes first. */
  begin(onLate: Deadline["onLate"]): Deadline {
    const begun = ringOfOne(this.#clock.monotonic() + this.#timeMs, onLate);
    begun.earlier = this.#ends.earlier;
    begun.later = this.#ends;
    begun.earlier.later = begun;
    this.#ends.earlier = begun;
    if (this.#disarm === undefined) this.#watch(this.#timeMs);
    return begun;
  }

  end(deadline: Deadline): void {
    deadline.earlier.later = deadline.later;
    deadline.later.earlier = deadline.earlier;
    deadline.earlier = deadline;
    deadline.later = deadline;
  }

  /** Ends the earliest as late if it had so long and is not `but`; `false` when it goes on. */
  hurry(afterMs: number, but?: Deadline): boolean {
    const earliest = this.#ends.later;
    const hadMs = this.#timeMs - (earliest.at - this.#clock.monotonic());
    if (earliest === but || hadMs < afterMs) return false;
    this.end(earliest);
    earliest.onLate(afterMs);
    return true;
  }

  /** No timer is left behind: what is late from now on is not told. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** The timer is armed again only when it has fired: most are done long before. */
  #watch(delayMs: number): void {
    if (this.#stopped) return;
    this.#disarm = this.#clock.setTimer(delayMs, () => {
      this.#disarm = undefined;
      this.#tellLate(this.#clock.monotonic());
      const earliest = this.#ends.later;
      if (earliest !== this.#ends) this.#watch(earliest.at - this.#clock.monotonic());
    });
  }

  /** A few at a time: a great many may have begun together. */
  #tellLate(now: number): void {
    for (let told = 0; told < LATE_AT_ONCE; told++) {
      const one = this.#ends.later;
      if (one.at > now) return;
      this.end(one);
      one.onLate(this.#timeMs);
    }
  }
}

function ringOfOne(at: number, onLate: Deadline["onLate"]): Deadline {
  const one = { at, onLate } as Deadline;
  one.earlier = one;
  one.later = one;
  return one;
}
