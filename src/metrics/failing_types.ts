/** Which types of jobs fail. There are as many counters as definitions, and two more. */

import type { ConditionChange } from "../engine/ports.ts";
import type { FailingType } from "../http/http_deps.ts";
import { IntervalRing, sumOf } from "./interval_ring.ts";

const MINUTE_MS = 60_000;
/** The minute that is not over yet is one of them. */
const MINUTES = 60;

export class FailingTypes {
  readonly #labels: readonly FailingType["type"][];
  readonly #columnOf: ReadonlyMap<string, number>;
  readonly #sinceStart: number[];
  readonly #recent: IntervalRing;

  /** @param types Those of the definitions that are loaded. */
  constructor(types: readonly string[], nowMs: number) {
    this.#labels = [
      { of: "plan" },
      { of: "other" },
      ...types.map((name) => ({ of: "definition", name }) as const),
    ];
    this.#columnOf = new Map(types.map((name, index) => [name, index + 2]));
    this.#sinceStart = this.#labels.map(() => 0);
    this.#recent = new IntervalRing(MINUTE_MS, MINUTES, this.#labels.length, nowMs);
  }

  failed({ type }: ConditionChange, nowMs: number): void {
    const column = type === undefined ? 0 : this.#columnOf.get(type) ?? 1;
    this.#sinceStart[column] = (this.#sinceStart[column] ?? 0) + 1;
    this.#recent.add(nowMs, column);
  }

  read(nowMs: number): readonly FailingType[] {
    const lastHour = sumOf(this.#recent.read(nowMs), this.#labels.length);
    return this.#labels
      .map((type, column) => ({
        type,
        lastHour: lastHour[column] ?? 0,
        sinceStart: this.#sinceStart[column] ?? 0,
      }))
      .filter(({ sinceStart }) => sinceStart > 0)
      .toSorted((left, right) =>
        right.lastHour - left.lastHour || right.sinceStart - left.sinceStart
      );
  }
}
