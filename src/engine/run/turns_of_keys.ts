/**
 * Requests for a worker. Of those that need a place too, requests of one key and priority wait in a
 * line. Lines of one priority take turns: the least recent turn comes next. A line whose key
 * has no free place is set aside until it has one, so that the cost of a turn does not grow with
 * the number of waiting requests.
 *
 * Jobs without a key share one key, whatever their type.
 */

import TinyQueue from "tinyqueue";
import type { RateWindow } from "./rate_window.ts";
import { inQueueOrder, type Request, RequestsInOrder } from "./requests_in_order.ts";
import type { Share, TypeShare, WantedPlace } from "./shares.ts";
import type { TurnLine } from "./supposed_turns.ts";

/** A request that can be granted, and its turn. */
export interface Candidate {
  readonly request: Request;
  /** The lowest goes first. */
  readonly turn: number;
  /** Takes the request out of its line. */
  take(): void;
}

class Line {
  readonly requests = new RequestsInOrder();
  /** Whether the line is among those that take turns. */
  isReady = false;

  /** @param turn When the line had its last turn, or was created. */
  constructor(
    readonly needs: WantedPlace,
    readonly lane: Lane,
    readonly priority: number,
    public turn: number,
  ) {}
}

/** Requests of one type. */
interface Lane {
  /** Lines that may have requests that can be granted. */
  readonly ready: TinyQueue<Line>;
  readonly withoutKey: RequestsInOrder;
}

interface LanesOfType {
  readonly continuing: Lane;
  /** Jobs that a rate counts and that have not begun. */
  readonly starting: Lane;
}

export class TurnsOfKeys {
  readonly #isOpen: (window: RateWindow) => boolean;
  readonly #byType = new Map<TypeShare, LanesOfType>();
  /** Lines with requests. */
  readonly #lines = new Map<Share, Line[]>();
  /** Lines whose key has used up its rate. */
  readonly #blocked = new Map<RateWindow, Set<Line>>();
  /** Requests that need no place. */
  readonly #placeless = new RequestsInOrder();
  /** When jobs without a key had their last turn, by priority. Kept only while there are lines. */
  readonly #withoutKey = new Map<number, number>();
  /** Lines with requests that a full disk holds. */
  readonly #aside = new Set<Line>();
  #turn = 0;

  constructor(isOpen: (window: RateWindow) => boolean) {
    this.#isOpen = isOpen;
  }

  push(request: Request): void {
    const { needs } = request;
    if (needs === undefined) return this.#placeless.push(request);
    const { share, window } = needs;
    const lane = this.#lanesOf(share.of)[window === undefined ? "continuing" : "starting"];
    if (share.key === undefined && window?.isOfType !== false) {
      return lane.withoutKey.push(request);
    }
    const line = this.#lineOf(lane, needs, request.priority);
    line.requests.push(request);
    this.#consider(line);
  }

  /** The next request that can be granted. */
  next(mayBegin: boolean): Candidate | undefined {
    let next = this.#withoutKeyIn(this.#placeless, mayBegin);
    for (const [type, { continuing, starting }] of this.#byType) {
      if (type.isFull) continue;
      for (const lane of [continuing, starting]) {
        const ofKey = this.#nextOfKeys(lane.ready, mayBegin);
        if (ofKey !== undefined && isBefore(ofKey, next)) next = ofKey;
        const without = this.#withoutKeyIn(lane.withoutKey, mayBegin);
        if (without !== undefined && isBefore(without, next)) next = without;
      }
    }
    return next;
  }

  #withoutKeyIn(requests: RequestsInOrder, mayBegin: boolean): Candidate | undefined {
    const request = requests.first(mayBegin);
    const window = request?.needs?.window;
    if (request === undefined || window !== undefined && !this.#isOpen(window)) return undefined;
    return {
      request,
      turn: this.#withoutKey.get(request.priority) ?? 0,
      take: () => {
        requests.take(request);
        if (this.#lines.size > 0) this.#withoutKey.set(request.priority, ++this.#turn);
        else if (this.#withoutKey.size > 0) this.#withoutKey.clear();
      },
    };
  }

  freed(share: Share): void {
    for (const line of this.#lines.get(share) ?? []) this.#consider(line);
  }

  opened(window: RateWindow): void {
    const lines = this.#blocked.get(window);
    this.#blocked.delete(window);
    for (const line of lines ?? []) this.#consider(line);
  }

  /** The disk has room again for jobs that begin. */
  mayBegin(): void {
    const aside = [...this.#aside];
    this.#aside.clear();
    for (const line of aside) this.#consider(line);
  }

  /** The lines of a type that take turns. Jobs without a key form one line per priority. */
  linesOf(type: TypeShare): readonly TurnLine[] {
    const ofKeys = [...this.#lines].flatMap(([share, lines]) =>
      share.of === type
        ? lines.map(({ priority, turn, requests: { all } }) => ({
          share,
          priority,
          turn,
          requests: all,
        }))
        : []
    );
    const lanes = Object.values(this.#byType.get(type) ?? {}) as readonly Lane[];
    const without = lanes.flatMap(({ withoutKey }) => withoutKey.all);
    const byPriority = Map.groupBy(without, ({ priority }) => priority);
    return [...byPriority].reduce<readonly TurnLine[]>((lines, [priority, requests]) => {
      const share = requests[0]?.needs?.share;
      const turn = this.#withoutKey.get(priority) ?? 0;
      return share === undefined ? lines : [...lines, { share, priority, turn, requests }];
    }, ofKeys);
  }

  /** All queues in which requests may wait. */
  get queues(): readonly RequestsInOrder[] {
    const lanes = [...this.#byType.values()].flatMap((lanes) => Object.values(lanes) as Lane[]);
    const lines = [...this.#lines.values()].flat();
    return [
      this.#placeless,
      ...lanes.map(({ withoutKey }) => withoutKey),
      ...lines.map(({ requests }) => requests),
    ];
  }

  /** The requests of each key. Those of all jobs without a key form one group, the first. */
  get all(): readonly (readonly Request[])[] {
    const lanes = [...this.#byType.values()].flatMap((lanes) => Object.values(lanes) as Lane[]);
    const without = [this.#placeless, ...lanes.map(({ withoutKey }) => withoutKey)]
      .flatMap(({ all }) => all);
    const ofKeys = [...this.#lines.values()].map((lines) =>
      lines.flatMap(({ requests }) => requests.all)
    );
    return [without, ...ofKeys];
  }

  #lanesOf(type: TypeShare): LanesOfType {
    let lanes = this.#byType.get(type);
    if (lanes === undefined) {
      this.#byType.set(type, lanes = { continuing: newLane(), starting: newLane() });
    }
    return lanes;
  }

  #lineOf(lane: Lane, needs: WantedPlace, priority: number): Line {
    const { share, window } = needs;
    let lines = this.#lines.get(share);
    if (lines === undefined) this.#lines.set(share, lines = []);
    let line = lines.find((line) => line.priority === priority && line.needs.window === window);
    if (line === undefined) lines.push(line = new Line(needs, lane, priority, ++this.#turn));
    return line;
  }

  #consider(line: Line): void {
    if (line.isReady || line.needs.share.isFull) return;
    line.isReady = true;
    line.lane.ready.push(line);
  }

  #nextOfKeys(ready: TinyQueue<Line>, mayBegin: boolean): Candidate | undefined {
    for (let line = ready.peek(); line !== undefined; line = ready.peek()) {
      const { share, window } = line.needs;
      const next = share.isFull ? undefined : line.requests.first(mayBegin);
      const isOpen = next === undefined || window === undefined || this.#isOpen(window);
      if (next !== undefined && isOpen) return this.#candidate(ready, line, next);
      // All requests of this lane wait for the same window.
      if (!isOpen && window?.isOfType === true) return undefined;
      ready.pop();
      line.isReady = false;
      if (line.requests.first(true) === undefined) this.#drop(line);
      else if (!isOpen && window !== undefined) this.#block(line, window);
      else if (!share.isFull) this.#aside.add(line);
    }
    return undefined;
  }

  #block(line: Line, window: RateWindow): void {
    const lines = this.#blocked.get(window);
    if (lines === undefined) this.#blocked.set(window, new Set([line]));
    else lines.add(line);
  }

  #candidate(ready: TinyQueue<Line>, line: Line, request: Request): Candidate {
    const take = () => {
      ready.pop();
      line.isReady = false;
      line.requests.take(request);
      line.turn = ++this.#turn;
      if (line.requests.first(true) === undefined) this.#drop(line);
      else this.#consider(line);
    };
    return { request, turn: line.turn, take };
  }

  #drop(line: Line): void {
    const { share } = line.needs;
    const lines = this.#lines.get(share);
    const at = lines?.indexOf(line) ?? -1;
    if (lines === undefined || at < 0) return;
    lines.splice(at, 1);
    if (lines.length === 0) this.#lines.delete(share);
  }
}

function newLane(): Lane {
  const ready = new TinyQueue<Line>(
    [],
    (left, right) => left.priority - right.priority || left.turn - right.turn,
  );
  return { ready, withoutKey: new RequestsInOrder() };
}

/** Compares by lower priority, then by lower turn, then by older request. */
function isBefore(one: Candidate, other: Candidate | undefined): boolean {
  if (other === undefined) return true;
  const { priority } = one.request;
  if (priority !== other.request.priority) return priority < other.request.priority;
  return one.turn === other.turn
    ? inQueueOrder(one.request, other.request) < 0
    : one.turn < other.turn;
}
