/**
 * The entries that an explanation looks at one by one. Of a long history these are the first and
 * the last, and between them those that came but did not count, since they may have been meant to.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import { type JsonObject, jsonSize } from "../core/json.ts";

export interface KeptEntry {
  readonly entry: JobEventLogEntry;
  /** `fact`: from outside. `ownFact`: recorded by Daybook, of a type in the plan. */
  readonly kind: "fact" | "ownFact" | "other";
  /** Whether it counted for an expectation, or moved the job. */
  readonly counted: boolean;
}

interface Limit {
  readonly entries: number;
  readonly characters: number;
}

const FIRST: Limit = { entries: 500, characters: 2 * 1024 * 1024 };
const OVERLOOKED: Limit = { entries: 500, characters: 2 * 1024 * 1024 };
const LAST: Limit = { entries: 4_500, characters: 12 * 1024 * 1024 };

export class KeptEntries {
  readonly #first = new Kept(FIRST);
  readonly #overlooked = new Kept(OVERLOOKED);
  readonly #last = new Kept(LAST);
  /** How many were not kept. */
  passed = 0;

  add(kept: KeptEntry): void {
    if (this.#last.isEmpty && this.#first.hasRoom) {
      this.#first.add(kept);
      return;
    }
    for (const old of this.#last.addInPlace(kept)) this.#pass(old);
  }

  /** In order. */
  get all(): readonly KeptEntry[] {
    return [...this.#first.all, ...this.#overlooked.all, ...this.#last.all];
  }

  #pass(old: KeptEntry): void {
    const isOverlooked = old.kind !== "other" && !old.counted;
    this.passed += isOverlooked ? this.#overlooked.addInPlace(old).length : 1;
  }
}

/** A buffer bounded by entries and characters, which drops the oldest first. */
class Kept {
  readonly #limit: Limit;
  #kept: KeptEntry[] = [];
  /** The index of the oldest that is left. */
  #start = 0;
  #characters = 0;

  constructor(limit: Limit) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get hasRoom(): boolean {
    return this.#count < this.#limit.entries && this.#characters < this.#limit.characters;
  }

  get all(): readonly KeptEntry[] {
    return this.#kept.slice(this.#start);
  }

  get #count(): number {
    return this.#kept.length - this.#start;
  }

  add(kept: KeptEntry): void {
    this.#kept.push(kept);
    this.#characters += sizeOf(kept);
  }

  /**
   * Adds an entry.
   *
   * @returns The entries that were dropped for it.
   */
  addInPlace(kept: KeptEntry): readonly KeptEntry[] {
    const gone: KeptEntry[] = [];
    while (!this.hasRoom) {
      const oldest = this.#kept[this.#start];
      if (oldest === undefined) break;
      this.#start += 1;
      this.#characters -= sizeOf(oldest);
      gone.push(oldest);
    }
    if (this.#start > this.#limit.entries) [this.#kept, this.#start] = [[...this.all], 0];
    this.add(kept);
    return gone;
  }
}

function sizeOf({ entry: { attributes } }: KeptEntry): number {
  return jsonSize(attributes as JsonObject);
}
