/**
 * The matchers for one event type, filed so that an event finds those that may accept it by its own
 * values, in their loose form.
 */

import type { EqualityTerm } from "../../core/correlation.ts";
import { placesIn } from "../../explain/likeness/elsewhere.ts";
import type { JobId } from "../../core/ids.ts";
import type { ExpectedEvent, MatchableEvent, PolicyEvent } from "../../core/job_plan.ts";
import { isScalar, type JsonObject, valueAt } from "../../core/json.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";

/** What an event may match in a plan: an expectation, or an event named in the policy. */
export type Wanted = ExpectedEvent | PolicyEvent;

export interface Candidate {
  readonly jobId: JobId;
  readonly wanted: Wanted;
}

/**
 * Matchers that may be candidates are linked within their type, so that the newest can be found.
 */
export interface Filed extends Candidate {
  /** The cost of trying it. */
  readonly effort: number;
  /** The chain that links it; `undefined` if it cannot affect its job now. */
  readonly chain: Chain | undefined;
  /** Whether it is the first of its job in the chain. */
  readonly first: boolean;
  older: Filed | undefined;
  newer: Filed | undefined;
}

/** Matchers that are tried together, in the order filed. */
export class Bucket implements Iterable<Filed> {
  /** Most buckets only ever hold one, which takes a quarter of the memory of a set. */
  #only: Filed | undefined;
  #several: Set<Filed> | undefined;
  /** The cost of trying all of them. */
  effort = 0;

  get size(): number {
    return this.#several?.size ?? (this.#only === undefined ? 0 : 1);
  }

  add(filed: Filed): void {
    if (this.#only === filed || this.#several?.has(filed)) return;
    if (this.#several !== undefined) this.#several.add(filed);
    else if (this.#only === undefined) this.#only = filed;
    else {
      this.#several = new Set([this.#only, filed]);
      this.#only = undefined;
    }
    this.effort += filed.effort;
  }

  delete(filed: Filed): void {
    if (this.#only === filed) this.#only = undefined;
    else if (this.#several?.delete(filed) !== true) return;
    this.effort -= filed.effort;
  }

  [Symbol.iterator](): IterableIterator<Filed> {
    return (this.#several ?? (this.#only === undefined ? [] : [this.#only])).values();
  }
}

/** Matchers in the order filed; those of one job are neighbours. */
class Chain {
  newest: Filed | undefined;
  /** Jobs with a matcher in the chain. */
  jobs = 0;

  link({ jobId, wanted }: Candidate, effort: number): Filed {
    const older = this.newest;
    const first = older?.jobId !== jobId;
    const filed = { jobId, wanted, effort, chain: this, first, older, newer: undefined };
    if (older !== undefined) older.newer = filed;
    if (first) this.jobs++;
    return this.newest = filed;
  }

  unlink({ first, older, newer }: Filed): void {
    if (first) this.jobs--;
    if (older !== undefined) older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
  }

  take(limit: number): readonly Filed[] {
    const taken: Filed[] = [];
    for (let filed = this.newest; filed && taken.length < limit; filed = filed.older) {
      taken.push(filed);
    }
    return taken;
  }
}

/** How many of the paths that jobs look at are searched for at another place. */
const MISPLACED_PATHS_MAX = 64;
/** With more indexed paths than this, the event's own paths are looked up instead. */
const PATHS_MAX = 64;

export class TypeIndex {
  /** By path, then by the loose form of a value. */
  readonly #byPath = new Map<string, Map<string, Bucket>>();
  readonly unkeyed: Bucket = new Bucket();
  readonly expectations: Chain = new Chain();
  readonly policies: Chain = new Chain();

  bucket(term: EqualityTerm): Bucket {
    const values = this.#byPath.getOrInsertComputed(term.path, () => new Map<string, Bucket>());
    return values.getOrInsertComputed(looseForm(term.value), () => new Bucket());
  }

  sizeAt(term: EqualityTerm): number {
    return this.#byPath.get(term.path)?.get(looseForm(term.value))?.size ?? 0;
  }

  drop(term: EqualityTerm, filed: Filed): void {
    const values = this.#byPath.get(term.path);
    const bucket = values?.get(looseForm(term.value));
    bucket?.delete(filed);
    if (bucket?.size === 0) values?.delete(looseForm(term.value));
    if (values?.size === 0) this.#byPath.delete(term.path);
  }

  /**
   * The buckets that the event's own values lead to. The cost depends on the number of its values,
   * or of the paths that jobs look at, whichever is smaller.
   */
  bucketsFor({ attributes }: MatchableEvent): readonly Bucket[] {
    const own = this.#byPath.size > PATHS_MAX
      ? scalarsIn(attributes, this.#byPath.size)
      : undefined;
    return own === undefined
      ? this.#bucketsOfPaths(attributes)
      : own.flatMap(([path, value]) => this.#byPath.get(path)?.get(value) ?? []);
  }

  #bucketsOfPaths(attributes: JsonObject): readonly Bucket[] {
    const buckets: Bucket[] = [];
    for (const [path, values] of this.#byPath) {
      const value = valueAt(attributes, path);
      const bucket = isScalar(value) ? values.get(looseForm(value)) : undefined;
      if (bucket !== undefined) buckets.push(bucket);
    }
    return buckets;
  }

  /** The buckets that its values would lead to at other paths. */
  misplacedFor({ attributes }: MatchableEvent): readonly Bucket[] {
    const places = placesIn(attributes);
    return this.#byPath.values().take(MISPLACED_PATHS_MAX).flatMap((values) =>
      places.flatMap(({ value }) => values.get(looseForm(value)) ?? [])
    ).toArray();
  }

  get isEmpty(): boolean {
    return this.#byPath.size === 0 && this.unkeyed.size === 0 &&
      this.expectations.jobs === 0 && this.policies.jobs === 0;
  }
}

type Scalars = readonly (readonly [path: string, looseForm: string])[];

/** The scalars of an event by their paths; `undefined` when there are more than `limit`. */
function scalarsIn(attributes: JsonObject, limit: number): Scalars | undefined {
  const found: (readonly [string, string])[] = [];
  const open: (readonly [prefix: string, members: JsonObject])[] = [["", attributes]];
  for (const [prefix, members] of open) {
    for (const name of Object.keys(members)) {
      // No path leads there, since a dot separates names.
      if (name.includes(".")) continue;
      const value = members[name];
      if (isScalar(value)) found.push([prefix + name, looseForm(value)]);
      else open.push([`${prefix}${name}.`, value as JsonObject]);
      if (found.length + open.length > limit) return undefined;
    }
  }
  return found;
}
