/** The only source of chance in a simulated world: one seed decides everything. */

import { ulid } from "@std/ulid";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Random } from "../../src/engine/ports.ts";

const FRACTIONS = 2 ** 30;
/** Skips the first numbers, which are similar for similar seeds. */
const DISCARDED = 32;

export class Dice {
  readonly #generator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
    for (let count = 0; count < DISCARDED; count++) this.fraction();
  }

  /** An integer, including both ends. */
  between(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** From 0 up to 1. */
  fraction(): number {
    return this.between(0, FRACTIONS - 1) / FRACTIONS;
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError("Cannot pick: there is nothing to pick from");
    return item;
  }

  /** One of several kinds, by weight. */
  kind<Kind extends string>(weights: Readonly<Record<Kind, number>>): Kind {
    const kinds = Object.entries<number>(weights) as [Kind, number][];
    let rest = this.fraction() * kinds.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of kinds) if ((rest -= weight) < 0) return kind;
    return kinds[kinds.length - 1]?.[0] as Kind;
  }
}

/** The ULID of a time in milliseconds since the epoch, with a given counter. */
export function ulidOf(ms: number, end: string): string {
  return ulid(Math.floor(ms)).slice(0, 10) + end.padStart(16, "0");
}

/** ULIDs of the time of day that count up across all processes, and fractions from the dice. */
export class SimulatedRandom implements Random {
  #count = 0;

  constructor(private readonly dice: Dice, private readonly timeOfDayMs: () => number) {}

  ulid(): string {
    return ulidOf(this.timeOfDayMs(), `${++this.#count}`);
  }

  fraction(): number {
    return this.dice.fraction();
  }
}
