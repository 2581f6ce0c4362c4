/**
 * The index of values in this thread, for a journal that no other thread can read. It reads entries
 * only when it is queried.
 */

import type { LogId } from "../../core/ids.ts";
import type { Clock, Journal } from "../ports.ts";
import { within } from "../within.ts";
import { type FoundPositions, LAG_MS, type PastEvents, type Wanted } from "./past_events.ts";
import { ValueIndex } from "./value_index.ts";

const ENTRIES_AT_A_TIME = 500;

export class ReadPastEvents implements PastEvents {
  readonly #clock: Clock;
  readonly #read: Journal["read"];
  readonly #index = new ValueIndex();
  #wantedUpTo: LogId = 0;
  #reading: Promise<void> | undefined;

  /** @param read Returns durable entries after a position, as `Journal` does. */
  constructor(clock: Clock, read: Journal["read"]) {
    this.#clock = clock;
    this.#read = read;
  }

  durable(): void {}

  async find(wanted: Wanted, asOf: LogId): Promise<FoundPositions> {
    this.#wantedUpTo = Math.max(this.#wantedUpTo, asOf);
    if (this.#index.upTo < asOf) {
      this.#reading ??= this.#readOn();
      await within(this.#clock, LAG_MS, this.#reading);
    }
    return this.#index.find(wanted);
  }

  /** What cannot be read now may be readable later. */
  async #readOn(): Promise<void> {
    try {
      while (this.#index.upTo < this.#wantedUpTo) {
        const entries = await this.#read(this.#index.upTo, ENTRIES_AT_A_TIME);
        if (entries.length === 0) break;
        for (const entry of entries) this.#index.add(entry);
        await this.#clock.pause();
      }
    } catch {
      // The answer says how far the index got.
    } finally {
      this.#reading = undefined;
    }
  }
}
