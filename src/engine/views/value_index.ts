/**
 * The index of values in memory: which entries carry a value anywhere in them, so that an
 * explanation finds the event that was meant, whatever its type, form or place. When there are very
 * many entries, the oldest are forgotten. It is a function of the entries.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Clock, Journal } from "../ports.ts";
import { within } from "../turns.ts";
import { type FoundPositions, LAG_MS, type PastEvents, type WantedKeys } from "./past_events.ts";
import { Postings } from "./postings.ts";
import { valueKeys } from "./value_keys.ts";

const GENERATION_POSTINGS = 1 << 20;
const ENTRIES_AT_A_TIME = 500;

export class ValueIndex {
  #young = new Postings();
  #old = new Postings();
  #horizon: LogId = 0;
  #upTo: LogId = 0;

  constructor(private readonly generationPostings = GENERATION_POSTINGS) {}

  get upTo(): LogId {
    return this.#upTo;
  }

  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  /** Files an entry; positions ascend. */
  add(entry: JobEventLogEntry): void {
    if (this.#young.size >= this.generationPostings) {
      this.#horizon = this.#old.last;
      [this.#old, this.#young] = [this.#young, new Postings()];
    }
    for (const key of valueKeys(entry)) this.#young.add(key, entry.logId);
    this.#upTo = entry.logId;
  }

  find(wanted: WantedKeys): FoundPositions {
    const positions = new Map<number, readonly LogId[]>();
    for (const [key, limit] of wanted) {
      const young = this.#young.newest(key, limit);
      positions.set(key, [...young, ...this.#old.newest(key, limit - young.length)]);
    }
    return { positions, horizon: this.#horizon, upTo: this.#upTo };
  }
}

/**
 * The index of values in this thread, for a small journal, or one that no other thread can read. It
 * reads entries only when it is queried.
 */
export class ReadPastEvents implements PastEvents {
  readonly #index = new ValueIndex();
  #wantedUpTo: LogId = 0;
  #reading: Promise<void> | undefined;

  /** @param read Returns durable entries after a position, as `Journal` does. */
  constructor(private readonly clock: Clock, private readonly read: Journal["read"]) {}

  durable(): void {}

  async find(wanted: WantedKeys, asOf: LogId): Promise<FoundPositions> {
    this.#wantedUpTo = Math.max(this.#wantedUpTo, asOf);
    if (this.#index.upTo < asOf) {
      this.#reading ??= this.#readOn();
      await within(this.clock, LAG_MS, this.#reading);
    }
    return this.#index.find(wanted);
  }

  /** What cannot be read now may be readable later. */
  async #readOn(): Promise<void> {
    try {
      while (this.#index.upTo < this.#wantedUpTo) {
        const entries = await this.read(this.#index.upTo, ENTRIES_AT_A_TIME);
        if (entries.length === 0) break;
        for (const entry of entries) this.#index.add(entry);
        await this.clock.pause();
      }
    } catch {
      // The answer says how far the index got.
    } finally {
      this.#reading = undefined;
    }
  }
}
