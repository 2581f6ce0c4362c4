/**
 * Ids that count up, and a fraction that never changes, so that runs are reproducible to the
 * letter.
 */

import type { Random } from "../engine/ports.ts";

export class CountedRandom implements Random {
  readonly #prefix: string;
  #count = 0;

  /** @param prefix Generators with different prefixes never produce the same id. */
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
