/**
 * The manual clock and counted ids of `daybook/testing`, with additions for tests of the engine.
 */

import { ulid } from "@std/ulid";
import { CountedRandom, EPOCH_MS, ManualClock } from "../../src/testing/stand_ins.ts";

export { EPOCH_MS };

export class FakeClock extends ManualClock {
  /** How often code yielded. */
  turns = 0;

  override nextTurn(): Promise<void> {
    this.turns++;
    return super.nextTurn();
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.timers.length;
  }

  /** Runs everything that is ready, over many turns and disk operations. */
  async settle(turns = 30): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await this.nextTurn();
  }

  /** Sets the time of day, forward or back, without affecting timers, as an operator may. */
  jump(ms: number): void {
    this.nowMs += ms;
    this.setMs += ms;
    for (const timer of this.timers) timer.atMs += ms;
  }

  /** Lets time pass without a timer firing, as while code does not yield. */
  block(ms: number): void {
    this.nowMs += ms;
  }

  /** Advances, firing each timer at its time, with everything settled in between. */
  override advance(ms: number): Promise<void> {
    return super.advance(ms, () => this.settle());
  }

  /** Advances in one go, firing each timer at its time; nothing else runs meanwhile. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.callNext(endMs));
    this.nowMs = endMs;
  }
}

export class FakeRandom extends CountedRandom {}

/** ULIDs with the time of a clock, like the engine's own. */
export class TimedRandom extends FakeRandom {
  #made = 0;

  constructor(private readonly clock: FakeClock) {
    super();
  }

  override ulid(): string {
    return ulid(this.clock.now()).slice(0, 10) + String(++this.#made).padStart(16, "0");
  }
}

/** The time on a fake clock, in milliseconds from its beginning, as RFC 3339. */
export function timeIn(ms: number): string {
  return new Date(EPOCH_MS + ms).toISOString();
}
