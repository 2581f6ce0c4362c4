/**
 * Requests for a worker that pauses hold. They are kept apart from the queue, so that it stays fast
 * however many they are, and grouped by the pauses that hold them, so that each pause's count is
 * always known.
 */

import TinyQueue from "tinyqueue";
import type { Work } from "../../../core/work.ts";
import type { LogId } from "../../../core/ids.ts";
import { holder, isOfEverything, type Pausable, type Pause } from "../../../core/pauses.ts";
import { inQueueOrder, type QueuedRequest } from "./request_lines.ts";

/** The most jobs that are named for a pause. */
export const FIRST_MAX = 5;
/** A group drops the requests that left it once they are more than this, and the majority. */
const LEFT_MAX = 1_000;

export interface HeldRequests {
  readonly jobs: number;
  /** The first requests in the queue, at most `FIRST_MAX`. */
  readonly first: readonly QueuedRequest[];
}

/** A pause, and whether it holds a job. */
export type Holder = readonly [Pause, (job: Pausable) => boolean];

/** How the pauses in force have changed. */
export interface PauseChange {
  readonly begun: readonly Holder[];
  readonly ended: ReadonlySet<Pause>;
}

/** Requests that the same pauses hold. */
interface Group {
  /** Oldest first. */
  pauses: readonly Pause[];
  size: number;
  /** In the order of the queue. Some may have left the group. */
  requests: TinyQueue<QueuedRequest>;
}

export class PausedRequests {
  readonly #groupOf = new Map<QueuedRequest, Group>();
  /** Groups by the pauses that hold their requests. */
  readonly #groups = new Map<string, Group>();
  /** Requests whose start may not be durable. All others are counted without being looked at. */
  readonly #fresh = new Set<QueuedRequest>();
  #pauses: readonly Pause[] = [];
  #holders: readonly Holder[] = [];

  get size(): number {
    return this.#groupOf.size;
  }

  get all(): MapIterator<QueuedRequest> {
    return this.#groupOf.keys();
  }

  isPaused(job: Pausable): boolean {
    for (const [, isHeld] of this.#holders) if (isHeld(job)) return true;
    return false;
  }

  has(request: QueuedRequest): boolean {
    return this.#groupOf.has(request);
  }

  /**
   * Takes a request, unless no pause holds it.
   *
   * @param holders The pauses that may hold the request.
   * @returns Whether it was taken.
   */
  take(request: QueuedRequest, holders = this.#holders): boolean {
    const pauses: Pause[] = [];
    for (const [pause, isHeld] of holders) if (isHeld(request)) pauses.push(pause);
    if (pauses.length === 0) return false;
    this.#add(request, this.#groupFor(pauses));
    this.#fresh.add(request);
    return true;
  }

  remove(request: QueuedRequest): void {
    this.#fresh.delete(request);
    const group = this.#groupOf.get(request);
    if (group === undefined) return;
    this.#groupOf.delete(request);
    this.#shrink(group);
  }

  /** Sets the pauses that hold later requests. `begin` and `end` sort those held already. */
  change(pauses: readonly Pause[]): PauseChange {
    const begun = pauses.filter((pause) => !this.#pauses.includes(pause)).map(toHolder);
    const ended = new Set(this.#pauses.filter((pause) => !pauses.includes(pause)));
    this.#pauses = pauses;
    this.#holders = pauses.map(toHolder);
    return { begun, ended };
  }

  /** A pause has begun: compares only this pause with the requests held already. */
  *begin([pause, isHeld]: Holder): Work<void> {
    for (const group of [...this.#groups.values()]) {
      if (group.pauses.includes(pause)) continue;
      const pauses = [...group.pauses, pause];
      if (isOfEverything(pause)) {
        yield* this.#rename(group, pauses);
        continue;
      }
      for (const request of [...group.requests.data]) {
        yield;
        if (this.#groupOf.get(request) !== group || !isHeld(request)) continue;
        this.#add(request, this.#groupFor(pauses));
        this.#shrink(group);
      }
    }
  }

  /** Pauses have ended: releases, in queue order, the requests that no pause holds any more. */
  *end(ended: ReadonlySet<Pause>, release: (request: QueuedRequest) => void): Work<void> {
    for (const group of [...this.#groups.values()]) {
      const pauses = group.pauses.filter((pause) => !ended.has(pause));
      if (pauses.length === group.pauses.length) continue;
      if (pauses.length > 0) {
        yield* this.#rename(group, pauses);
        continue;
      }
      for (let next = group.requests.pop(); next !== undefined; next = group.requests.pop()) {
        if (this.#groupOf.get(next) === group) {
          this.remove(next);
          release(next);
        }
        yield;
      }
    }
  }

  /**
   * @param upTo Jobs that started after this position do not count, since their start is not
   * durable yet. It must never decrease.
   */
  heldBy(pause: Pause, upTo: LogId): HeldRequests {
    const groups = [...this.#groups.values()].filter(({ pauses }) => pauses.includes(pause));
    const first = groups.flatMap((group) => this.#firstOf(group, upTo)).toSorted(inQueueOrder);
    for (const one of this.#fresh) if (one.order <= upTo) this.#fresh.delete(one);
    const fresh = [...this.#fresh].filter((one) => this.#groupOf.get(one)?.pauses.includes(pause));
    const jobs = groups.reduce((sum, { size }) => sum + size, 0) - fresh.length;
    return { jobs, first: first.slice(0, FIRST_MAX) };
  }

  #firstOf(group: Group, upTo: LogId): readonly QueuedRequest[] {
    // A request that left and came back may be in the group twice.
    const taken = new Set<QueuedRequest>();
    let durable = 0;
    while (durable < FIRST_MAX) {
      const next = group.requests.pop();
      if (next === undefined) break;
      if (this.#groupOf.get(next) !== group || taken.has(next)) continue;
      taken.add(next);
      if (next.order <= upTo) durable++;
    }
    for (const request of taken) group.requests.push(request);
    return [...taken].filter(({ order }) => order <= upTo);
  }

  /** Changes a group's pauses. Of two groups with equal pauses, the larger absorbs the smaller. */
  *#rename(group: Group, pauses: readonly Pause[]): Work<void> {
    this.#groups.delete(keyOf(group.pauses));
    group.pauses = pauses;
    const key = keyOf(pauses);
    const same = this.#groups.get(key);
    const [larger, smaller] = same === undefined || same.size < group.size
      ? [group, same]
      : [same, group];
    this.#groups.set(key, larger);
    for (const request of [...smaller?.requests.data ?? []]) {
      if (this.#groupOf.get(request) === smaller) this.#add(request, larger);
      yield;
    }
  }

  #groupFor(pauses: readonly Pause[]): Group {
    const key = keyOf(pauses);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const requests = new TinyQueue<QueuedRequest>([], inQueueOrder);
      this.#groups.set(key, group = { pauses, size: 0, requests });
    }
    return group;
  }

  #add(request: QueuedRequest, group: Group): void {
    this.#groupOf.set(request, group);
    group.requests.push(request);
    group.size++;
  }

  /** A request has left the group. */
  #shrink(group: Group): void {
    group.size--;
    const key = keyOf(group.pauses);
    if (group.size === 0 && this.#groups.get(key) === group) {
      this.#groups.delete(key);
    } else if (group.requests.length > LEFT_MAX + 2 * group.size) {
      const left = group.requests.data.filter((request) => this.#groupOf.get(request) === group);
      group.requests = new TinyQueue(left, inQueueOrder);
    }
  }
}

function toHolder(pause: Pause): Holder {
  return [pause, holder(pause)];
}

function keyOf(pauses: readonly Pause[]): string {
  return pauses.map(({ by }) => by).join();
}
