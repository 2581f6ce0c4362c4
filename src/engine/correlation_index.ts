/**
 * Which jobs wait for an event, without asking each of them. A matcher is filed under an
 * equality that every event it accepts must fulfil (`orderId` is `"42"`), so an event
 * finds its jobs by its own values; only matchers that demand no equality are tried one by
 * one. Values are filed in their loose form, so that what an event's values lead to also
 * holds the expectations that it missed by type, case or space only.
 */

import { type EqualityTerm, indexAlternatives } from "../core/correlation.ts";
import { isReserved } from "../core/event_type.ts";
import type { JobId } from "../core/ids.ts";
import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  type MatchableEvent,
  matcherAccepts,
} from "../core/job_plan.ts";
import { isScalar, valueAt } from "../core/json.ts";
import { looseForm } from "../core/mismatch.ts";

/** An expectation of a job that an event may be near to. */
export interface Candidate {
  readonly jobId: JobId;
  readonly expected: ExpectedEvent;
}

/** A matcher of a plan's policy; of all that is filed, only expectations are candidates. */
interface PolicyMatcher {
  readonly jobId: JobId;
  readonly matcher: EventMatcher;
  readonly expected?: undefined;
}

/** Expectations of one type are linked in the order filed, to get at the newest. */
interface FiledExpectation extends Candidate {
  readonly matcher: EventMatcher;
  /** The first one of its job for this type. */
  readonly first: boolean;
  older: FiledExpectation | undefined;
  newer: FiledExpectation | undefined;
}

type Filed = PolicyMatcher | FiledExpectation;
type Bucket = Set<Filed>;

/** With no value in common, how many expectations of the type are candidates. */
const NEWEST_MAX = 8;

/** The matchers for one event type. */
class TypeIndex {
  /** By path, then by the loose form of a value. */
  readonly byPath = new Map<string, Map<string, Bucket>>();
  readonly unkeyed: Bucket = new Set();
  newest: FiledExpectation | undefined;
  /** Jobs of which an expectation is filed. */
  jobs = 0;

  bucket(term: EqualityTerm): Bucket {
    const values = getOrMake(this.byPath, term.path, () => new Map<string, Bucket>());
    return getOrMake(values, looseForm(term.value), () => new Set<Filed>());
  }

  sizeAt(term: EqualityTerm): number {
    return this.byPath.get(term.path)?.get(looseForm(term.value))?.size ?? 0;
  }

  drop(term: EqualityTerm, filed: Filed): void {
    const values = this.byPath.get(term.path);
    const bucket = values?.get(looseForm(term.value));
    bucket?.delete(filed);
    if (bucket?.size === 0) values?.delete(looseForm(term.value));
    if (values?.size === 0) this.byPath.delete(term.path);
  }

  /** All matchers of a job are made one after the other. */
  expectation(jobId: JobId, expected: ExpectedEvent): FiledExpectation {
    const older = this.newest;
    const first = older?.jobId !== jobId;
    const { matcher } = expected;
    const filed = { jobId, matcher, expected, first, older, newer: undefined };
    if (older !== undefined) older.newer = filed;
    if (first) this.jobs++;
    return this.newest = filed;
  }

  unlink({ first, older, newer }: FiledExpectation): void {
    if (first) this.jobs--;
    if (older !== undefined) older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
  }

  /** What the event's own values lead to, the smallest first. */
  bucketsFor(event: MatchableEvent): readonly Bucket[] {
    const buckets: Bucket[] = [];
    for (const [path, values] of this.byPath) {
      const value = valueAt(event.attributes, path);
      const bucket = isScalar(value) ? values.get(looseForm(value)) : undefined;
      if (bucket !== undefined) buckets.push(bucket);
    }
    return buckets.sort((left, right) => left.size - right.size);
  }

  get isEmpty(): boolean {
    return this.byPath.size === 0 && this.unkeyed.size === 0 && this.newest === undefined;
  }
}

/** Where one matcher of a job was filed. */
interface Filing {
  readonly index: TypeIndex;
  readonly filed: Filed;
  /** `undefined`: among the unkeyed. */
  readonly terms: readonly EqualityTerm[] | undefined;
}

export class CorrelationIndex {
  readonly #types = new Map<string, TypeIndex>();
  readonly #filings = new Map<JobId, readonly Filing[]>();

  /** Files all matchers of a plan; a job that is filed already stays as it is. */
  add(jobId: JobId, plan: JobPlan): void {
    if (this.#filings.has(jobId)) return;
    const filings: Filing[] = [];
    for (const expected of plan.expected) {
      const { matcher } = expected;
      if (isReserved(matcher.eventType)) continue;
      const index = this.#indexOf(matcher);
      filings.push(file(index, index.expectation(jobId, expected)));
    }
    for (const matcher of policyMatchers(plan)) {
      if (isReserved(matcher.eventType)) continue;
      filings.push(file(this.#indexOf(matcher), { jobId, matcher }));
    }
    this.#filings.set(jobId, filings);
  }

  remove(jobId: JobId): void {
    for (const filing of this.#filings.get(jobId) ?? []) this.#unfile(filing);
    this.#filings.delete(jobId);
  }

  /** The jobs of which a matcher accepts the event, each once, in the order filed. */
  jobsFor(event: MatchableEvent): readonly JobId[] {
    const index = this.#types.get(event.eventType);
    if (index === undefined) return [];
    const jobs = new Set<JobId>();
    collect(index.unkeyed, event, jobs);
    for (const [path, values] of index.byPath) {
      const value = valueAt(event.attributes, path);
      const bucket = isScalar(value) ? values.get(looseForm(value)) : undefined;
      if (bucket !== undefined) collect(bucket, event, jobs);
    }
    return [...jobs];
  }

  /**
   * Expectations that the event meets or may be near to, at most `limit`: those that its
   * own values lead to, then those that demand no equality; when there are neither, a few
   * of those filed last for its type. The cost goes by `limit` and by the paths that the
   * jobs look at, not by how many jobs are filed.
   */
  candidates(event: MatchableEvent, limit: number): readonly Candidate[] {
    const index = this.#types.get(event.eventType);
    if (index === undefined) return [];
    const found = new Set<FiledExpectation>();
    for (const bucket of [...index.bucketsFor(event), index.unkeyed]) {
      takeFrom(bucket, limit, found);
    }
    if (found.size > 0) return [...found];
    const newest: Candidate[] = [];
    const most = Math.min(limit, NEWEST_MAX);
    for (let filed = index.newest; filed && newest.length < most; filed = filed.older) {
      newest.push(filed);
    }
    return newest;
  }

  /** How many jobs expect events of a type. */
  waiting(eventType: string): number {
    return this.#types.get(eventType)?.jobs ?? 0;
  }

  /** Event types that are filed, at most so many. */
  *types(limit: number): Iterable<string> {
    let left = limit;
    for (const eventType of this.#types.keys()) {
      if (left-- <= 0) return;
      yield eventType;
    }
  }

  /** How many jobs are filed. */
  get size(): number {
    return this.#filings.size;
  }

  #indexOf({ eventType }: EventMatcher): TypeIndex {
    return getOrMake(this.#types, eventType, () => new TypeIndex());
  }

  #unfile({ index, filed, terms }: Filing): void {
    if (filed.expected !== undefined) index.unlink(filed);
    if (terms === undefined) index.unkeyed.delete(filed);
    else for (const term of terms) index.drop(term, filed);
    const { eventType } = filed.matcher;
    // A matcher that nothing fulfils is filed nowhere, and may outlive the index of its type.
    if (index.isEmpty && this.#types.get(eventType) === index) this.#types.delete(eventType);
  }
}

function file(index: TypeIndex, filed: Filed): Filing {
  const terms = mostSelective(index, indexAlternatives(filed.matcher.correlation));
  if (terms === undefined) index.unkeyed.add(filed);
  else for (const term of terms) index.bucket(term).add(filed);
  return { index, filed, terms };
}

function collect(bucket: Bucket, event: MatchableEvent, jobs: Set<JobId>): void {
  for (const { jobId, matcher } of bucket) {
    if (matcherAccepts(matcher, event)) jobs.add(jobId);
  }
}

/** Adds expectations until there are so many; looks at no more of the bucket than that. */
function takeFrom(bucket: Bucket, limit: number, found: Set<FiledExpectation>): void {
  let left = limit;
  for (const filed of bucket) {
    if (found.size >= limit || left-- <= 0) return;
    if (filed.expected !== undefined) found.add(filed);
  }
}

function policyMatchers({ policy }: JobPlan): readonly EventMatcher[] {
  const { errors, compensation } = policy;
  return compensation === undefined
    ? errors
    : [...errors, compensation.succeeded, compensation.failed];
}

/** The alternative whose buckets are emptiest now: `orderId` rather than `region`. */
function mostSelective(
  index: TypeIndex,
  alternatives: readonly (readonly EqualityTerm[])[],
): readonly EqualityTerm[] | undefined {
  let best: readonly EqualityTerm[] | undefined;
  let bestSize = Infinity;
  for (const terms of alternatives) {
    const size = terms.reduce((sum, term) => sum + index.sizeAt(term), 0);
    if (size < bestSize) [best, bestSize] = [terms, size];
  }
  return best;
}

function getOrMake<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
