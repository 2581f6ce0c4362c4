/**
 * The queue for workers: lower priority first, then first in, first out, except that keys take
 * turns. A job records an attempt only while it has a worker. What a pause holds is not in the
 * queue.
 */

import TinyQueue from "tinyqueue";
import type { Work } from "../../core/work.ts";
import type { LogId } from "../../core/ids.ts";
import type { Pausable, Pause } from "../../core/pauses.ts";
import type { LimitedRequest } from "./limit_lines.ts";
import { type Held, type Holder, type PauseChange, PausedRequests } from "./paused_requests.ts";
import type { PromptTypes } from "./prompt_types.ts";
import { aheadOfEach, isCounted, placesAhead, queueLine } from "./queue_positions.ts";
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
import type { PlaceQueue, Share, Shares, TypeShare } from "./shares.ts";
import type { TurnLine } from "./supposed_turns.ts";
import { type Candidate, isBefore, TurnsOfKeys } from "./turns_of_keys.ts";
import { WorkerPool } from "./worker_pool.ts";

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

/** This many requests that pauses hold are passed in one go while they are being sorted. */
const ASIDE_MAX = 500;

/** Withdraws a request, which may have been granted already. */
export type Withdraw = () => void;

export class WorkerQueue implements PlaceQueue {
  readonly #pool: WorkerPool;
  readonly #onDefect: (error: unknown) => void;
  readonly #shares: QueueShares;
  /** Those that need no place. */
  readonly #requests = new RequestsInOrder();
  /** Those that need one. */
  readonly #turns: TurnsOfKeys;
  /** Those that run alone. */
  readonly #alone = new TinyQueue<Request>([], inQueueOrder);
  readonly #paused = new PausedRequests<Request>(inQueueOrder);
  #holdsBeginning = false;
  #waiting = 0;
  #stopped = false;
  /** Grants nothing while a job of another queue has to run alone. */
  #isHeld = false;
  /** Changes of pauses by which requests are not sorted yet. */
  #unsorted = 0;
  /** Grants nothing while requests come back from pauses, so that each comes in its order. */
  #isReleasing = false;

  /**
   * @param onDefect Takes what a grant throws, which does not concern the run that gave a worker
   * back.
   * @param shares Where granted jobs take their places.
   */
  constructor(
    max: number,
    promptTypes: PromptTypes,
    onDefect: (error: unknown) => void,
    shares: QueueShares = NO_SHARES,
  ) {
    this.#pool = new WorkerPool(max, promptTypes);
    this.#onDefect = onDefect;
    this.#shares = shares;
    this.#turns = new TurnsOfKeys((window) => shares.isOpen(window));
    shares.tell(this);
  }

  get busy(): number {
    return this.#pool.busy;
  }

  /** Requests in the queue. */
  get waiting(): number {
    return this.#waiting - this.paused;
  }

  get paused(): number {
    return this.#paused.size;
  }

  get max(): number {
    return this.#pool.max;
  }

  /** Whether a request of this priority and order waits, for a worker or the end of a pause. */
  holds(priority: number, order: number): boolean {
    return queueLine(this.#lines, { priority, order }) !== undefined ||
      this.#paused.all.some((request) => request.priority === priority && request.order === order);
  }

  /**
   * How many requests are granted before one of this priority and order; if it waits for a place,
   * how many of its key.
   *
   * @param upTo Requests of jobs that started after this position do not count: their start is not
   * durable yet.
   */
  aheadOf(place: Place, upTo: LogId): number {
    return placesAhead(this.#lines, place, upTo);
  }

  /** The same for many places in ascending order, in one pass; `undefined` where no job waits. */
  aheadOfEach(places: readonly Place[], upTo: LogId): readonly (number | undefined)[] {
    return aheadOfEach(this.#lines, places, upTo);
  }

  /**
   * Calls `grant` when there is a worker.
   *
   * @returns What withdraws the request; `undefined` when it was granted at once.
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
    const { isAlone = false, needs } = request;
    if (isAlone) this.#alone.push(request);
    else if (needs === undefined) this.#requests.push(request);
    else this.#turns.push(request, needs);
  }

  /**
   * Other pauses are in force, and nothing that they hold is granted from now on.
   *
   * @returns What sorts the requests that wait by them. There may be very many, so it may be done
   * in slices, but to the end before that of the next change, with `grantNext` after each.
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
      // It may have given its place back meanwhile.
      request.epoch = OUTDATED;
      this.#push(request);
    });
    this.#isReleasing = false;
    this.#unsorted--;
  }

  /** Pauses may hold it; the original stays in its line until that is cleared. */
  #setAside(request: Request, holders?: readonly Holder[]): boolean {
    const held = this.#paused.take(request, holders, () => ({ ...request }));
    if (held === undefined) return false;
    request.isOver = true;
    request.instead = held;
    return true;
  }

  /** Drops what is over from the lines at once, so that who comes to the front meets none of it. */
  *#clear(): Work<void> {
    for (const requests of [this.#requests, ...this.#turns.queues]) {
      requests.clear();
      yield;
    }
  }

  /**
   * The requests that need a place, or to begin as far as a rate counts, in no order.
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

  /** What a pause holds of what waits here. */
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

  /** A job that ran alone may run beside others from now on. */
  join(worker: Worker): void {
    if (this.#pool.join(worker)) this.grantNext();
  }

  /** A slow handler gets its job a worker of its own. */
  keep(worker: Worker): void {
    this.#pool.keep(worker);
  }

  /**
   * Whether a job may record an attempt. If not, it is paused, or jobs that were prompt turned out
   * to be slow: it must give its worker back.
   */
  mayStart(worker: Worker): boolean {
    return !this.#paused.isPaused(worker) && this.#pool.mayStart(worker);
  }

  /**
   * The disk has no room for jobs that begin: those keep their place in the queue, and jobs that
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

  /** Grants nothing while held; jobs with a worker keep it. */
  hold(isHeld: boolean): void {
    const isLetGo = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isLetGo) this.grantNext();
  }

  /** Grants once all are considered, so that keys keep their turns. */
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

  /** Counts the requests that wait for a place, or to begin. */
  #count({ needs }: Pick<Request, "needs">, difference: 1 | -1): void {
    if (needs === undefined) return;
    needs.share.waiting += difference;
    if (needs.window !== undefined) needs.window.waiting += difference;
    this.#shares.forget(needs.share);
  }

  /** Whether a request waits elsewhere now, since limits have changed. */
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
    // In this order: a share that no job waits for is forgotten, and its key would get another.
    this.#count(request, 1);
    this.#count(before, -1);
    this.#push(request);
    return true;
  }

  /** Requests that are granted in order; those of all jobs without a key come first. */
  get #lines(): readonly (readonly Request[])[] {
    const [withoutKey = [], ...lines] = this.#turns.all;
    return [[...this.#requests.all, ...this.#alone.data, ...withoutKey], ...lines];
  }

  /** Grants what may be granted; called whenever that may be more than before. */
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
      // A request without a worker keeps those behind it waiting: none is passed over.
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
    const without = this.#turns.withoutKey(this.#requests, !this.#holdsBeginning);
    if (this.#turns.areUnused) return without;
    const next = this.#turns.next(!this.#holdsBeginning);
    return next !== undefined && isBefore(next, without) ? next : without;
  }
}
