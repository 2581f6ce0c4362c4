/** Requests for a worker in the order in which they are granted: lower priority, then older. */

import TinyQueue from "tinyqueue";
import type { Pausable } from "../../core/pauses.ts";
import type { PausableRequest } from "./paused_requests.ts";
import type { WantedPlace } from "./shares.ts";

/** A position in the queue. */
export interface Place {
  readonly priority: number;
  /** The `logId` of the job's start. */
  readonly order: number;
}

export interface Wanted extends Place, PausableRequest {
  readonly type: string;
  /** Whether the job has to record that it begins, for which a full disk has no room. */
  readonly begins: boolean;
  /** Whether it runs alone: it is served first, once all others have ended. */
  readonly isAlone?: boolean;
  /** The place among limits that it needs as well, if any. */
  readonly needs?: () => WantedPlace | undefined;
}

export interface Worker extends Pausable {
  readonly type: string;
  /** The number of its grant: lower ones go first. */
  readonly turn: number;
  isShared: boolean;
  /** While it is, no other worker is granted. */
  isAlone: boolean;
}

export interface Request extends Omit<Wanted, "needs"> {
  readonly needsNow: (() => WantedPlace | undefined) | undefined;
  /** The last result of `needsNow`, and the epoch of the limits then. */
  needs: WantedPlace | undefined;
  epoch: number;
  readonly grant: (worker: Worker) => void;
  /** Granted or withdrawn. */
  isOver: boolean;
  /** Replaces this one while a pause holds it. */
  instead?: Request;
}

export class RequestsInOrder {
  #continuing = new TinyQueue<Request>([], inQueueOrder);
  /** Separate, since these may be held while the others are granted. */
  #beginning = new TinyQueue<Request>([], inQueueOrder);

  push(request: Request): void {
    (request.begins ? this.#beginning : this.#continuing).push(request);
  }

  /** @param mayBegin Whether there is room for jobs that begin; otherwise they are passed over. */
  first(mayBegin: boolean): Request | undefined {
    const continuing = first(this.#continuing);
    const beginning = mayBegin ? first(this.#beginning) : undefined;
    if (continuing === undefined || beginning === undefined) return continuing ?? beginning;
    return inQueueOrder(continuing, beginning) < 0 ? continuing : beginning;
  }

  take(request: Request): void {
    (request.begins ? this.#beginning : this.#continuing).pop();
  }

  /** Drops those that are over. */
  clear(): void {
    const open = ({ data }: TinyQueue<Request>) =>
      new TinyQueue(data.filter(({ isOver }) => !isOver), inQueueOrder);
    this.#continuing = open(this.#continuing);
    this.#beginning = open(this.#beginning);
  }

  /** Unsorted; some may be over. */
  get all(): readonly Request[] {
    return [...this.#continuing.data, ...this.#beginning.data];
  }
}

/** The first that is not over. */
export function first(requests: TinyQueue<Request>): Request | undefined {
  while (requests.peek()?.isOver === true) requests.pop();
  return requests.peek();
}

/** Which of two is granted first. */
export function inQueueOrder(left: Place, right: Place): number {
  return left.priority - right.priority || left.order - right.order;
}
