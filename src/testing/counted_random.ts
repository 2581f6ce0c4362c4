/** Ids that count up, and a fraction that never changes: a run is reproducible to the letter. */

import type { Random } from "../engine/ports.ts";

export class CountedRandom implements Random {
  readonly #prefix: string;
  #count = 0;

  /** @param prefix Two of different prefixes never make the same id. */
  constructor(prefix = "01J") {
    this.#prefix = prefix;
  }

  ulid(): string {
    return this.#prefix + String(++this.#count).padStart(26 - this.#prefix.length, "0");
  }

  fraction(): number {
    return 0.5;
  }
}
