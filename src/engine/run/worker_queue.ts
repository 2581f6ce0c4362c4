/**
 * Who goes on: lower priority first, then first in, first out. A job puts an attempt on record
 * only while it has a worker, and there are as many workers as handlers may run side by side. Most
 * jobs have one of their own, until they end or have nothing to do.
 *
 * Jobs of a prompt type share the workers that are nobody's own, many of them a worker: it is the
 * disk that they wait for. They go on as long as one worker is nobody's own, and a job that needs
 * its own leaves the last to them until they are done.
 *
 * What a pause holds is not in the queue before the pause ends.
 */

import TinyQueue from "tinyqueue";
import type { LogId } from "../../core/ids.ts";
import type { Pausable, Pause } from "../../core/pauses.ts";
import { type Held, type PausableRequest, PausedRequests } from "./paused_requests.ts";
import type { PromptTypes } from "./prompt_types.ts";

/** So many jobs share workers, at the most, for each worker. */
const SHARING_PER_WORKER_MAX = 16;
/** Of all together: each run that has begun is held in memory. */
const SHARING_MAX = 512;

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
}

/** What a job is granted. */
export interface Worker extends Pausable {
  readonly type: string;
  isShared: boolean;
  /** While it is, nobody else is granted one. */
  isAlone: boolean;
}

interface Request extends Wanted {
  readonly grant: (worker: Worker) => void;
  /** Granted, or withdrawn. */
  isOver: boolean;
}

/** Takes a request back; it may have been granted already. */
export type Withdraw = () => void;

export class WorkerQueue {
  readonly #max: number;
  readonly #promptTypes: PromptTypes;
  readonly #onDefect: (error: unknown) => void;
  readonly #going = new TinyQueue<Request>([], inQueueOrder);
  /** Apart from those that go on, since these may be held while those are granted. */
  readonly #beginning = new TinyQueue<Request>([], inQueueOrder);
  /** Those that run alone. */
  readonly #alone = new TinyQueue<Request>([], inQueueOrder);
  readonly #paused = new PausedRequests<Request>(inQueueOrder);
  #isAlone = false;
  #holdsBeginning = false;
  /** Workers that are one job's own; more than there are only while jobs turn out to be slow. */
  #own = 0;
  /** Jobs that share those that are nobody's own. */
  #sharing = 0;
  #waiting = 0;
  #stopped = false;
  /** While something of another queue has to run alone, nobody is granted anything. */
  #isHeld = false;

  /** @param onDefect Takes what a grant throws: it is not for whoever gave a worker back. */
  constructor(max: number, promptTypes: PromptTypes, onDefect: (error: unknown) => void) {
    this.#max = max;
    this.#promptTypes = promptTypes;
    this.#onDefect = onDefect;
  }

  /** Workers with a job, as far as there are workers. */
  get busy(): number {
    return Math.min(this.#own + this.#sharing, this.#max);
  }

  /** Requests in the queue. */
  get waiting(): number {
    return this.#waiting - this.paused;
  }

  /** Requests that pauses hold. */
  get paused(): number {
    return this.#paused.all.size;
  }

  get max(): number {
    return this.#max;
  }

  /** Whether a request of this priority and order waits for a worker, or for the end of a pause. */
  holds(priority: number, order: number): boolean {
    const isHere = (request: Request) =>
      !request.isOver && request.priority === priority && request.order === order;
    return this.#queues.some(({ data }) => data.some(isHere)) ||
      this.#paused.all.values().some(isHere);
  }

  /**
   * How many requests are granted before one of this priority and order.
   *
   * @param upTo Requests of jobs that started after this position do not count: nobody is told
   * of a start before it is durable.
   */
  aheadOf({ priority, order }: Place, upTo: LogId): number {
    const place = { priority, order };
    const isAhead = (request: Request) =>
      isCounted(request, upTo) && inQueueOrder(request, place) < 0;
    return this.#queues.reduce((sum, { data }) => sum + data.filter(isAhead).length, 0);
  }

  /**
   * The same of many places at once, which must ascend: one pass over the queue, however
   * many they are. `undefined` for a place at which nobody waits.
   */
  aheadOfEach(places: readonly Place[], upTo: LogId): readonly (number | undefined)[] {
    const isHeld = places.map(() => false);
    // How many requests come between a place and the one before it.
    const between = places.map(() => 0);
    for (const request of this.#queues.flatMap(({ data }) => data)) {
      if (!isCounted(request, upTo)) continue;
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
   * Calls `grant` when there is a worker.
   *
   * @returns What withdraws the request; nothing when it was granted at once.
   */
  request(wanted: Wanted, grant: (worker: Worker) => void): Withdraw | undefined {
    const request: Request = { ...wanted, grant, isOver: false };
    this.#waiting++;
    if (!this.#paused.take(request)) {
      this.#queueOf(request).push(request);
      this.grantNext();
    }
    return request.isOver ? undefined : () => this.#end(request);
  }

  /** These pauses are in force from now on; what they hold no more can be granted. */
  pause(pauses: readonly Pause[]): void {
    const released = this.#paused.change(pauses);
    for (const queue of this.#queues) {
      const left = queue.data.filter((request) => request.isOver || !this.#paused.take(request));
      if (left.length === queue.length) continue;
      queue.data = [];
      queue.length = 0;
      for (const request of left) queue.push(request);
    }
    for (const request of released) this.#queueOf(request).push(request);
  }

  /** What a pause holds of what waits here. */
  heldBy(pause: Pause, upTo: LogId): Held<Wanted> {
    return this.#paused.heldBy(pause, upTo);
  }

  /** Whether nothing of a job may begin. */
  isPaused(job: Pausable): boolean {
    return this.#paused.isPaused(job);
  }

  /** Gives a granted worker back. */
  release(worker: Worker): void {
    this.#endAlone(worker);
    if (worker.isShared) this.#sharing--;
    else this.#own--;
    this.grantNext();
  }

  /** What ran alone may run beside others from now on. */
  join(worker: Worker): void {
    if (!worker.isAlone) return;
    this.#endAlone(worker);
    this.grantNext();
  }

  /** The handlers of a job go on: its worker is its own. */
  keep(worker: Worker): void {
    if (!worker.isShared) return;
    worker.isShared = false;
    this.#sharing--;
    this.#own++;
  }

  /**
   * Whether a job may put an attempt on record. When not, it is paused, or others turned out to be
   * slow that were taken to be prompt: the job must give its worker back.
   */
  mayStart(worker: Worker): boolean {
    if (this.#paused.isPaused(worker)) return false;
    if (!worker.isShared) return this.#own <= this.#max;
    if (this.#promptTypes.has(worker.type)) return this.#own < this.#max;
    if (!this.#hasOwn(this.#sharing - 1)) return false;
    this.keep(worker);
    return true;
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
      this.grantNext();
    });
  }

  /** Grants nothing while it is held; those that have a worker go on. */
  hold(isHeld: boolean): void {
    const isLetGo = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isLetGo) this.grantNext();
  }

  /** Grants nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  #end(request: Request): void {
    if (request.isOver) return;
    request.isOver = true;
    this.#waiting--;
    this.#paused.remove(request);
  }

  #endAlone(worker: Worker): void {
    if (worker.isAlone) this.#isAlone = false;
    worker.isAlone = false;
  }

  get #queues(): readonly TinyQueue<Request>[] {
    return [this.#going, this.#beginning, this.#alone];
  }

  #queueOf({ isAlone, begins }: Wanted): TinyQueue<Request> {
    return isAlone ? this.#alone : begins ? this.#beginning : this.#going;
  }

  /** Grants what may be granted; called whenever that may be more than before. */
  grantNext(): void {
    while (!this.#stopped && !this.#isHeld) {
      const requests = this.#foremost();
      const request = requests?.peek();
      if (request === undefined) return;
      const worker = this.#workerFor(request);
      if (worker === undefined) return;
      requests?.pop();
      this.#end(request);
      try {
        request.grant(worker);
      } catch (error) {
        this.#onDefect(error);
      }
    }
  }

  /** Nobody is passed over: who cannot have a worker keeps those behind it waiting. */
  #workerFor({ type, labels, isAlone = false }: Request): Worker | undefined {
    if (this.#isAlone) return undefined;
    if (isAlone) {
      if (this.#own + this.#sharing > 0) return undefined;
      this.#own++;
      this.#isAlone = true;
      return { type, labels, isShared: false, isAlone: true };
    }
    if (!this.#promptTypes.has(type)) {
      if (!this.#hasOwn(this.#sharing)) return undefined;
      this.#own++;
      return { type, labels, isShared: false, isAlone: false };
    }
    const free = this.#max - this.#own;
    const most = Math.min(
      ...[this.#promptTypes.runsMax(type), SHARING_PER_WORKER_MAX * this.#max, SHARING_MAX],
    );
    if (free <= 0 || this.#sharing >= Math.max(free, most)) return undefined;
    this.#sharing++;
    return { type, labels, isShared: true, isAlone: false };
  }

  /** Whether there is a worker for one job alone, beside so many that share. */
  #hasOwn(sharing: number): boolean {
    return this.#own + (sharing > 0 ? 1 : 0) < this.#max;
  }

  #foremost(): TinyQueue<Request> | undefined {
    const alone = first(this.#alone);
    if (alone !== undefined && !(alone.begins && this.#holdsBeginning)) return this.#alone;
    const going = first(this.#going);
    const beginning = this.#holdsBeginning ? undefined : first(this.#beginning);
    if (beginning === undefined) return going && this.#going;
    return going !== undefined && inQueueOrder(going, beginning) < 0
      ? this.#going
      : this.#beginning;
  }
}

/** The first that is still waited for. */
function first(requests: TinyQueue<Request>): Request | undefined {
  while (requests.peek()?.isOver === true) requests.pop();
  return requests.peek();
}

function isCounted({ isOver, order }: Request, upTo: LogId): boolean {
  return !isOver && order <= upTo;
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
