/**
 * When and how the simulated disk fails: each operation may be struck, until the budget is used up.
 */

import type { Dice } from "./dice.ts";

/** How a process crashes: alone, or with its machine. */
export type Crash = "kill" | "power";
/** `error` is EIO; a failed sync drops pages; `full` lasts for a while. */
export type Strike = Crash | "error" | "failedSync" | "full";

/** The chances that an operation is struck, and that a sync takes long. */
export interface Climate extends Readonly<Record<Strike, number>> {
  readonly slow: number;
  /** The maximum number of strikes. */
  readonly budget: number;
  /** How long a full disk stays full. */
  readonly fullMs: readonly number[];
  /** How long users do nothing. */
  readonly napsMs: readonly number[];
}

export const CALM: Climate = {
  ...{ kill: 0, power: 0, error: 0, failedSync: 0, full: 0, slow: 0, budget: 0 },
  fullMs: [20, 200, 3_000],
  napsMs: [0, 1, 20, 300, 3_000],
};

const CLIMATES: readonly Climate[] = [
  { ...CALM, power: 0.02, budget: 3 },
  { ...CALM, power: 0.01, kill: 0.01, slow: 0.2, budget: 3 },
  { ...CALM, error: 0.015, kill: 0.004, power: 0.008, budget: 4 },
  { ...CALM, failedSync: 0.08, kill: 0.004, power: 0.008, budget: 4 },
  { ...CALM, full: 0.03, power: 0.01, kill: 0.004, slow: 0.1, budget: 4 },
  {
    ...CALM,
    kill: 0.008,
    power: 0.008,
    error: 0.008,
    failedSync: 0.01,
    full: 0.008,
    slow: 0.1,
    budget: 5,
  },
];

/** Nothing fails, but the disk is sometimes full. */
export const OFTEN_FULL: Climate = { ...CALM, full: 0.03, slow: 0.1, budget: 8 };

/** The same for so long that requests waiting behind one that needs room become visible. */
export const LONG_FULL: Climate = {
  ...{ ...OFTEN_FULL, full: 0.02, budget: 3 },
  fullMs: [3_000, 100_000],
  napsMs: [0, 0, 20, 300, 60_000],
};

const STRIKES: readonly Strike[] = ["kill", "power", "error", "full", "failedSync"];

export function anyClimate(dice: Dice): Climate {
  const climate = dice.pick(CLIMATES);
  // Some worlds are calm for long, so that much is recorded before something happens.
  const calmer = dice.pick([1, 1, 3, 10]);
  return {
    ...climate,
    kill: climate.kill / calmer,
    power: climate.power / calmer,
    error: climate.error / calmer,
    failedSync: climate.failedSync / calmer,
    full: climate.full / calmer,
  };
}

export class Weather {
  readonly struck: Record<Strike, number> = {
    kill: 0,
    power: 0,
    error: 0,
    failedSync: 0,
    full: 0,
  };
  #isOver = false;
  #isFull = false;
  /** Bytes of room on a full disk after a file was removed. */
  #spared = 0;
  /** Strikes since the process was started last. */
  strikesInLife = 0;
  /** Whether there was no room at some point since then. */
  wasFullInLife = false;

  constructor(private readonly dice: Dice, private readonly climate: Climate) {}

  get strikes(): number {
    return Object.values(this.struck).reduce((sum, count) => sum + count, 0);
  }

  fullMs(): number {
    return this.dice.pick(this.climate.fullMs);
  }

  napMs(): number {
    return this.dice.pick(this.climate.napsMs);
  }

  /** There is no room for now. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** A crash of the process or the machine, independent of disk operations. */
  count(strike: Strike): void {
    this.struck[strike]++;
    this.strikesInLife++;
  }

  /** What happens to an operation. */
  strike(isSync: boolean): Strike | undefined {
    if (this.#isOver || this.strikes >= this.climate.budget) return undefined;
    let fraction = this.dice.fraction();
    for (const strike of STRIKES) {
      if (strike === "failedSync" && !isSync) continue;
      fraction -= this.climate[strike];
      if (fraction < 0) return strike;
    }
    return undefined;
  }

  fill(): void {
    this.#isFull = true;
    this.wasFullInLife = true;
    this.#spared = 0;
  }

  /** A file is removed from a full disk to make room. */
  spare(bytes: number): void {
    if (this.#isFull) this.#spared = Math.max(this.#spared, bytes);
  }

  get spared(): number {
    return this.#spared;
  }

  /** Whether a write finds reserved room, which it uses. */
  takeSpared(bytes: number): boolean {
    if (this.#spared < bytes || this.#spared === 0) return false;
    this.#spared -= bytes;
    return true;
  }

  makeRoom(): void {
    this.#isFull = false;
  }

  /** How long a sync takes, in milliseconds. */
  syncMs(): number {
    const { slow } = this.climate;
    if (this.#isOver || !this.dice.chance(slow)) return this.dice.pick([0, 0, 1]);
    return this.dice.pick([5, 50, 1_500]);
  }

  /** Nothing fails from now on. */
  end(): void {
    this.#isOver = true;
    this.#isFull = false;
  }
}
