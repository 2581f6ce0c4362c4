/** Requests for a worker in the order in which they are granted: lower priority, then older. */

import TinyQueue from "tinyqueue";
import type { Pausable } from "../../core/pauses.ts";
import type { PausableRequest } from "./paused_requests.ts";
import type { Share } from "./shares.ts";

/** Where in the queue a request is. */
export interface Place {
  readonly priority: number;
  /** The logId of the job's start. */
  readonly order: number;
}

/** What a job asks for. */
export interface Wanted extends Place, PausableRequest {
  readonly type: string;
  /** Whether the job has to record that it begins, for which a full disk has no room. */
  readonly begins: boolean;
  /** Whether nothing else may run meanwhile: it is served first, once all others have ended. */
  readonly isAlone?: boolean;
  /** Where it needs a place as well; absent when it has one, or needs none. */
  readonly share?: Share | undefined;
}

/** What a job is granted. */
export interface Worker extends Pausable {
  readonly type: string;
  /** The number of its grant: those that were granted first go on first. */
  readonly turn: number;
  isShared: boolean;
  /** While it is, nobody else is granted one. */
  isAlone: boolean;
}

export interface Request extends Wanted {
  readonly grant: (worker: Worker) => void;
  /** Granted, or withdrawn. */
  isOver: boolean;
  /** What took its place when a pause came to hold it. */
  instead?: Request;
}

export class RequestsInOrder {
  readonly #going = new TinyQueue<Request>([], inQueueOrder);
  /** Apart from those that go on, since these may be held while those are granted. */
  readonly #beginning = new TinyQueue<Request>([], inQueueOrder);

  push(request: Request): void {
    (request.begins ? this.#beginning : this.#going).push(request);
  }

  /** @param mayBegin Whether there is room for jobs that begin: else they are passed over. */
  first(mayBegin: boolean): Request | undefined {
    const going = first(this.#going);
    const beginning = mayBegin ? first(this.#beginning) : undefined;
    if (going === undefined || beginning === undefined) return going ?? beginning;
    return inQueueOrder(going, beginning) < 0 ? going : beginning;
  }

  /** Takes the first out. */
  take(request: Request): void {
    (request.begins ? this.#beginning : this.#going).pop();
  }

  /** In no order; some may be over. */
  get all(): readonly Request[] {
    return [...this.#going.data, ...this.#beginning.data];
  }
}

/** The first that is still waited for. */
export function first(requests: TinyQueue<Request>): Request | undefined {
  while (requests.peek()?.isOver === true) requests.pop();
  return requests.peek();
}

/** Which of two is granted first. */
export function inQueueOrder(left: Place, right: Place): number {
  return left.priority - right.priority || left.order - right.order;
}
