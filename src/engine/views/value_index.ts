/**
 * The index of values in memory: which entries carry a value anywhere in them, so that an
 * explanation finds the event that was meant, whatever its type, form or place. When there are very
 * many entries, the oldest are forgotten. It is a function of the entries.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { FoundPositions, Wanted } from "./past_events.ts";
import { Postings } from "./postings.ts";
import { valueKeys } from "./value_keys.ts";

const GENERATION_POSTINGS = 1 << 20;

export class ValueIndex {
  readonly #generationPostings: number;
  #young = new Postings();
  #old = new Postings();
  #horizon: LogId = 0;
  #upTo: LogId = 0;

  constructor(generationPostings = GENERATION_POSTINGS) {
    this.#generationPostings = generationPostings;
  }

  get upTo(): LogId {
    return this.#upTo;
  }

  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  /** Files an entry; positions ascend. */
  add(entry: JobEventLogEntry): void {
    if (this.#young.size >= this.#generationPostings) {
      this.#horizon = this.#old.last;
      [this.#old, this.#young] = [this.#young, new Postings()];
    }
    for (const key of valueKeys(entry)) this.#young.add(key, entry.logId);
    this.#upTo = entry.logId;
  }

  find(wanted: Wanted): FoundPositions {
    const positions = new Map<number, readonly LogId[]>();
    for (const [key, limit] of wanted) {
      const young = this.#young.newest(key, limit);
      positions.set(key, [...young, ...this.#old.newest(key, limit - young.length)]);
    }
    return { positions, horizon: this.#horizon, upTo: this.#upTo };
  }
}
