/**
 * The network between one simulated machine and the database: slow, sometimes cut, and without
 * certainty about the outcome of a statement.
 */

import type { Dice } from "./dice.ts";
import { type Scheduler, WORLD } from "./scheduler.ts";
import type { SimulatedDatabase } from "./simulated_database.ts";
import type { Trace } from "./trace.ts";

type Way = "requests" | "answers";

/** The fate of a statement: it is answered, or the connection breaks at some point. */
type Fate = "answered" | "notSent" | "notAnswered" | "sentLate";

export interface LinkParts {
  readonly dice: Dice;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly database: SimulatedDatabase;
  /** Ends the machine, or the process on it, now. */
  readonly kill: () => void;
}

export class Link {
  readonly #cut = new Set<Way>();
  #waiting: (() => void)[] = [];
  /** Chances per statement: the connection breaks, and the process dies. */
  #breaks = 0;
  #deaths = 0;

  constructor(readonly parts: LinkParts) {}

  get isCut(): boolean {
    return this.#cut.size > 0;
  }

  becomeRough(breaks: number, deaths: number): void {
    this.#breaks = breaks;
    this.#deaths = deaths;
  }

  cut(...ways: readonly Way[]): void {
    for (const way of ways) this.#cut.add(way);
  }

  /** Pending messages arrive. */
  mend(): void {
    this.#cut.clear();
    for (const carry of this.#waiting.splice(0)) carry();
  }

  /** @param life The process that receives it; a database has none. */
  carry(way: Way, life: number, arrive: () => void): void {
    const { scheduler, dice } = this.parts;
    scheduler.after(dice.pick([0, 0, 1, 3]), WORLD, () => {
      const deliver = () => void scheduler.after(0, life, arrive);
      if (this.#cut.has(way)) this.#waiting.push(deliver);
      else deliver();
    });
  }

  fate(): Fate {
    const { dice, kill } = this.parts;
    if (dice.chance(this.#deaths)) kill();
    if (!dice.chance(this.#breaks)) return "answered";
    return dice.pick(["notSent", "notAnswered", "sentLate"]);
  }
}
