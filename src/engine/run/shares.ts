/**
 * Places by type and key: how many jobs of a type, and of one key of it, may be at work at a time.
 * A job takes its place when it is granted a worker, and gives it back when it is on disk that it
 * waits, backs off, is held or has ended; so what the journal tells never exceeds a limit. Places
 * are no workers, and no slots of handlers: a job may have one without the others.
 */

import type { JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";

/** How many places there are; absent is no limit. */
export interface PlaceLimits {
  readonly maxRunning?: number;
  /** Of one key. */
  readonly perKey?: number;
}

/** What limits a job: the one that is reached. */
export type ReachedLimit = "maxRunning" | "perKey";

/** All places of a type. */
export class TypeShare {
  held = 0;

  constructor(readonly type: string, public limits: PlaceLimits) {}

  get isFull(): boolean {
    return this.held >= (this.limits.maxRunning ?? Infinity);
  }
}

/** What one key has of them; jobs without a key have one together. */
export class Share {
  readonly holders = new Set<JobId>();
  /** Requests that wait for a place of it. */
  waiting = 0;

  constructor(readonly of: TypeShare, readonly key: string | undefined) {}

  /** Whether the limit of its key is reached. */
  get isFull(): boolean {
    return this.key !== undefined && this.holders.size >= (this.of.limits.perKey ?? Infinity);
  }

  get reached(): ReachedLimit | undefined {
    if (this.isFull) return "perKey";
    return this.of.isFull ? "maxRunning" : undefined;
  }
}

/** Where requests wait for places. */
export interface PlaceQueue {
  /** A place of a share is free again, and with it one of its type. */
  freed(share: Share): void;
}

/** What of a job says where its place is. */
type Placed = Pick<JobState, "jobId" | "type" | "key">;

interface TypePlaces {
  readonly all: TypeShare;
  /** Those with a holder or a request. */
  readonly byKey: Map<string | undefined, Share>;
}

export class Shares {
  readonly #byType = new Map<string, TypePlaces>();
  readonly #held = new Map<JobId, Share>();
  readonly #queues: PlaceQueue[] = [];

  /** @param limits Of the types that have some. */
  constructor(limits: Iterable<readonly [string, PlaceLimits]> = []) {
    for (const [type, of] of limits) {
      this.#byType.set(type, { all: new TypeShare(type, of), byKey: new Map() });
    }
  }

  /** Tells a queue of places that are free again. */
  tell(queue: PlaceQueue): void {
    this.#queues.push(queue);
  }

  /** Whether any job holds a place. */
  get areHeld(): boolean {
    return this.#held.size > 0;
  }

  holds(jobId: JobId): boolean {
    return this.#held.has(jobId);
  }

  /** Where a job has its place; `undefined` when nothing limits its type. */
  of({ type, key }: Pick<Placed, "type" | "key">): Share | undefined {
    const places = type === undefined ? undefined : this.#byType.get(type);
    if (places === undefined) return undefined;
    let share = places.byKey.get(key);
    if (share === undefined) places.byKey.set(key, share = new Share(places.all, key));
    return share;
  }

  /** What a job has to be given before it may begin an attempt; `undefined` when nothing. */
  wantedBy(job: Placed): Share | undefined {
    return this.#byType.size === 0 || this.#held.has(job.jobId) ? undefined : this.of(job);
  }

  /** The jobs that hold places of the limit that keeps others waiting, the longest first. */
  holdersOf(share: Share): readonly JobId[] {
    if (share.isFull) return [...share.holders];
    return [...this.#held].flatMap(([jobId, held]) => held.of === share.of ? [jobId] : []);
  }

  take(jobId: JobId, share: Share): void {
    if (this.#held.has(jobId)) return;
    this.#held.set(jobId, share);
    share.holders.add(jobId);
    share.of.held++;
  }

  /** Gives a job's place back, if it has one. */
  release(jobId: JobId): void {
    const share = this.#held.get(jobId);
    if (share === undefined) return;
    this.#held.delete(jobId);
    share.holders.delete(jobId);
    share.of.held--;
    for (const queue of this.#queues) queue.freed(share);
    this.forget(share);
  }

  /** Keys that have neither holder nor request are not kept. */
  forget(share: Share): void {
    if (share.waiting > 0 || share.holders.size > 0) return;
    this.#byType.get(share.of.type)?.byKey.delete(share.key);
  }
}
