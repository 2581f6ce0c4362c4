/** A bounded number of workers: lower priority first, then first in, first out. */

import TinyQueue from "tinyqueue";

/** Where in the queue a request is. */
export interface Place {
  readonly priority: number;
  /** The logId of the job's start. */
  readonly order: number;
}

interface Request extends Place {
  /** Whether the job has to record that it begins, for which a full disk has no room. */
  readonly begins: boolean;
  readonly grant: () => void;
  /** Granted, or withdrawn. */
  isOver: boolean;
}

/** Takes a request back; it may have been granted already. */
export type Withdraw = () => void;

export class WorkerQueue {
  readonly #max: number;
  readonly #onDefect: (error: unknown) => void;
  readonly #going = new TinyQueue<Request>([], inQueueOrder);
  /** Apart from those that go on, since these may be held while those are granted. */
  readonly #beginning = new TinyQueue<Request>([], inQueueOrder);
  #holdsBeginning = false;
  #busy = 0;
  /** How many more than `max` may be granted now. */
  #spare = 0;
  #waiting = 0;
  #stopped = false;

  /** @param onDefect Takes what a grant throws: it is not for whoever gave a worker back. */
  constructor(max: number, onDefect: (error: unknown) => void) {
    this.#max = max;
    this.#onDefect = onDefect;
  }

  /** Workers with a job, as far as there are workers. */
  get busy(): number {
    return Math.min(this.#busy, this.#max);
  }

  get waiting(): number {
    return this.#waiting;
  }

  get max(): number {
    return this.#max;
  }

  /** Whether a request of this priority and order waits for a worker. */
  holds(priority: number, order: number): boolean {
    const isHere = (request: Request) =>
      !request.isOver && request.priority === priority && request.order === order;
    return this.#going.data.some(isHere) || this.#beginning.data.some(isHere);
  }

  /** How many requests are granted before one of this priority and order. */
  aheadOf(priority: number, order: number): number {
    const place = { priority, order };
    const isAhead = (request: Request) => !request.isOver && inQueueOrder(request, place) < 0;
    return this.#going.data.filter(isAhead).length + this.#beginning.data.filter(isAhead).length;
  }

  /**
   * The same of many places at once, which must ascend: one pass over the queue, however
   * many they are. `undefined` for a place at which nobody waits.
   */
  aheadOfEach(places: readonly Place[]): readonly (number | undefined)[] {
    const isHeld = places.map(() => false);
    // How many requests come between a place and the one before it.
    const between = places.map(() => 0);
    for (const request of [...this.#going.data, ...this.#beginning.data]) {
      if (request.isOver) continue;
      let at = indexNotBefore(places, request);
      for (; at < places.length && inQueueOrder(places[at] as Place, request) === 0; at++) {
        isHeld[at] = true;
      }
      if (at < places.length) between[at] = (between[at] ?? 0) + 1;
    }
    let ahead = 0;
    return between.map((count, index) => {
      ahead += count;
      return isHeld[index] ? ahead : undefined;
    });
  }

  /**
   * Calls `grant` when a worker is free.
   *
   * @param begins Whether the job has to record that it begins.
   * @returns What withdraws the request; nothing when it was granted at once.
   */
  request(
    priority: number,
    order: number,
    begins: boolean,
    grant: () => void,
  ): Withdraw | undefined {
    const request: Request = { priority, order, begins, grant, isOver: false };
    (begins ? this.#beginning : this.#going).push(request);
    this.#waiting++;
    this.#grantNext();
    return request.isOver ? undefined : () => this.#end(request);
  }

  /** Gives a granted worker back. */
  release(): void {
    this.#busy--;
    this.#grantNext();
  }

  /** Grants so many more than there are workers, for now. */
  spare(runs: number): void {
    this.#spare = runs;
    this.#grantNext();
  }

  /**
   * The disk has no room for a job that begins: those wait where they are in the queue, and
   * jobs that have begun get the workers.
   *
   * @param later Calls back when the disk may be asked again.
   */
  holdBeginning(later: (callback: () => void) => void): void {
    if (this.#holdsBeginning) return;
    this.#holdsBeginning = true;
    later(() => {
      this.#holdsBeginning = false;
      this.#grantNext();
    });
  }

  /** Grants nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  #end(request: Request): void {
    if (request.isOver) return;
    request.isOver = true;
    this.#waiting--;
  }

  #grantNext(): void {
    while (!this.#stopped && this.#busy < this.#max + this.#spare) {
      const request = this.#pop();
      if (request === undefined) return;
      this.#end(request);
      this.#busy++;
      try {
        request.grant();
      } catch (error) {
        this.#onDefect(error);
      }
    }
  }

  #pop(): Request | undefined {
    const going = first(this.#going);
    const beginning = this.#holdsBeginning ? undefined : first(this.#beginning);
    const goes = going !== undefined &&
      (beginning === undefined || inQueueOrder(going, beginning) < 0);
    return (goes ? this.#going : beginning && this.#beginning)?.pop();
  }
}

/** The first that is still waited for. */
function first(requests: TinyQueue<Request>): Request | undefined {
  while (requests.peek()?.isOver === true) requests.pop();
  return requests.peek();
}

/** Which of two is granted first. */
export function inQueueOrder(left: Place, right: Place): number {
  return left.priority - right.priority || left.order - right.order;
}

/** The index of the first of ascending places that does not come before another. */
function indexNotBefore(places: readonly Place[], place: Place): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inQueueOrder(places[middle] as Place, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
