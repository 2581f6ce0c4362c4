/**
 * Requests for a worker that pauses hold. They are kept apart, so that the queue stays fast however
 * many there are.
 */

import type { JobId, LogId } from "../../core/ids.ts";
import { holds, type Pausable, type Pause } from "../../core/pauses.ts";

/** How many jobs of a pause are named. */
export const FIRST_MAX = 5;

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

export class PausedRequests<Request extends PausableRequest> {
  readonly #compare: (left: Request, right: Request) => number;
  readonly #held = new Set<Request>();
  #pauses: readonly Pause[] = [];

  /** @param compare Below 0 when the left one goes first. */
  constructor(compare: (left: Request, right: Request) => number) {
    this.#compare = compare;
  }

  get all(): ReadonlySet<Request> {
    return this.#held;
  }

  isPaused(job: Pausable): boolean {
    return this.#pauses.some((pause) => holds(pause, job));
  }

  /** Takes a request; `false` when no pause holds it. */
  take(request: Request): boolean {
    if (!this.isPaused(request)) return false;
    this.hold(request);
    return true;
  }

  /** Takes a request that a pause is known to hold. */
  hold(request: Request): void {
    this.#held.add(request);
  }

  remove(request: Request): void {
    this.#held.delete(request);
  }

  /**
   * Other pauses are in force.
   *
   * @returns The requests that none of them holds any more.
   */
  change(pauses: readonly Pause[]): readonly Request[] {
    this.#pauses = pauses;
    const released = [...this.#held].filter((request) => !this.isPaused(request));
    for (const request of released) this.#held.delete(request);
    return released;
  }

  /** @param upTo Jobs that started after this position do not count: that is not durable yet. */
  heldBy(pause: Pause, upTo: LogId): Held<Request> {
    let jobs = 0;
    let first: Request[] = [];
    for (const request of this.#held) {
      if (request.order > upTo || !holds(pause, request)) continue;
      jobs++;
      const last = first.at(-1);
      if (first.length === FIRST_MAX && last && this.#compare(request, last) > 0) continue;
      first = [...first, request].toSorted(this.#compare).slice(0, FIRST_MAX);
    }
    return { jobs, first };
  }
}
