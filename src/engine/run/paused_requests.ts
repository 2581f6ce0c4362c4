/**
 * Requests for a worker that pauses hold. They are kept apart, so that the queue stays fast however
 * many there are.
 */

import type { JobId, LogId } from "../../core/ids.ts";
import { holder, type Pausable, type Pause } from "../../core/pauses.ts";

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

/** What other pauses than before come to. */
export interface PauseChange<Request> {
  /** Those that were not in force. */
  readonly begun: readonly Pause[];
  /** Requests that no pause holds any more. */
  readonly released: readonly Request[];
}

/** Whether one of these pauses at least holds a job. */
export function heldByAny(pauses: readonly Pause[]): (job: Pausable) => boolean {
  const holders = pauses.map(holder);
  return (job) => holders.some((isHeld) => isHeld(job));
}

export class PausedRequests<Request extends PausableRequest> {
  readonly #compare: (left: Request, right: Request) => number;
  readonly #held = new Set<Request>();
  #pauses: readonly Pause[] = [];
  #holders: readonly ((job: Pausable) => boolean)[] = [];

  /** @param compare Below 0 when the left one goes first. */
  constructor(compare: (left: Request, right: Request) => number) {
    this.#compare = compare;
  }

  get all(): ReadonlySet<Request> {
    return this.#held;
  }

  isPaused(job: Pausable): boolean {
    return this.#holders.some((isHeld) => isHeld(job));
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
   * Other pauses are in force. There may be very many requests: each is compared with what has
   * changed, and with all pauses only where one has ended that held it.
   */
  change(pauses: readonly Pause[]): PauseChange<Request> {
    const begun = pauses.filter((pause) => !this.#pauses.includes(pause));
    const ended = this.#pauses.filter((pause) => !pauses.includes(pause));
    this.#pauses = pauses;
    this.#holders = pauses.map(holder);
    const held = heldByAny(ended);
    const released = ended.length === 0
      ? []
      : [...this.#held].filter((request) => held(request) && !this.isPaused(request));
    for (const request of released) this.#held.delete(request);
    return { begun, released };
  }

  /** @param upTo Jobs that started after this position do not count: that is not durable yet. */
  heldBy(pause: Pause, upTo: LogId): Held<Request> {
    const isHeld = holder(pause);
    let jobs = 0;
    let first: Request[] = [];
    for (const request of this.#held) {
      if (request.order > upTo || !isHeld(request)) continue;
      jobs++;
      const last = first.at(-1);
      if (first.length === FIRST_MAX && last && this.#compare(request, last) > 0) continue;
      first = [...first, request].toSorted(this.#compare).slice(0, FIRST_MAX);
    }
    return { jobs, first };
  }
}
