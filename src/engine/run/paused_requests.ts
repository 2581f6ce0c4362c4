/**
 * Requests for a worker that pauses hold. They are kept apart, so that the queue stays fast however
 * many there are, and in groups by the pauses that hold them, so that it is known at any time how
 * many each pause holds.
 */

import TinyQueue from "tinyqueue";
import type { Work } from "../../core/work.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { holder, isOfEverything, type Pausable, type Pause } from "../../core/pauses.ts";

/** How many jobs of a pause are named. */
export const FIRST_MAX = 5;
/** Requests that have left stay in the order of their group until they are this many and most. */
const LEFT_MAX = 1_000;

export interface PausableRequest extends Pausable {
  readonly jobId: JobId;
  /** The `logId` of the job's start. */
  readonly order: number;
}

export interface Held<Request> {
  readonly jobs: number;
  /** The first in the queue, at most `FIRST_MAX`. */
  readonly first: readonly Request[];
}

/** A pause, and whether it holds a job. */
export type Holder = readonly [Pause, (job: Pausable) => boolean];

/** What other pauses than before come to. */
export interface PauseChange {
  readonly begun: readonly Holder[];
  readonly ended: ReadonlySet<Pause>;
}

/** Requests that the same pauses hold. */
interface Group<Request> {
  /** Oldest first. */
  pauses: readonly Pause[];
  size: number;
  /** In the order of the queue; some may have left. */
  requests: TinyQueue<Request>;
}

export class PausedRequests<Request extends PausableRequest> {
  readonly #compare: (left: Request, right: Request) => number;
  readonly #groupOf = new Map<Request, Group<Request>>();
  /** By the pauses that hold them. */
  readonly #groups = new Map<string, Group<Request>>();
  /** Those whose start was not known to be durable; the rest is counted without a look. */
  #fresh: Request[] = [];
  #pauses: readonly Pause[] = [];
  #holders: readonly Holder[] = [];

  /** @param compare Below 0 when the left one goes first. */
  constructor(compare: (left: Request, right: Request) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#groupOf.size;
  }

  get all(): MapIterator<Request> {
    return this.#groupOf.keys();
  }

  isPaused(job: Pausable): boolean {
    return this.#holders.some(([, isHeld]) => isHeld(job));
  }

  /**
   * Takes a request, unless no pause holds it.
   *
   * @param holders Of the pauses that may hold it.
   * @param as What to take in its place.
   * @returns What it took.
   */
  take(
    request: Request,
    holders = this.#holders,
    as: () => Request = () => request,
  ): Request | undefined {
    const pauses: Pause[] = [];
    for (const [pause, isHeld] of holders) if (isHeld(request)) pauses.push(pause);
    if (pauses.length === 0) return undefined;
    const taken = as();
    this.#add(taken, this.#groupFor(pauses));
    if (this.#fresh.length > LEFT_MAX + 2 * this.size) {
      this.#fresh = this.#fresh.filter((request) => this.#groupOf.has(request));
    }
    this.#fresh.push(taken);
    return taken;
  }

  remove(request: Request): void {
    const group = this.#groupOf.get(request);
    if (group === undefined) return;
    this.#groupOf.delete(request);
    this.#shrink(group);
  }

  /** Other pauses are in force: they hold later requests. `begin` and `end` do the rest. */
  change(pauses: readonly Pause[]): PauseChange {
    const begun = pauses.filter((pause) => !this.#pauses.includes(pause)).map(toHolder);
    const ended = new Set(this.#pauses.filter((pause) => !pauses.includes(pause)));
    this.#pauses = pauses;
    this.#holders = pauses.map(toHolder);
    return { begun, ended };
  }

  /** A pause has begun: compares only this one with what was held already. */
  *begin([pause, isHeld]: Holder): Work<void> {
    for (const group of [...this.#groups.values()]) {
      if (group.pauses.includes(pause)) continue;
      const pauses = [...group.pauses, pause];
      if (isOfEverything(pause)) {
        yield* this.#rename(group, pauses);
        continue;
      }
      for (const request of [...group.requests.data]) {
        yield;
        if (this.#groupOf.get(request) !== group || !isHeld(request)) continue;
        this.#add(request, this.#groupFor(pauses));
        this.#shrink(group);
      }
    }
  }

  /** These have ended: gives back what no pause holds any more, the first in the queue first. */
  *end(ended: ReadonlySet<Pause>, release: (request: Request) => void): Work<void> {
    for (const group of [...this.#groups.values()]) {
      const pauses = group.pauses.filter((pause) => !ended.has(pause));
      if (pauses.length === group.pauses.length) continue;
      if (pauses.length > 0) {
        yield* this.#rename(group, pauses);
        continue;
      }
      for (let next = group.requests.pop(); next !== undefined; next = group.requests.pop()) {
        if (this.#groupOf.get(next) === group) {
          this.remove(next);
          release(next);
        }
        yield;
      }
    }
  }

  /**
   * @param upTo Jobs that started after this position do not count: that is not durable yet. Never
   * less than before.
   */
  heldBy(pause: Pause, upTo: LogId): Held<Request> {
    const groups = [...this.#groups.values()].filter(({ pauses }) => pauses.includes(pause));
    const first = groups.flatMap((group) => this.#firstOf(group, upTo)).toSorted(this.#compare);
    this.#fresh = this.#fresh.filter((one) => one.order > upTo && this.#groupOf.has(one));
    const fresh = this.#fresh.filter((one) => this.#groupOf.get(one)?.pauses.includes(pause));
    const jobs = groups.reduce((sum, { size }) => sum + size, 0) - fresh.length;
    return { jobs, first: first.slice(0, FIRST_MAX) };
  }

  #firstOf(group: Group<Request>, upTo: LogId): readonly Request[] {
    // One that has left and come back may be there twice.
    const taken = new Set<Request>();
    let durable = 0;
    while (durable < FIRST_MAX) {
      const next = group.requests.pop();
      if (next === undefined) break;
      if (this.#groupOf.get(next) !== group || taken.has(next)) continue;
      taken.add(next);
      if (next.order <= upTo) durable++;
    }
    for (const request of taken) group.requests.push(request);
    return [...taken].filter(({ order }) => order <= upTo);
  }

  /** Other pauses hold it; where those hold a group already, the smaller joins the larger. */
  *#rename(group: Group<Request>, pauses: readonly Pause[]): Work<void> {
    this.#groups.delete(keyOf(group.pauses));
    group.pauses = pauses;
    const key = keyOf(pauses);
    const same = this.#groups.get(key);
    const [larger, smaller] = same === undefined || same.size < group.size
      ? [group, same]
      : [same, group];
    this.#groups.set(key, larger);
    for (const request of [...smaller?.requests.data ?? []]) {
      if (this.#groupOf.get(request) === smaller) this.#add(request, larger);
      yield;
    }
  }

  #groupFor(pauses: readonly Pause[]): Group<Request> {
    const key = keyOf(pauses);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const requests = new TinyQueue<Request>([], this.#compare);
      this.#groups.set(key, group = { pauses, size: 0, requests });
    }
    return group;
  }

  #add(request: Request, group: Group<Request>): void {
    this.#groupOf.set(request, group);
    group.requests.push(request);
    group.size++;
  }

  /** One request less. */
  #shrink(group: Group<Request>): void {
    group.size--;
    const key = keyOf(group.pauses);
    if (group.size === 0 && this.#groups.get(key) === group) {
      this.#groups.delete(key);
    } else if (group.requests.length > LEFT_MAX + 2 * group.size) {
      const left = group.requests.data.filter((request) => this.#groupOf.get(request) === group);
      group.requests = new TinyQueue(left, this.#compare);
    }
  }
}

function toHolder(pause: Pause): Holder {
  return [pause, holder(pause)];
}

function keyOf(pauses: readonly Pause[]): string {
  return pauses.map(({ by }) => by).join();
}
