/**
 * Works on many things side by side: on few at a time, so that their memory is soon free
 * again, and on more while those only wait for a timer.
 */

import type { Clock } from "../engine/ports.ts";

const BUSY_MAX = 100;
const BEGUN_MAX = 5_000;

export class CheckPool<Item> {
  readonly #items: readonly Item[];
  readonly #clock: Clock;
  readonly #work: (item: Item, clock: Clock) => Promise<void>;
  readonly #done = Promise.withResolvers<void>();
  #next = 0;
  #begun = 0;
  #waiting = 0;

  /** @param work Takes its time from the clock that it is given, one timer at a time. */
  constructor(
    items: readonly Item[],
    clock: Clock,
    work: (item: Item, clock: Clock) => Promise<void>,
  ) {
    this.#items = items;
    this.#clock = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      nextTurn: () => clock.nextTurn(),
      pause: () => clock.pause(),
      setTimer: (delayMs, callback) => this.#wait(clock, delayMs, callback),
    };
    this.#work = work;
  }

  /** Resolves when all is done; rejects with the first failure. */
  async run(): Promise<void> {
    this.#beginMore();
    await this.#done.promise;
  }

  #beginMore(): void {
    while (
      this.#next < this.#items.length && this.#begun < BEGUN_MAX &&
      this.#begun - this.#waiting < BUSY_MAX
    ) void this.#begin(this.#items[this.#next++] as Item);
    if (this.#begun === 0) this.#done.resolve();
  }

  async #begin(item: Item): Promise<void> {
    this.#begun++;
    try {
      await this.#work(item, this.#clock);
    } catch (error) {
      this.#done.reject(error);
    } finally {
      this.#begun--;
      this.#beginMore();
    }
  }

  #wait(clock: Clock, delayMs: number, callback: () => void): () => void {
    let isWaiting = true;
    const end = () => {
      if (isWaiting) this.#waiting--;
      isWaiting = false;
    };
    const cancel = clock.setTimer(delayMs, () => {
      end();
      callback();
    });
    this.#waiting++;
    this.#beginMore();
    return () => {
      end();
      cancel();
    };
  }
}
