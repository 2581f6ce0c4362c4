/** Requests for a worker in the order in which they are granted: by lower priority, then by age. */

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
  /** Whether the job runs alone: it is granted a worker first, once all other jobs have ended. */
  readonly isAlone?: boolean;
  /** The place that limits require the job to have as well, if any. */
  readonly needs?: () => WantedPlace | undefined;
}

export interface Worker extends Pausable {
  readonly type: string;
  /** The number of the grant: lower ones go first. */
  readonly turn: number;
  isShared: boolean;
  /** While `true`, no other worker is granted. */
  isAlone: boolean;
}

export interface Request extends Omit<Wanted, "needs"> {
  readonly needsNow: (() => WantedPlace | undefined) | undefined;
  /** The last result of `needsNow`, computed in the `epoch` of the limits. */
  needs: WantedPlace | undefined;
  epoch: number;
  readonly grant: (worker: Worker) => void;
  /** Granted or withdrawn. */
  isOver: boolean;
  /** Replaces this request while a pause holds it. */
  instead?: Request;
}

export class RequestsInOrder {
  #continuing = new TinyQueue<Request>([], inQueueOrder);
  /** Separate, since these may be held while other requests are granted. */
  #beginning = new TinyQueue<Request>([], inQueueOrder);

  push(request: Request): void {
    (request.begins ? this.#beginning : this.#continuing).push(request);
  }

  /** @param mayBegin Whether the disk has room for jobs that begin; if not, they are skipped. */
  first(mayBegin: boolean): Request | undefined {
    const continuing = first(this.#continuing);
    const beginning = mayBegin ? first(this.#beginning) : undefined;
    if (continuing === undefined || beginning === undefined) return continuing ?? beginning;
    return inQueueOrder(continuing, beginning) < 0 ? continuing : beginning;
  }

  take(request: Request): void {
    (request.begins ? this.#beginning : this.#continuing).pop();
  }

  /** Drops requests that are over. */
  clear(): void {
    const open = ({ data }: TinyQueue<Request>) =>
      new TinyQueue(data.filter(({ isOver }) => !isOver), inQueueOrder);
    this.#continuing = open(this.#continuing);
    this.#beginning = open(this.#beginning);
  }

  /** All requests, unsorted. Some may be over. */
  get all(): readonly Request[] {
    return [...this.#continuing.data, ...this.#beginning.data];
  }
}

/** The first request that is not over. */
export function first(requests: TinyQueue<Request>): Request | undefined {
  while (requests.peek()?.isOver === true) requests.pop();
  return requests.peek();
}

/** Compares two places: negative when the left one is granted first. */
export function inQueueOrder(left: Place, right: Place): number {
  return left.priority - right.priority || left.order - right.order;
}
