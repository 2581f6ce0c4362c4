/** Finds recorded events from outside by their content instead of their position. */

import { indexAlternatives } from "../../core/correlation.ts";
import type { LogId } from "../../core/ids.ts";
import type { EventMatcher } from "../../core/job_plan.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { CARRIERS_MAX } from "./postings.ts";
import { isFiled, jobKey, typeKey, valueKey } from "./value_keys.ts";

/** How long a query waits for an index that lags behind, in milliseconds. */
export const LAG_MS = 1_000;

/** How many of the newest positions are wanted, by key. */
export type WantedKeys = ReadonlyMap<number, number>;

/** Where entries with these keys are. */
export interface FoundPositions {
  /** By key, newest first. Hashes may collide, so the reader must check the entries. */
  readonly positions: ReadonlyMap<number, readonly LogId[]>;
  /** Entries at or before this position may have been forgotten; 0 when none have been. */
  readonly horizon: LogId;
  /** Entries after this position were not looked at. */
  readonly upTo: LogId;
}

/** The index of values: a cache of the journal, which may lag behind. */
export interface PastEvents {
  /** Everything up to here is durable. Called for every batch, so it must be fast. */
  durable(logId: LogId): void;
  /**
   * Looks up keys among the entries up to a position, and perhaps later ones. Waits a limited time
   * for the index to get there. If it does not, `upTo` is smaller.
   */
  find(wanted: WantedKeys, asOf: LogId): Promise<FoundPositions>;
}

/** A batch of keys to look up. */
export class Lookup {
  readonly #wanted = new Map<number, number>();

  get wanted(): WantedKeys {
    return this.#wanted;
  }

  /** Looks the keys up among the entries up to a position. */
  async in(pastEvents: Pick<PastEvents, "find">, asOf: LogId): Promise<FoundEvents> {
    return new FoundEvents(await pastEvents.find(this.#wanted, asOf));
  }

  /** @param loose A value in its loose form. */
  carrying(loose: string, limit = CARRIERS_MAX): this {
    return this.#add(valueKey(loose), limit);
  }

  jobsGiven(loose: string, limit: number): this {
    return this.#add(jobKey(loose), limit);
  }

  ofType(eventType: string, limit = CARRIERS_MAX): this {
    return this.#add(typeKey(eventType), limit);
  }

  ofTypes(eventTypes: readonly string[]): this {
    for (const type of eventTypes) this.ofType(type);
    return this;
  }

  near({ eventType, correlation }: EventMatcher): this {
    this.ofType(eventType);
    for (const { value } of indexAlternatives(correlation).flat()) {
      if (isFiled(value)) this.carrying(looseForm(value));
    }
    return this;
  }

  #add(key: number, limit: number): this {
    this.#wanted.set(key, Math.max(limit, this.#wanted.get(key) ?? 0));
    return this;
  }
}

/** The result of a lookup. */
export class FoundEvents {
  constructor(private readonly found: FoundPositions) {}

  get horizon(): LogId {
    return this.found.horizon;
  }

  get upTo(): LogId {
    return this.found.upTo;
  }

  /**
   * Positions of events with a value anywhere in them, newest first, at most `limit`.
   *
   * @param loose The value in its loose form.
   */
  carrying(loose: string, limit = CARRIERS_MAX): readonly LogId[] {
    return this.#of(valueKey(loose), limit);
  }

  /** Positions of the `job.JobCreated` entries of jobs with a value in their input or labels. */
  jobsGiven(loose: string, limit: number): readonly LogId[] {
    return this.#of(jobKey(loose), limit);
  }

  /** Positions of events of a type, newest first, at most `limit`. */
  ofType(eventType: string, limit = CARRIERS_MAX): readonly LogId[] {
    return this.#of(typeKey(eventType), limit);
  }

  /** The same for several types, one after the other. */
  ofTypes(eventTypes: readonly string[]): readonly LogId[] {
    return eventTypes.flatMap((type) => this.ofType(type));
  }

  /** Includes all events that a matcher accepts, unless the limit is reached. */
  near({ eventType, correlation }: EventMatcher, limit: number): readonly LogId[] {
    const ofType = this.ofType(eventType);
    let best = ofType;
    for (const terms of indexAlternatives(correlation)) {
      if (!terms.every(({ value }) => isFiled(value))) continue;
      const lists = terms.map(({ value }) => this.carrying(looseForm(value)));
      const all = [...new Set(lists.flat())];
      if (all.length < best.length || best.length >= CARRIERS_MAX) best = all;
    }
    const types = new Set(ofType);
    const isWhole = ofType.length < CARRIERS_MAX && best.length < CARRIERS_MAX;
    return (isWhole ? best.filter((logId) => types.has(logId)) : best)
      .toSorted((left, right) => right - left).slice(0, limit);
  }

  #of(key: number, limit: number): readonly LogId[] {
    const positions = this.found.positions.get(key) ?? [];
    return positions.length > limit ? positions.slice(0, limit) : positions;
  }
}
