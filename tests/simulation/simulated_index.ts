/**
 * The index of ended jobs on a machine that may stop at any moment: the next process finds the last
 * state, an older one, or nothing. It is only a cache.
 */

import type { JobIndex } from "../../src/engine/job_index.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import type { Dice } from "./dice.ts";

export class SimulatedIndex {
  #last = MemoryIndex.empty();
  #older = MemoryIndex.empty();

  constructor(private readonly dice: Dice) {}

  /** The index of a process that starts now. */
  next(): JobIndex {
    const found = this.#found();
    this.#older = this.dice.chance(0.5) ? this.#last.asAfterKill() : this.#older;
    return this.#last = found;
  }

  #found(): MemoryIndex {
    switch (this.dice.kind({ last: 6, older: 2, nothing: 1 })) {
      case "last":
        return this.#last.asAfterKill();
      case "older":
        return this.#older.asAfterKill();
      case "nothing":
        return MemoryIndex.empty();
    }
  }
}
