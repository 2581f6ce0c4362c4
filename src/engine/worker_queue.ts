/** A bounded number of workers: lower priority first, then first in, first out. */

import TinyQueue from "tinyqueue";

interface Request {
  readonly priority: number;
  /** The logId of the job's start. */
  readonly order: number;
  readonly grant: () => void;
  cancelled: boolean;
}

export class WorkerQueue {
  readonly #max: number;
  readonly #requests = new TinyQueue<Request>([], compare);
  #busy = 0;
  #waiting = 0;
  #stopped = false;

  constructor(max: number) {
    this.#max = max;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get max(): number {
    return this.#max;
  }

  /** Whether a request of this priority and order waits for a worker. */
  holds(priority: number, order: number): boolean {
    return this.#requests.data.some((request) =>
      !request.cancelled && request.priority === priority && request.order === order
    );
  }

  /** How many requests are granted before one of this priority and order. */
  aheadOf(priority: number, order: number): number {
    return this.#requests.data.filter((request) =>
      !request.cancelled &&
      (request.priority - priority || request.order - order) < 0
    ).length;
  }

  /** Calls `grant`, perhaps at once, when a worker is free; the result withdraws the request. */
  request(priority: number, order: number, grant: () => void): () => void {
    const request: Request = { priority, order, grant, cancelled: false };
    this.#requests.push(request);
    this.#waiting++;
    this.#grantNext();
    return () => this.#cancel(request);
  }

  /** Gives a granted worker back. */
  release(): void {
    this.#busy--;
    this.#grantNext();
  }

  /** Grants nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  #cancel(request: Request): void {
    if (request.cancelled) return;
    request.cancelled = true;
    this.#waiting--;
  }

  #grantNext(): void {
    while (!this.#stopped && this.#busy < this.#max) {
      const request = this.#requests.pop();
      if (request === undefined) return;
      if (request.cancelled) continue;
      this.#cancel(request);
      this.#busy++;
      request.grant();
    }
  }
}

function compare(left: Request, right: Request): number {
  return left.priority - right.priority || left.order - right.order;
}
