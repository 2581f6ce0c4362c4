/** Stays of many jobs, for looking up those that are open at one position after the other. */

import type { LogId } from "../core/ids.ts";
import type { JobOfType, Moment, PlaceHistory, Stay } from "./place_history.ts";

interface JobStay extends Stay {
  readonly job: JobOfType;
}

class Stays {
  readonly #all: readonly JobStay[];
  #next = 0;
  #at: LogId = 0;
  #open: readonly JobStay[] = [];

  constructor(all: readonly JobStay[]) {
    this.#all = all.toSorted((left, right) => left.from.logId - right.from.logId);
  }

  /** The stays open at a position, oldest first. Cheap for ascending positions. */
  at(logId: LogId): readonly JobStay[] {
    if (logId < this.#at) [this.#next, this.#open] = [0, []];
    this.#at = logId;
    const begun: JobStay[] = [];
    for (; (this.#all[this.#next]?.from.logId ?? Infinity) <= logId; this.#next++) {
      begun.push(this.#all[this.#next] as JobStay);
    }
    this.#open = [...this.#open, ...begun].filter(({ to }) => to === undefined || to.logId > logId);
    return this.#open;
  }
}

interface PlaceIndex {
  readonly held: Stays;
  readonly queued: Stays;
  /** By the key that the rate counts by; ascending. */
  readonly starts: ReadonlyMap<string | undefined, readonly Moment[]>;
}

const INDEXES = new WeakMap<PlaceHistory, PlaceIndex>();

export function indexPlaces(history: PlaceHistory): PlaceIndex {
  let index = INDEXES.get(history);
  if (index === undefined) INDEXES.set(history, index = newIndex(history));
  return index;
}

function newIndex({ others }: PlaceHistory): PlaceIndex {
  const starts = Map.groupBy(
    others.filter(({ began }) => began !== undefined),
    ({ rateKey }) => rateKey,
  );
  const inOrder = (jobs: readonly JobOfType[]) =>
    jobs.flatMap(({ began }) => began ?? []).toSorted((a, b) => a.logId - b.logId);
  return {
    held: new Stays(others.flatMap((job) => job.held.map((stay) => ({ ...stay, job })))),
    queued: new Stays(others.flatMap((job) => job.queued.map((stay) => ({ ...stay, job })))),
    starts: new Map([...starts].map(([rateKey, jobs]) => [rateKey, inOrder(jobs)])),
  };
}
