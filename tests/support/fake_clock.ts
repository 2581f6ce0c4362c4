/** The manual clock and counted ids of `daybook/testing`, with what tests of the engine ask for. */

import { ulid } from "@std/ulid";
import { CountedRandom } from "../../src/testing/counted_random.ts";
import { EPOCH_MS, ManualClock } from "../../src/testing/manual_clock.ts";

export { EPOCH_MS };

export class FakeClock extends ManualClock {
  /** How often someone let others run. */
  turns = 0;

  override nextTurn(): Promise<void> {
    this.turns++;
    return super.nextTurn();
  }

  /** How many timers are armed. */
  get armed(): number {
    return this.timers.length;
  }

  /** Lets everything that is ready run, through many turns and disk operations. */
  async settle(turns = 30): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await this.nextTurn();
  }

  /** Sets the time of day, ahead or back, without any timer noticing, as an operator may. */
  jump(ms: number): void {
    this.nowMs += ms;
    this.setMs += ms;
    for (const timer of this.timers) timer.atMs += ms;
  }

  /** Moves on, calling back each timer at its time, with everything settled in between. */
  override advance(ms: number): Promise<void> {
    return super.advance(ms, () => this.settle());
  }

  /** Moves on in one go, calling back each timer at its time; nothing else runs meanwhile. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.callNext(endMs));
    this.nowMs = endMs;
  }
}

export class FakeRandom extends CountedRandom {}

/** ULIDs of the time of a clock, as the engine's own are. */
export class TimedRandom extends FakeRandom {
  #made = 0;

  constructor(private readonly clock: FakeClock) {
    super();
  }

  override ulid(): string {
    return ulid(this.clock.now()).slice(0, 10) + String(++this.#made).padStart(16, "0");
  }
}
