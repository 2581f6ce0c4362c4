/**
 * The queue for workers, which grants requests in the order of their lines. A job records an
 * attempt only while it has a worker. Requests that a pause holds are not in the queue.
 *
 * A job takes what it needs in this order, and while it waits for one of these it has none that
 * comes later. So jobs never wait for each other in a circle.
 *
 * 1. The end of pauses, and room on the disk to begin.
 * 2. A place, and a start of its rate, if its type has limits. By the record a job may have its
 *    place before anything else; otherwise it gets the place with its worker.
 * 3. A worker, or all of them if the job runs alone. Nothing is kept free for a job that runs alone
 *    but waits for its place: the job that has the place may need a worker.
 * 4. A thread, if its code runs in one.
 * 5. A slot for its handlers.
 */

import type { Alone } from "../../../core/crashes.ts";
import type { Work } from "../../../core/work.ts";
import type { LogId } from "../../../core/ids.ts";
import type { Pausable, Pause } from "../../../core/pauses.ts";
import { aheadOfEach, type LimitedRequest } from "./queue_positions.ts";
import {
  type HeldRequests,
  type Holder,
  type PauseChange,
  PausedRequests,
} from "./paused_requests.ts";
import type { PromptTypes } from "./slots.ts";
import {
  type Line,
  type QueuedRequest,
  RequestLines,
  type Worker,
  type WorkerRequest,
} from "./request_lines.ts";
import type { RateWindow } from "./rate_window.ts";
import type { PlaceQueue, Share, Shares } from "./shares.ts";
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
  readonly #lines: RequestLines;
  readonly #paused = new PausedRequests();
  /** The queue whose `first` is this one. */
  #second: WorkerQueue | undefined;
  /** How many requests are in the queue, or held by a pause. */
  #waiting = 0;
  #stopped = false;
  #isHeld = false;
  /** How many changes of pauses the requests are not sorted by yet. */
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
    private readonly onDefect: (error: unknown) => void,
    private readonly shares: QueueShares,
    /** The queue with the jobs that run alone, beside none of this queue. */
    private readonly first?: WorkerQueue,
  ) {
    this.#pool = new WorkerPool(max, promptTypes);
    this.#lines = new RequestLines((window) => shares.isOpen(window));
    shares.subscribe(this);
    if (first !== undefined) first.#second = this;
  }

  /** The job beside which no other is granted a worker. */
  get alone(): Alone | undefined {
    const jobId = this.#pool.alone;
    if (jobId !== undefined) return { jobId, isWaiting: false };
    const next = this.#lines.nextAlone()?.first;
    return next && { jobId: next.jobId, isWaiting: true };
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

  /** Whether a request of this order waits for a worker or for a pause to end. */
  holds(order: LogId): boolean {
    const isIt = (request: QueuedRequest) => request.order === order;
    return this.#lines.groups.some((line) => line.some(isIt)) || this.#paused.all.some(isIt);
  }

  /**
   * How many requests are granted before each of these; `undefined` where none is in the queue. If
   * one waits for a place under a limit, only requests of its key count.
   *
   * @param orders Of the requests.
   * @param upTo Requests of jobs that started after this position do not count: their start is not
   * durable yet.
   */
  aheadOfEach(orders: readonly LogId[], upTo: LogId): readonly (number | undefined)[] {
    return aheadOfEach(this.#lines.groups, orders, upTo);
  }

  /**
   * Calls `grant` when there is a worker.
   *
   * @returns Withdraws the request; `undefined` when it was granted at once.
   */
  request(wanted: WorkerRequest, grant: (worker: Worker) => void): Withdraw | undefined {
    const request: QueuedRequest = {
      ...wanted,
      needsNow: wanted.needs,
      needs: wanted.needs(),
      epoch: this.shares.epoch,
      grant,
      line: undefined,
    };
    const isPaused = this.#paused.take(request);
    if (!isPaused && this.#isNext(request) && this.#grant(request)) return undefined;
    this.#count(request, 1);
    this.#waiting++;
    if (!isPaused) {
      this.#lines.push(request);
      this.grantNext();
    }
    return this.#isOver(request) ? undefined : () => this.#withdraw(request);
  }

  /** Whether a request that is not in a line yet would be the next: most are, and need no line. */
  #isNext({ needs, begins }: QueuedRequest): boolean {
    return this.#waiting === 0 && needs === undefined && (!begins || this.#lines.mayBegin) &&
      !this.#isStill;
  }

  /** Whether a request was granted or withdrawn. */
  #isOver(request: QueuedRequest): boolean {
    return request.line === undefined && !this.#paused.has(request);
  }

  #withdraw(request: QueuedRequest): void {
    if (this.#isOver(request)) return;
    request.line = undefined;
    this.#paused.remove(request);
    this.#leave(request);
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
    for (const request of begun.length === 0 ? [] : this.#lines.groups.flat()) {
      if (request.line !== undefined) this.#setAside(request, begun);
      yield;
    }
    // Now, so that no request that was set aside reaches the front.
    for (const line of begun.length === 0 ? [] : this.#lines.lines) {
      line.clear();
      yield;
    }
    this.#isReleasing = ended.size > 0;
    yield* this.#paused.end(ended, (request) => {
      // The job may have given its place back meanwhile.
      request.epoch = OUTDATED;
      this.#lines.push(request);
    });
    this.#isReleasing = false;
    this.#unsorted--;
  }

  /** Sets a request aside if pauses hold it. */
  #setAside(request: QueuedRequest, holders?: readonly Holder[]): boolean {
    const isPaused = this.#paused.take(request, holders);
    if (isPaused) request.line = undefined;
    return isPaused;
  }

  /**
   * The requests that need a place, or that a rate counts before they begin. Unsorted.
   *
   * @param upTo As for `aheadOfEach`.
   */
  wanting(upTo: LogId): readonly LimitedRequest[] {
    const { epoch } = this.shares;
    return this.#lines.groups.flat().flatMap((request) => {
      if (request.order > upTo) return [];
      const needs = request.epoch === epoch ? request.needs : request.needsNow();
      return needs === undefined ? [] : [{ request, needs }];
    });
  }

  /** How many more jobs of a type could have a worker now. */
  roomFor(type: string): number {
    return this.#isStill || this.alone !== undefined ? 0 : this.#pool.roomFor(type);
  }

  /** See `RequestLines.supposing`. */
  supposing(...supposed: Parameters<RequestLines["supposing"]>): RequestLines {
    return this.#lines.supposing(...supposed);
  }

  /** The requests of this queue that a pause holds. */
  heldBy(pause: Pause, upTo: LogId): HeldRequests {
    return this.#paused.heldBy(pause, upTo);
  }

  isPaused(job: Pausable): boolean {
    return this.#paused.isPaused(job);
  }

  release(worker: Worker): void {
    const { isAlone } = worker;
    this.#pool.release(worker);
    this.grantNext();
    if (isAlone) this.#second?.grantNext();
  }

  /** Lets a job that ran alone run beside others from now on. */
  join(worker: Worker): void {
    if (!this.#pool.join(worker)) return;
    this.grantNext();
    this.#second?.grantNext();
  }

  /** Jobs that were to run alone run beside others. */
  endAlone(): void {
    this.#lines.endAlone();
    this.grantNext();
    this.#second?.grantNext();
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
    if (!this.#lines.mayBegin) return;
    this.#lines.mayBegin = false;
    later(() => {
      this.#lines.mayBegin = true;
      this.grantNext();
    });
  }

  /** Grants nothing while held. */
  hold(isHeld: boolean): void {
    const isReleased = this.#isHeld && !isHeld;
    this.#isHeld = isHeld;
    if (isReleased) this.grantNext();
  }

  /** Grants only after all lines are considered, so that keys keep their turns. */
  freed(places: readonly (Share | RateWindow)[]): void {
    for (const place of places) this.#lines.freed(place);
    this.grantNext();
  }

  stop(): void {
    this.#stopped = true;
  }

  #leave(request: QueuedRequest): void {
    this.#waiting--;
    this.#count(request, -1);
  }

  /** Adjusts the counts of requests that wait for a place, or to begin. */
  #count({ needs }: Pick<QueuedRequest, "needs">, difference: 1 | -1): void {
    if (needs === undefined) return;
    needs.share.waiting += difference;
    if (needs.window !== undefined) needs.window.waiting += difference;
    this.shares.forget(needs.share);
  }

  /** Moves the first request of a line if its needs changed with the limits. */
  #refiled(line: Line, request: QueuedRequest): boolean {
    if (request.epoch === this.shares.epoch) return false;
    request.epoch = this.shares.epoch;
    const needs = request.needsNow();
    const { share, window } = request.needs ?? {};
    if (needs?.share === share && needs?.window === window) return false;
    this.#lines.take(line);
    const before = { needs: request.needs };
    request.needs = needs;
    // In this order: a share without waiting jobs is forgotten, and its key would get another.
    this.#count(request, 1);
    this.#count(before, -1);
    this.#lines.push(request);
    return true;
  }

  get #isStill(): boolean {
    return this.#stopped || this.#isHeld || this.#isReleasing || this.first?.alone !== undefined;
  }

  /** Grants all requests that may be granted. Called whenever more may have become possible. */
  grantNext(): void {
    for (let aside = 0; !this.#isStill;) {
      const line = this.#lines.next();
      const request = line?.first;
      if (line === undefined || request === undefined) return;
      if (this.#unsorted > 0 && this.#setAside(request)) {
        if (++aside === ASIDE_MAX) return;
        continue;
      }
      if (this.#refiled(line, request)) continue;
      // A request that gets no worker keeps those behind it waiting: none overtakes it.
      if (!this.#grant(request, line)) return;
    }
  }

  /**
   * @param line The line in which the request is the first, if it is in one.
   * @returns Whether there was a worker.
   */
  #grant(request: QueuedRequest, line?: Line): boolean {
    const worker = this.#pool.take(request);
    if (worker === undefined) return false;
    if (request.needs !== undefined) this.shares.take(request.jobId, request.needs);
    if (line !== undefined) {
      this.#lines.take(line);
      this.#leave(request);
    }
    try {
      request.grant(worker);
    } catch (error) {
      this.onDefect(error);
    }
    return true;
  }
}
