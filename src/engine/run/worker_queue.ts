/**
 * The queue for workers: lower priority first, then first in, first out, except that keys take
 * turns. A job records an attempt only while it has a worker. Requests that a pause holds are not
 * in the queue.
 */

import TinyQueue from "tinyqueue";
import type { Work } from "../../core/work.ts";
import type { LogId } from "../../core/ids.ts";
import type { Pausable, Pause } from "../../core/pauses.ts";
import {
  aheadOfEach,
  isCounted,
  type LimitedRequest,
  placesAhead,
  queueLine,
} from "./queue_positions.ts";
import { type Held, type Holder, type PauseChange, PausedRequests } from "./paused_requests.ts";
import type { PromptTypes } from "./slots.ts";
import {
  first,
  inQueueOrder,
  type Place,
  type Request,
  type Wanted,
  type Worker,
} from "./requests_in_order.ts";
import type { RateWindow } from "./rate_window.ts";
import type { PlaceQueue, Share, Shares, TypeShare } from "./shares.ts";
import type { TurnLine } from "./supposed_turns.ts";
import { type Candidate, TurnsOfKeys } from "./turns_of_keys.ts";
import { WorkerPool } from "./worker_pool.ts";

/** Older than any epoch of limits, so that the needs of a request are computed again. */
const OUTDATED = -1;

export type QueueShares = Pick<Shares, "epoch" | "forget" | "isOpen" | "take" | "subscribe">;

/** The most paused requests that one `grantNext` sets aside while requests are being sorted. */
const ASIDE_MAX = 500;

/** Withdraws a request, which may have been granted already. */
export type Withdraw = () => void;

export class WorkerQueue implements PlaceQueue {
  readonly #pool: WorkerPool;
  readonly #onDefect: (error: unknown) => void;
  readonly #shares: QueueShares;
  /** All requests but those of jobs that run alone. */
  readonly #turns: TurnsOfKeys;
  /** Requests of jobs that run alone. */
  readonly #alone = new TinyQueue<Request>([], inQueueOrder);
  readonly #paused = new PausedRequests<Request>(inQueueOrder);
  #holdsBeginning = false;
  #waiting = 0;
  #stopped = false;
  /** Grants nothing while a job of another queue has to run alone. */
  #isHeld = false;
  /** How many changes of pauses are still to be sorted by. */
  #unsorted = 0;
  /** Grants nothing while requests come back from pauses, so that they are granted in order. */
  #isReleasing = false;

  /**
   * @param onDefect Receives errors that a grant throws. They must not reach the run that gave the
   * worker back.
   * @param shares Where granted jobs take their places.
   */
  constructor(
    max: number,
    promptTypes: PromptTypes,
    onDefect: (error: unknown) => void,
    shares: QueueShares,
  ) {
    this.#pool = new WorkerPool(max, promptTypes);
    this.#onDefect = onDefect;
    this.#shares = shares;
    this.#turns = new TurnsOfKeys((window) => shares.isOpen(window));
    shares.subscribe(this);
  }

  get busy(): number {
    return this.#pool.busy;
  }

  /** How many requests are in the queue. */
  get waiting(): number {
    return this.#waiting - this.paused;
  }

  get paused(): number {
    return this.#paused.size;
  }

  get max(): number {
    return this.#pool.max;
  }

  /** Whether a request of this priority and order waits for a worker or for a pause to end. */
  holds(priority: number, order: number): boolean {
    return queueLine(this.#lines, { priority, order }) !== undefined ||
      this.#paused.all.some((request) => request.priority === priority && request.order === order);
  }

  /**
   * How many requests are granted before the one at this place. If it waits for a place under a
   * limit, only requests of its key count.
   *
   * @param upTo Requests of jobs that started after this position do not count: their start is not
   * durable yet.
   */
  aheadOf(place: Place, upTo: LogId): number {
    return placesAhead(this.#lines, place, upTo);
  }

  /** Computes `aheadOf` for many places in ascending order; `undefined` where no job waits. */
  aheadOfEach(places: readonly Place[], upTo: LogId): readonly (number | undefined)[] {
    return aheadOfEach(this.#lines, places, upTo);
  }

  /**
   * Calls `grant` when there is a worker.
   *
   * @returns Withdraws the request; `undefined` when it was granted at once.
   */
  request(wanted: Wanted, grant: (worker: Worker) => void): Withdraw | undefined {
    const asked = { needsNow: wanted.needs, needs: wanted.needs?.(), epoch: this.#shares.epoch };
    const request: Request = { ...wanted, ...asked, grant, isOver: false };
    this.#count(request, 1);
    this.#waiting++;
    if (this.#paused.take(request) === undefined) {
      this.#push(request);
      this.grantNext();
    }
    return request.isOver ? undefined : () => this.#end(request);
  }

  #push(request: Request): void {
    if (request.isAlone === true) this.#alone.push(request);
    else this.#turns.push(request);
  }

  /**
   * Sets the pauses in force. No request that they hold is granted from now on.
   *
   * @returns The work of sorting the waiting requests by the pauses. Since there may be very many,
   * the caller may do it in slices, with `grantNext` after each. It must finish before that of the
   * next change begins.
   */
  pause(pauses: readonly Pause[]): Work<void> {
    const change = this.#paused.change(pauses);
    this.#unsorted++;
    return this.#sort(change);
  }

  *#sort({ begun, ended }: PauseChange): Work<void> {
    for (const holder of begun) yield* this.#paused.begin(holder);
    for (const request of begun.length === 0 ? [] : this.#lines.flat()) {
      if (!request.isOver) this.#setAside(request, begun);
      yield;
    }
    if (begun.length > 0) yield* this.#clear();
    this.#isReleasing = ended.size > 0;
    yield* this.#paused.end(ended, (request) => {
      // The job may have given its place back meanwhile.
      request.epoch = OUTDATED;
      this.#push(request);
    });
    this.#isReleasing = false;
    this.#unsorted--;
  }

  /** Sets a request aside if pauses hold it. The original stays in its line until `#clear`. */
  #setAside(request: Request, holders?: readonly Holder[]): boolean {
    const held = this.#paused.take(request, holders, () => ({ ...request }));
    if (held === undefined) return false;
    request.isOver = true;
    request.instead = held;
    return true;
  }

  /** Drops requests that are over from the lines now, so that none reaches the front. */
  *#clear(): Work<void> {
    for (const requests of this.#turns.queues) {
      requests.clear();
      yield;
    }
  }

  /**
   * The requests that need a place, or that a rate counts before they begin. Unsorted.
   *
   * @param upTo As for `aheadOf`.
   */
  wanting(upTo: LogId): readonly LimitedRequest[] {
    const { epoch } = this.#shares;
    return this.#lines.flat().flatMap((request) => {
      if (!isCounted(request, upTo)) return [];
      const needs = request.epoch === epoch ? request.needs : request.needsNow?.();
      return needs === undefined ? [] : [{ request, needs }];
    });
  }

  /** How jobs of a type take turns, and how many of them could have a worker now. */
  turnsOf(type: TypeShare): { readonly lines: readonly TurnLine[]; readonly room: number } {
    const mayHave = !this.#isHeld && first(this.#alone) === undefined;
    return {
      lines: this.#turns.linesOf(type),
      room: mayHave ? this.#pool.roomFor(type.type) : 0,
    };
  }

  /** The requests of this queue that a pause holds. */
  heldBy(pause: Pause, upTo: LogId): Held<Request> {
    return this.#paused.heldBy(pause, upTo);
  }

  isPaused(job: Pausable): boolean {
    return this.#paused.isPaused(job);
  }

  release(worker: Worker): void {
    this.#pool.release(worker);
    this.grantNext();
  }

  /** Lets a job that ran alone run beside others from now on. */
  join(worker: Worker): void {
    if (this.#pool.join(worker)) this.grantNext();
  }

  /** Gives a job with a slow handler a worker of its own. */
  keep(worker: Worker): void {
    this.#pool.keep(worker);
  }

  /**
   * Whether a job may record an attempt. If not, the job must give its worker back: it is paused,
   * or jobs that were prompt turned out to be slow.
   */
  mayStart(worker: Worker): boolean {
    return !this.#paused.isPaused(worker) && this.#pool.mayStart(worker);
  }

  /**
   * The disk has no room for jobs that begin: they keep their place in the queue, and jobs that
   * have begun get the workers.
   *
   * @param later Calls back when the disk may have room.
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

  /** Grants nothing while held. Jobs with a worker keep it. */
  hold(isHeld: boolean): void {
    const isReleased = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isReleased) this.grantNext();
  }

  /** Grants only after all lines are considered, so that keys keep their turns. */
  freed(shares: readonly Share[], windows: readonly RateWindow[] = []): void {
    for (const window of windows) this.#turns.opened(window);
    for (const share of shares) this.#turns.freed(share);
    this.grantNext();
  }

  opened(window: RateWindow): void {
    this.#turns.opened(window);
    this.grantNext();
  }

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

  /** Adjusts the counts of requests that wait for a place, or to begin. */
  #count({ needs }: Pick<Request, "needs">, difference: 1 | -1): void {
    if (needs === undefined) return;
    needs.share.waiting += difference;
    if (needs.window !== undefined) needs.window.waiting += difference;
    this.#shares.forget(needs.share);
  }

  /** Moves a request whose needs changed with the limits; returns whether it moved. */
  #refiled(foremost: Candidate): boolean {
    const { request } = foremost;
    if (request.epoch === this.#shares.epoch) return false;
    request.epoch = this.#shares.epoch;
    const needs = request.needsNow?.();
    const { share, window } = request.needs ?? {};
    if (needs?.share === share && needs?.window === window) return false;
    foremost.take();
    const before = { needs: request.needs };
    request.needs = needs;
    // In this order: a share without waiting jobs is forgotten, and its key would get another.
    this.#count(request, 1);
    this.#count(before, -1);
    this.#push(request);
    return true;
  }

  /** Requests by line, each granted in order. The first line is that of jobs without a key. */
  get #lines(): readonly (readonly Request[])[] {
    const [withoutKey = [], ...lines] = this.#turns.all;
    return [[...this.#alone.data, ...withoutKey], ...lines];
  }

  /** Grants all requests that may be granted. Called whenever more may have become possible. */
  grantNext(): void {
    for (let aside = 0; !this.#stopped && !this.#isHeld && !this.#isReleasing;) {
      const foremost = this.#foremost();
      if (foremost === undefined) return;
      if (this.#unsorted > 0 && this.#setAside(foremost.request)) {
        if (++aside === ASIDE_MAX) return;
        continue;
      }
      if (this.#refiled(foremost)) continue;
      const { request } = foremost;
      // A request that gets no worker keeps those behind it waiting: none overtakes it.
      const worker = this.#pool.take(request);
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

  #foremost(): Candidate | undefined {
    const alone = first(this.#alone);
    if (alone !== undefined && !(alone.begins && this.#holdsBeginning)) {
      return { request: alone, turn: 0, take: () => this.#alone.pop() };
    }
    return this.#turns.next(!this.#holdsBeginning);
  }
}
