/**
 * Places by type and key. They limit how many jobs of a type, and of one key, may work at a time,
 * and how many may begin within a period. A job takes its place when it is granted a worker. It
 * gives the place back once it is durable that the job waits, backs off, is held or has ended, so
 * the journal never shows more jobs than a limit allows. Places are independent of workers, and of
 * slots for handlers.
 */

import type { JobId } from "../../../core/ids.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { Pausable } from "../../../core/pauses.ts";
import type { LimitValues, Rate } from "../../../core/place_limits.ts";
import type { TypeLimits } from "../../requests.ts";
import { SteadyMap } from "../../../core/steady_map.ts";
import type { Clock } from "../../ports.ts";
import type { RecordedStart } from "../../writer/places.ts";
import { RateWindow } from "./rate_window.ts";
import type { Scheduler } from "../scheduler.ts";

/** Which limit keeps a job waiting. */
export type ReachedLimit = "maxRunning" | "perKey" | "rate";

export class TypeShare {
  held = 0;

  constructor(readonly type: string, public limits: LimitValues) {}

  get isFull(): boolean {
    return this.held >= (this.limits.maxRunning ?? Infinity);
  }
}

/** The places of one key; jobs without a key share one. */
export class Share {
  readonly holders = new Set<JobId>();
  /** How many requests wait for a place of this share. */
  waiting = 0;

  constructor(readonly of: TypeShare, readonly key: string | undefined) {}

  /** Whether the limit of the key is reached. */
  get isFull(): boolean {
    return this.key !== undefined && this.holders.size >= (this.of.limits.perKey ?? Infinity);
  }
}

/** What a job needs before it may begin an attempt. */
export interface WantedPlace {
  readonly share: Share;
  /** The window of the rate that counts the start; `undefined` once begun, or without a rate. */
  readonly window: RateWindow | undefined;
}

/** A queue in which requests wait for places. */
export interface PlaceQueue {
  /** Shares, and so their types, may have a free place; windows may admit more starts. */
  freed(places: readonly (Share | RateWindow)[]): void;
}

/** The use of the limits of a type. */
export type TypeUse = Pick<TypeLimits, "type" | "held" | "keys" | "rates">;

/** The rate of windows that remain after the rate of their type was removed. */
const NO_RATE: Rate = { count: Infinity, perMs: 0 };

/** The properties of a job that decide which places and rates apply to it. */
export type Placed = Pick<JobState, "jobId" | "type" | "rateKey"> & Pick<Pausable, "key">;

interface TypePlaces {
  readonly all: TypeShare;
  /** Shares with a holder or a request. */
  readonly byKey: Map<string | undefined, Share>;
  /** Windows with a start that counts. */
  readonly windows: Map<string | undefined, RateWindow>;
}

interface HeldPlace {
  readonly share: Share;
  /** The window of the rate that counts the job's start, until that is durable. */
  pending: RateWindow | undefined;
}

/** Empty windows are dropped each time this many jobs have started. */
const SWEEP_EVERY = 10_000;

export class Shares {
  readonly #byType = new Map<string, TypePlaces>();
  readonly #held = new SteadyMap<JobId, HeldPlace>();
  readonly #queues: PlaceQueue[] = [];
  /**
   * Increases when older requests may need other places: limits have changed, or a job that waits
   * for a worker gives its place back.
   */
  epoch = 0;
  #starts = 0;

  /** @param limits The limits of the types that have limits. */
  constructor(
    private readonly clock: Pick<Clock, "now" | "monotonic">,
    private readonly scheduler: Pick<Scheduler, "after">,
    limits: Iterable<readonly [string, LimitValues]>,
  ) {
    for (const [type, of] of limits) this.#places(type, of);
  }

  /**
   * Changes the limits of a type. Jobs at work stay at work. Waiting jobs are granted nothing until
   * `notifyChanged` notifies their queues.
   */
  change(type: string, limits: LimitValues): void {
    const places = this.#byType.get(type) ?? this.#places(type, limits);
    places.all.limits = limits;
    this.epoch++;
    for (const window of places.windows.values()) window.rate = limits.rate ?? NO_RATE;
  }

  /** Notifies the queues that the new limits of a type may admit waiting jobs. */
  notifyChanged(type: string): void {
    const places = this.#byType.get(type);
    if (places !== undefined) this.#freed([...places.windows.values(), ...places.byKey.values()]);
  }

  get use(): readonly TypeUse[] {
    return [...this.#byType.values()].map(({ all, byKey, windows }) => {
      const rates = [...windows].flatMap(([key, window]) => this.#useOf(key, window));
      const keys = [...byKey.values()].map(({ key, holders, waiting }) => ({
        key: key ?? null,
        held: holders.size,
        waiting,
      }));
      return { type: all.type, held: all.held, rates, keys };
    });
  }

  /** Empty for a window in which no job counts. */
  #useOf(key: string | undefined, window: RateWindow): TypeUse["rates"] {
    const nowMs = this.clock.monotonic();
    const { waiting } = window;
    const began = window.counted(nowMs);
    if (began === 0 && waiting === 0) return [];
    const inMs = Math.ceil(window.opensAtMs(nowMs) - nowMs);
    const nextAt = inMs > 0 && inMs < Infinity
      ? { nextAt: new Date(this.clock.now() + inMs).toISOString() }
      : {};
    return [{ key: key ?? null, began, waiting, ...nextAt }];
  }

  #places(type: string, limits: LimitValues): TypePlaces {
    const all = new TypeShare(type, limits);
    const places: TypePlaces = { all, byKey: new Map(), windows: new Map() };
    this.#byType.set(type, places);
    return places;
  }

  /** Registers a queue to notify of free places. */
  subscribe(queue: PlaceQueue): void {
    this.#queues.push(queue);
  }

  get areHeld(): boolean {
    return this.#held.size > 0;
  }

  holds(jobId: JobId): boolean {
    return this.#held.has(jobId);
  }

  /**
   * The place that a job needs before it may begin an attempt; `undefined` when it needs none.
   *
   * @param hasBegun Whether an attempt of the job is on record.
   */
  wantedBy(job: Placed, hasBegun: boolean): WantedPlace | undefined {
    if (this.#byType.size === 0 || this.#held.has(job.jobId)) return undefined;
    const places = job.type === undefined ? undefined : this.#byType.get(job.type);
    if (places === undefined) return undefined;
    const window = hasBegun ? undefined : windowOf(places, job);
    return { share: shareOf(places, job), window };
  }

  /** The limit that keeps a job waiting; `undefined` when it waits for a worker. */
  reached({ share, window }: WantedPlace): ReachedLimit | undefined {
    if (share.isFull) return "perKey";
    if (share.of.isFull) return "maxRunning";
    return window === undefined || this.isOpen(window) ? undefined : "rate";
  }

  /** The places of a type under other limits, as they are taken now. Nothing is notified of them. */
  supposing(type: string, limits: LimitValues): Shares {
    const supposed = new Shares(this.clock, { after: () => () => {} }, [[type, limits]]);
    for (const [rateKey, window] of this.#byType.get(type)?.windows ?? []) {
      const { rate } = limits;
      if (rate !== undefined) supposed.#byType.get(type)?.windows.set(rateKey, window.under(rate));
    }
    for (const [jobId, { share }] of this.#held) {
      if (share.of.type === type) supposed.restore({ jobId, type, key: share.key });
    }
    return supposed;
  }

  /** How many starts count in a window. */
  counted(window: RateWindow): number {
    return window.counted(this.clock.monotonic());
  }

  /** Whether one more job may begin; if not, the queues are notified when it may. */
  isOpen(window: RateWindow): boolean {
    const nowMs = this.clock.monotonic();
    const opensAtMs = window.opensAtMs(nowMs);
    if (opensAtMs <= nowMs) return true;
    if (window.isAwaited || opensAtMs === Infinity) return false;
    window.isAwaited = true;
    this.scheduler.after(Math.ceil(opensAtMs - nowMs), () => {
      window.isAwaited = false;
      this.#freed([window]);
    });
    return false;
  }

  /** The jobs that hold the places of a limit that others wait for, longest holder first. */
  holdersOf(share: Share, limit: ReachedLimit): readonly JobId[] {
    if (limit === "perKey") return [...share.holders];
    return [...this.#held].flatMap(([jobId, held]) => held.share.of === share.of ? [jobId] : []);
  }

  take(jobId: JobId, { share, window }: WantedPlace): void {
    if (this.#held.has(jobId)) return;
    window?.take();
    this.#held.set(jobId, { share, pending: window });
    share.holders.add(jobId);
    share.of.held++;
  }

  /** The first attempt of a job is durable. */
  began(jobId: JobId): void {
    const held = this.#held.get(jobId);
    const window = held?.pending;
    if (held === undefined || window === undefined) return;
    held.pending = undefined;
    window.began(this.clock.monotonic());
    this.#freed([window]);
    if (++this.#starts % SWEEP_EVERY === 0) this.#sweep();
  }

  release(jobId: JobId): void {
    const held = this.#held.get(jobId);
    if (held === undefined) return;
    const { share, pending } = held;
    this.#held.delete(jobId);
    share.holders.delete(jobId);
    share.of.held--;
    if (pending !== undefined) {
      pending.giveBack();
      this.#freed([pending]);
    }
    this.#freed([share]);
    this.forget(share);
  }

  /** Gives a job the place that it holds by the record. */
  restore(job: Placed): void {
    const wanted = this.wantedBy(job, true);
    if (wanted !== undefined) this.take(job.jobId, wanted);
  }

  /** Adds starts recorded by earlier processes. Computes their age from the system clock once. */
  remember(job: Omit<Placed, "jobId">, starts: readonly RecordedStart[]): void {
    const places = job.type === undefined ? undefined : this.#byType.get(job.type);
    const window = places === undefined ? undefined : windowOf(places, job);
    for (const { atMs } of starts) {
      window?.remember(this.clock.monotonic() - Math.max(0, this.clock.now() - atMs));
    }
  }

  /** Drops a key that has neither holder nor request. */
  forget(share: Share): void {
    if (share.waiting > 0 || share.holders.size > 0) return;
    this.#byType.get(share.of.type)?.byKey.delete(share.key);
  }

  #freed(places: readonly (Share | RateWindow)[]): void {
    for (const queue of this.#queues) queue.freed(places);
  }

  #sweep(): void {
    const nowMs = this.clock.monotonic();
    for (const { windows } of this.#byType.values()) {
      for (const [key, window] of windows) {
        if (window.isIdle(nowMs) && window.waiting === 0) windows.delete(key);
      }
    }
  }
}

function shareOf({ all, byKey }: TypePlaces, { key }: Pick<Placed, "key">): Share {
  let share = byKey.get(key);
  if (share === undefined) byKey.set(key, share = new Share(all, key));
  return share;
}

function windowOf(
  { all, windows }: TypePlaces,
  { rateKey }: Pick<Placed, "rateKey">,
): RateWindow | undefined {
  const { rate } = all.limits;
  if (rate === undefined) return undefined;
  let window = windows.get(rateKey);
  if (window === undefined) {
    windows.set(rateKey, window = new RateWindow(rate, rateKey === undefined));
  }
  return window;
}
