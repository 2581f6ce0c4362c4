/**
 * Requests for a worker, in the order in which they are granted: those of jobs that run alone
 * first, then those of lower priority. Keys of one priority take turns: the least recent turn comes
 * next. Within a key the oldest request comes first. Jobs without a key take turns as one key,
 * whatever their type.
 *
 * Requests let others pass while their type or key has no free place, their rate is used up, or
 * they begin and the disk has no room for that. So requests are kept in lines: either all requests
 * of a line can be granted, or none. A line that has to wait is set aside until that may have
 * changed, so the cost of a turn does not grow with the number of waiting requests.
 */

import TinyQueue from "tinyqueue";
import type { JobId } from "../../../core/ids.ts";
import type { Pausable } from "../../../core/pauses.ts";
import type { RateWindow } from "./rate_window.ts";
import type { Share, TypeShare, WantedPlace } from "./shares.ts";

/** A position in the queue. */
export interface QueuePosition {
  readonly priority: number;
  /** The `logId` of the job's start. */
  readonly order: number;
}

type Place = QueuePosition & Partial<Pick<WorkerRequest, "rank">>;

/** Compares two places: negative when the left one is granted first. */
export function inQueueOrder(left: Place, right: Place): number {
  return left.priority - right.priority || (left.rank ?? 0) - (right.rank ?? 0) ||
    left.order - right.order;
}

export interface WorkerRequest extends QueuePosition, Pausable {
  readonly jobId: JobId;
  readonly type: string;
  /** Whether the job has to record that it begins, for which a full disk has no room. */
  readonly begins: boolean;
  /** Whether the job runs alone: it is granted a worker first, once all other jobs have ended. */
  readonly isAlone: boolean;
  /** Comes before the order; lower ones go first. */
  readonly rank: number;
  /** The place that limits require the job to have as well, if any. */
  readonly needs: () => WantedPlace | undefined;
}

export interface Worker extends Pausable {
  readonly type: string;
  /** The number of the grant: lower ones go first. */
  readonly turn: number;
  isShared: boolean;
  /** While `true`, no other worker is granted. */
  isAlone: boolean;
}

export interface QueuedRequest extends Omit<WorkerRequest, "needs"> {
  isAlone: boolean;
  readonly needsNow: WorkerRequest["needs"];
  /** The last result of `needsNow`, computed in the `epoch` of the limits. */
  needs: WantedPlace | undefined;
  epoch: number;
  readonly grant: (worker: Worker) => void;
  /** The line in which it waits; absent while a pause holds it, and once granted or withdrawn. */
  line: Line | undefined;
}

/** A line among those that are ready, as it was when it joined them. */
interface Entry {
  readonly line: Line;
  readonly turn: number;
  /** That of its first request. */
  readonly order: number;
}

type Ready = TinyQueue<Entry>;

/** The lines of one type, all of which wait while the type has no free place. */
interface Lanes {
  /** Jobs that run alone. */
  readonly alone: Ready;
  /** Jobs that have not begun, and that one rate counts together. */
  readonly ofRate: Ready;
  readonly others: Ready;
}

/** Who takes turns: all requests of one key and priority, or all of one priority without a key. */
class Taker {
  lines: Line[] = [];

  /** @param turn When it had its last turn, or came. */
  constructor(
    readonly priority: number,
    readonly share: Share | undefined,
    readonly window: RateWindow | undefined,
    public turn: number,
  ) {}
}

/** Requests of one key and priority that the same things keep waiting. */
export class Line {
  requests = new TinyQueue<QueuedRequest>([], inQueueOrder);
  /** Absent while it is set aside. */
  entry: Entry | undefined;

  constructor(
    readonly taker: Taker,
    readonly ready: Ready,
    readonly needs: WantedPlace | undefined,
    readonly begins: boolean,
  ) {}

  get first(): QueuedRequest | undefined {
    let first = this.requests.peek();
    for (; first !== undefined && first.line !== this; first = this.requests.peek()) {
      this.requests.pop();
    }
    return first;
  }

  /** Unsorted. */
  get all(): readonly QueuedRequest[] {
    return this.requests.data.filter(({ line }) => line === this);
  }

  /** Drops requests that have left the line. */
  clear(): void {
    this.requests = new TinyQueue([...this.all], inQueueOrder);
  }
}

export class RequestLines {
  readonly #lanes = new Map<TypeShare | undefined, Lanes>();
  /** All that take turns, by key; those without one under `undefined`. */
  readonly #takers = new Map<Share | undefined, Taker[]>([[undefined, []]]);
  /** Lines by what keeps them waiting: a share, a window, or this itself for a full disk. */
  readonly #aside = new Map<object, Set<Line>>();
  #mayBegin = true;
  #turn = 0;

  constructor(private readonly isOpen: (window: RateWindow) => boolean) {}

  push(request: QueuedRequest): void {
    const line = request.line = this.#lineFor(request);
    line.requests.push(request);
    if (line.first === request) this.#enter(line);
  }

  /** Requests of jobs that were to run alone wait among the others. */
  endAlone(): void {
    const alone = new Set([...this.#lanes.values()].map((lanes) => lanes.alone));
    for (const line of this.lines.filter(({ ready }) => alone.has(ready))) {
      const requests = line.all;
      for (const request of requests) Object.assign(request, { line: undefined, isAlone: false });
      this.#enter(line);
      for (const request of requests) this.push(request);
    }
  }

  /** The line whose first request comes next. */
  next(): Line | undefined {
    return this.nextAlone() ?? this.#nextIn(NOT_ALONE);
  }

  /** The same among the jobs that run alone. */
  nextAlone(): Line | undefined {
    return this.#nextIn(ALONE);
  }

  #nextIn(names: readonly (keyof Lanes)[]): Line | undefined {
    let next: Line | undefined;
    for (const [type, lanes] of this.#lanes) {
      if (type?.isFull === true) continue;
      for (const name of names) {
        const line = this.#foremost(lanes[name], name === "ofRate");
        if (line !== undefined && (next === undefined || isBefore(line, next))) next = line;
      }
    }
    return next;
  }

  /** Takes the first request out of a line, which has had its turn. */
  take(line: Line): QueuedRequest | undefined {
    const request = line.first;
    line.requests.pop();
    if (request !== undefined) request.line = undefined;
    line.taker.turn = ++this.#turn;
    this.#enter(line);
    return request;
  }

  /** What kept lines waiting, a share or a window, may no longer do so. */
  freed(obstacle: object): void {
    const lines = this.#aside.get(obstacle);
    this.#aside.delete(obstacle);
    for (const line of lines ?? []) this.#enter(line);
  }

  get mayBegin(): boolean {
    return this.#mayBegin;
  }

  /** Whether the disk has room for jobs that begin. */
  set mayBegin(mayBegin: boolean) {
    this.#mayBegin = mayBegin;
    if (mayBegin) this.freed(this);
  }

  get lines(): readonly Line[] {
    return [...this.#takers.values()].flat().flatMap(({ lines }) => lines);
  }

  /** The requests of each key. Those of all jobs without a key form one group, the first. */
  get groups(): readonly (readonly QueuedRequest[])[] {
    return [...this.#takers.values()].map((takers) =>
      takers.flatMap(({ lines }) => lines.flatMap(({ all }) => all))
    );
  }

  /**
   * The requests of one type as they would wait under other limits, with the turns as they are.
   *
   * @param needsOf Returns the place that a request would need.
   */
  supposing(
    type: TypeShare,
    needsOf: (request: QueuedRequest) => WantedPlace | undefined,
    isOpen: (window: RateWindow) => boolean,
  ): RequestLines {
    const supposed = new RequestLines(isOpen);
    const ofType = this.lines.filter(({ needs }) => needs?.share.of === type)
      .toSorted((left, right) => left.taker.turn - right.taker.turn);
    // A line that is new has its turn after those before it.
    for (const { all } of ofType) {
      for (const request of all) supposed.push({ ...request, needs: needsOf(request) });
    }
    return supposed;
  }

  #lineFor({ needs, priority, begins, isAlone }: QueuedRequest): Line {
    const taker = this.#takerFor(needs, priority);
    const isOfRate = needs?.window?.isOfType === true;
    const lanes = this.#lanes.getOrInsertComputed(needs?.share.of, newLanes);
    const ready = lanes[isAlone ? "alone" : isOfRate ? "ofRate" : "others"];
    let line = taker.lines.find((line) => line.ready === ready && line.begins === begins);
    if (line === undefined) taker.lines.push(line = new Line(taker, ready, needs, begins));
    return line;
  }

  #takerFor(needs: WantedPlace | undefined, priority: number): Taker {
    const isOfKey = needs?.share.key !== undefined || needs?.window?.isOfType === false;
    const { share, window } = isOfKey && needs !== undefined ? needs : NO_KEY;
    const takers = this.#takers.get(share) ?? [];
    const known = takers.find((one) => one.priority === priority && one.window === window);
    if (known !== undefined) return known;
    const taker = new Taker(priority, share, window, ++this.#turn);
    takers.push(taker);
    this.#takers.set(share, takers);
    return taker;
  }

  /**
   * The foremost line that can be granted.
   *
   * @param isOfRate Whether all of them wait for the same window.
   */
  #foremost(ready: Ready, isOfRate: boolean): Line | undefined {
    for (let entry = ready.peek(); entry !== undefined; entry = ready.peek()) {
      const { line, turn, order } = entry;
      if (line.entry === entry && line.taker.turn === turn && line.first?.order === order) {
        const obstacle = this.#obstacleOf(line);
        if (obstacle === undefined) return line;
        if (isOfRate && obstacle === line.needs?.window) return undefined;
        ready.pop();
        this.#setAside(line, obstacle);
      } else {
        ready.pop();
        if (line.entry === entry) this.#enter(line);
      }
    }
    return undefined;
  }

  /** What keeps a line waiting, other than its type. */
  #obstacleOf({ needs, begins }: Line): object | undefined {
    if (begins && !this.#mayBegin) return this;
    if (needs?.share.isFull === true) return needs.share;
    const window = needs?.window;
    return window === undefined || this.isOpen(window) ? undefined : window;
  }

  /** A line joins those that are ready, at its place, if it is not empty. */
  #enter(line: Line): void {
    const { first, taker, ready } = line;
    line.entry = first && { line, turn: taker.turn, order: first.order };
    if (line.entry === undefined) this.#drop(line);
    else ready.push(line.entry);
  }

  #setAside(line: Line, obstacle: object): void {
    line.entry = undefined;
    this.#aside.getOrInsertComputed(obstacle, () => new Set()).add(line);
  }

  /** An empty line no longer takes turns. */
  #drop(line: Line): void {
    const { taker } = line;
    taker.lines = taker.lines.filter((one) => one !== line);
    if (taker.lines.length > 0) return;
    const { share } = taker;
    const others = this.#takers.get(share)?.filter((one) => one !== taker) ?? [];
    if (others.length === 0 && share !== undefined) this.#takers.delete(share);
    else this.#takers.set(share, others);
  }
}

const ALONE: readonly (keyof Lanes)[] = ["alone"];
const NOT_ALONE: readonly (keyof Lanes)[] = ["ofRate", "others"];
const NO_KEY = { share: undefined, window: undefined };

function newLanes(): Lanes {
  const newReady = () => new TinyQueue<Entry>([], compare);
  return { alone: newReady(), ofRate: newReady(), others: newReady() };
}

/** Compares by lower priority, then by lower turn, then by older request. */
function compare(left: Entry, right: Entry): number {
  return left.line.taker.priority - right.line.taker.priority || left.turn - right.turn ||
    left.order - right.order;
}

function isBefore(one: Line, other: Line): boolean {
  return one.entry !== undefined && other.entry !== undefined &&
    compare(one.entry, other.entry) < 0;
}
