/**
 * Who goes on: lower priority first, then first in, first out, but that keys take turns. A job puts an attempt on record
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
import { type Held, PausedRequests } from "./paused_requests.ts";
import type { PromptTypes } from "./prompt_types.ts";
import {
  first,
  inQueueOrder,
  type Place,
  type Request,
  RequestsInOrder,
  type Wanted,
  type Worker,
} from "./requests_in_order.ts";
import type { RateWindow } from "./rate_window.ts";
import type { PlaceQueue, Share, Shares } from "./shares.ts";
import { type Candidate, isBefore, TurnsOfKeys } from "./turns_of_keys.ts";

/** So many jobs share workers, at the most, for each worker. */
const SHARING_PER_WORKER_MAX = 16;
/** Of all together: each run that has begun is held in memory. */
const SHARING_MAX = 512;

/** No limits are as old: what is needed is asked again. */
const OUTDATED = -1;

type QueueShares = Pick<Shares, "epoch" | "forget" | "isOpen" | "take" | "tell">;

const NO_SHARES: QueueShares = {
  epoch: 0,
  forget: () => {},
  isOpen: () => true,
  take: () => {},
  tell: () => {},
};

/** Takes a request back; it may have been granted already. */
export type Withdraw = () => void;

export class WorkerQueue implements PlaceQueue {
  readonly #max: number;
  readonly #promptTypes: PromptTypes;
  readonly #onDefect: (error: unknown) => void;
  readonly #shares: QueueShares;
  /** Those that need no place. */
  readonly #requests = new RequestsInOrder();
  /** Those that need one. */
  readonly #turns: TurnsOfKeys;
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
  #grants = 0;
  #stopped = false;
  /** While something of another queue has to run alone, nobody is granted anything. */
  #isHeld = false;

  /**
   * @param onDefect Takes what a grant throws: it is not for whoever gave a worker back.
   * @param shares Where those who are granted take their places.
   */
  constructor(
    max: number,
    promptTypes: PromptTypes,
    onDefect: (error: unknown) => void,
    shares: QueueShares = NO_SHARES,
  ) {
    this.#max = max;
    this.#promptTypes = promptTypes;
    this.#onDefect = onDefect;
    this.#shares = shares;
    this.#turns = new TurnsOfKeys((window) => shares.isOpen(window));
    shares.tell(this);
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
    return this.#lineOf({ priority, order }) !== undefined ||
      this.#paused.all.values().some((request) =>
        request.priority === priority && request.order === order
      );
  }

  /**
   * How many requests are granted before one of this priority and order; of one that waits for a
   * place, how many of its key.
   *
   * @param upTo Requests of jobs that started after this position do not count: nobody is told
   * of a start before it is durable.
   */
  aheadOf(place: Place, upTo: LogId): number {
    const line = this.#lineOf(place) ?? this.#lines[0] ?? [];
    return line.filter((request) => isCounted(request, upTo) && inQueueOrder(request, place) < 0)
      .length;
  }

  /**
   * The same of many places at once, which must ascend: one pass over the queue, however
   * many they are. `undefined` for a place at which nobody waits.
   */
  aheadOfEach(places: readonly Place[], upTo: LogId): readonly (number | undefined)[] {
    const aheads: (number | undefined)[] = places.map(() => undefined);
    const wanted = new Set(places.map(({ order }) => order));
    for (const line of this.#lines) {
      if (!line.some(({ order }) => wanted.has(order))) continue;
      aheadIn(line, places, upTo).forEach((ahead, index) => aheads[index] ??= ahead);
    }
    return aheads;
  }

  /**
   * Calls `grant` when there is a worker.
   *
   * @returns What withdraws the request; nothing when it was granted at once.
   */
  request(wanted: Wanted, grant: (worker: Worker) => void): Withdraw | undefined {
    const asked = { needsNow: wanted.needs, needs: wanted.needs?.(), epoch: this.#shares.epoch };
    const request: Request = { ...wanted, ...asked, grant, isOver: false };
    this.#count(request, 1);
    this.#waiting++;
    if (!this.#paused.take(request)) {
      this.#push(request);
      this.grantNext();
    }
    return request.isOver ? undefined : () => this.#end(request);
  }

  #push(request: Request): void {
    const { isAlone = false, needs } = request;
    if (isAlone) this.#alone.push(request);
    else if (needs === undefined) this.#requests.push(request);
    else this.#turns.push(request, needs);
  }

  /** These pauses are in force from now on; what they hold no more can be granted. */
  pause(pauses: readonly Pause[]): void {
    const released = this.#paused.change(pauses);
    for (const request of this.#lines.flat()) {
      if (request.isOver || !this.#paused.isPaused(request)) continue;
      // Where it is in its line, it is taken out when it comes to the front.
      const held = { ...request };
      request.isOver = true;
      request.instead = held;
      this.#paused.hold(held);
    }
    for (const request of released) {
      // It may have given its place back meanwhile.
      request.epoch = OUTDATED;
      this.#push(request);
    }
  }

  /** What a pause holds of what waits here. */
  heldBy(pause: Pause, upTo: LogId): Held<Request> {
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
      this.#turns.mayBegin();
      this.grantNext();
    });
  }

  /** Grants nothing while it is held; those that have a worker go on. */
  hold(isHeld: boolean): void {
    const isLetGo = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isLetGo) this.grantNext();
  }

  freed(share: Share): void {
    this.#turns.freed(share);
    this.grantNext();
  }

  opened(window: RateWindow): void {
    this.#turns.opened(window);
    this.grantNext();
  }

  /** Grants nothing any more. */
  stop(): void {
    this.#stopped = true;
  }

  #end(request: Request): void {
    if (request.instead !== undefined) return this.#end(request.instead);
    if (request.isOver) return;
    request.isOver = true;
    this.#waiting--;
    this.#paused.remove(request);
    this.#count(request, -1);
  }

  /** Whoever waits for a place, or to begin, is counted there. */
  #count({ needs }: Request, difference: 1 | -1): void {
    if (needs === undefined) return;
    needs.share.waiting += difference;
    if (needs.window !== undefined) needs.window.waiting += difference;
    this.#shares.forget(needs.share);
  }

  /** Limits have changed since: whether it waits elsewhere from now on. */
  #refiled(foremost: Candidate): boolean {
    const { request } = foremost;
    if (request.epoch === this.#shares.epoch) return false;
    request.epoch = this.#shares.epoch;
    const needs = request.needsNow?.();
    const { share, window } = request.needs ?? {};
    if (needs?.share === share && needs?.window === window) return false;
    foremost.take();
    this.#count(request, -1);
    request.needs = needs;
    this.#count(request, 1);
    this.#push(request);
    return true;
  }

  #endAlone(worker: Worker): void {
    if (worker.isAlone) this.#isAlone = false;
    worker.isAlone = false;
  }

  /** Requests that are granted in order; those of all jobs without a key come first. */
  get #lines(): readonly (readonly Request[])[] {
    const [withoutKey = [], ...lines] = this.#turns.all;
    return [[...this.#requests.all, ...this.#alone.data, ...withoutKey], ...lines];
  }

  #lineOf({ priority, order }: Place): readonly Request[] | undefined {
    const isHere = (request: Request) =>
      !request.isOver && request.priority === priority && request.order === order;
    return this.#lines.find((line) => line.some(isHere));
  }

  /** Grants what may be granted; called whenever that may be more than before. */
  grantNext(): void {
    while (!this.#stopped && !this.#isHeld) {
      const foremost = this.#foremost();
      if (foremost === undefined) return;
      if (this.#refiled(foremost)) continue;
      const { request } = foremost;
      const worker = this.#workerFor(request);
      if (worker === undefined) return;
      foremost.take();
      if (request.needs !== undefined) this.#shares.take(request.jobId, request.needs);
      this.#end(request);
      try {
        request.grant(worker);
      } catch (error) {
        this.#onDefect(error);
      }
    }
  }

  /** Nobody is passed over: who cannot have a worker keeps those behind it waiting. */
  #workerFor({ type, labels, key, isAlone = false }: Request): Worker | undefined {
    if (this.#isAlone) return undefined;
    const granted = () => ({ type, labels, key, turn: ++this.#grants, isShared: false, isAlone });
    if (isAlone) {
      if (this.#own + this.#sharing > 0) return undefined;
      this.#own++;
      this.#isAlone = true;
      return granted();
    }
    if (!this.#promptTypes.has(type)) {
      if (!this.#hasOwn(this.#sharing)) return undefined;
      this.#own++;
      return granted();
    }
    const free = this.#max - this.#own;
    const most = Math.min(
      ...[this.#promptTypes.runsMax(type), SHARING_PER_WORKER_MAX * this.#max, SHARING_MAX],
    );
    if (free <= 0 || this.#sharing >= Math.max(free, most)) return undefined;
    this.#sharing++;
    return { ...granted(), isShared: true };
  }

  /** Whether there is a worker for one job alone, beside so many that share. */
  #hasOwn(sharing: number): boolean {
    return this.#own + (sharing > 0 ? 1 : 0) < this.#max;
  }

  #foremost(): Candidate | undefined {
    const alone = first(this.#alone);
    if (alone !== undefined && !(alone.begins && this.#holdsBeginning)) {
      return { request: alone, turn: 0, take: () => this.#alone.pop() };
    }
    const without = this.#turns.withoutKey(this.#requests, !this.#holdsBeginning);
    if (this.#turns.areUnused) return without;
    const next = this.#turns.next(!this.#holdsBeginning);
    return next !== undefined && isBefore(next, without) ? next : without;
  }
}

/** How many requests of a line come before each place, which is `undefined` where nobody waits. */
function aheadIn(
  line: readonly Request[],
  places: readonly Place[],
  upTo: LogId,
): readonly (number | undefined)[] {
  const isHeld = places.map(() => false);
  // How many requests come between a place and the one before it.
  const between = places.map(() => 0);
  for (const request of line) {
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

function isCounted({ isOver, order }: Request, upTo: LogId): boolean {
  return !isOver && order <= upTo;
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
