/**
 * Requests of jobs that need a place too. Those of one key and priority wait in a line, and lines
 * of one priority take turns: whichever had its turn longest ago. A line whose key has no place
 * left is out of the way until it has, so that a turn costs no more for all that wait.
 *
 * Jobs without a key are all together one key, whatever their type.
 */

import TinyQueue from "tinyqueue";
import { inQueueOrder, type Request, RequestsInOrder } from "./requests_in_order.ts";
import type { Share, TypeShare } from "./shares.ts";

/** A request, and the turn that it would take. */
export interface Candidate {
  readonly request: Request;
  /** Of those that could, the lowest goes first. */
  readonly turn: number;
  /** Takes it out of its line. */
  take(): void;
}

class Line {
  readonly requests = new RequestsInOrder();
  /** Whether it is among those that take turns. */
  isReady = false;

  /** @param turn When it had its turn, or came. */
  constructor(readonly share: Share, readonly priority: number, public turn: number) {}
}

interface LinesOfType {
  /** Those that may have requests that can be granted. */
  readonly ready: TinyQueue<Line>;
  readonly withoutKey: RequestsInOrder;
}

export class TurnsOfKeys {
  readonly #byType = new Map<TypeShare, LinesOfType>();
  /** By share, and then by priority: those with requests. */
  readonly #lines = new Map<Share, Map<number, Line>>();
  /** When jobs without a key had their turn, by priority; while there are lines. */
  readonly #withoutKey = new Map<number, number>();
  /** Lines that have requests for which there is no room. */
  readonly #aside = new Set<Line>();
  #turn = 0;

  /** Whether no job that needs a place has ever asked. */
  get areUnused(): boolean {
    return this.#byType.size === 0;
  }

  push(request: Request, share: Share): void {
    const ofType = this.#ofType(share.of);
    if (share.key === undefined) return ofType.withoutKey.push(request);
    const line = this.#lineOf(share, request.priority);
    line.requests.push(request);
    this.#consider(line);
  }

  /** The next that can be granted of these. */
  next(mayBegin: boolean): Candidate | undefined {
    let next: Candidate | undefined;
    for (const [type, lines] of this.#byType) {
      if (type.isFull) continue;
      const ofKey = this.#nextOfKeys(lines.ready, mayBegin);
      if (ofKey !== undefined && isBefore(ofKey, next)) next = ofKey;
      const without = this.withoutKey(lines.withoutKey, mayBegin);
      if (without !== undefined && isBefore(without, next)) next = without;
    }
    return next;
  }

  /** The next of requests of jobs without a key. */
  withoutKey(requests: RequestsInOrder, mayBegin: boolean): Candidate | undefined {
    const request = requests.first(mayBegin);
    if (request === undefined) return undefined;
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

  /** A key has a place again. */
  freed(share: Share): void {
    for (const line of this.#lines.get(share)?.values() ?? []) this.#consider(line);
  }

  /** There is room again for jobs that begin. */
  mayBegin(): void {
    const aside = [...this.#aside];
    this.#aside.clear();
    for (const line of aside) this.#consider(line);
  }

  /** The requests of each line; those without a key are one. */
  get all(): readonly (readonly Request[])[] {
    const without = [...this.#byType.values()].flatMap(({ withoutKey }) => withoutKey.all);
    const lines = [...this.#lines.values()].flatMap((lines) => [...lines.values()]);
    return [without, ...lines.map(({ requests }) => requests.all)];
  }

  #ofType(type: TypeShare): LinesOfType {
    let lines = this.#byType.get(type);
    if (lines === undefined) {
      const ready = new TinyQueue<Line>(
        [],
        (left, right) => left.priority - right.priority || left.turn - right.turn,
      );
      this.#byType.set(type, lines = { ready, withoutKey: new RequestsInOrder() });
    }
    return lines;
  }

  #lineOf(share: Share, priority: number): Line {
    let lines = this.#lines.get(share);
    if (lines === undefined) this.#lines.set(share, lines = new Map());
    let line = lines.get(priority);
    if (line === undefined) lines.set(priority, line = new Line(share, priority, ++this.#turn));
    return line;
  }

  #consider(line: Line): void {
    if (line.isReady || line.share.isFull) return;
    line.isReady = true;
    this.#ofType(line.share.of).ready.push(line);
  }

  #nextOfKeys(ready: TinyQueue<Line>, mayBegin: boolean): Candidate | undefined {
    for (let line = ready.peek(); line !== undefined; line = ready.peek()) {
      const next = line.share.isFull ? undefined : line.requests.first(mayBegin);
      if (next !== undefined) return this.#candidate(ready, line, next);
      ready.pop();
      line.isReady = false;
      if (line.requests.first(true) === undefined) this.#drop(line);
      else if (!line.share.isFull) this.#aside.add(line);
    }
    return undefined;
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
    const { share, priority } = line;
    const lines = this.#lines.get(share);
    if (lines?.get(priority) !== line) return;
    lines.delete(priority);
    if (lines.size === 0) this.#lines.delete(share);
  }
}

/** Lower priority, then whose turn it is, then the older. */
export function isBefore(one: Candidate, other: Candidate | undefined): boolean {
  if (other === undefined) return true;
  const { priority } = one.request;
  if (priority !== other.request.priority) return priority < other.request.priority;
  return one.turn === other.turn
    ? inQueueOrder(one.request, other.request) < 0
    : one.turn < other.turn;
}
