/**
 * Which jobs wait for an event, without asking each of them. A matcher is filed under an
 * equality that every event it accepts must fulfil (`orderId` is `"42"`), so an event
 * finds its jobs by its own values; only matchers that demand no equality are tried one by
 * one. Values are filed in their loose form, so that what an event's values lead to also
 * holds the expectations that it missed by type, case or space only.
 */

import { type EqualityTerm, indexAlternatives } from "../core/correlation.ts";
import { placesIn } from "../core/elsewhere.ts";
import { isReserved } from "../core/event_type.ts";
import type { JobId } from "../core/ids.ts";
import {
  type ExpectedEvent,
  type JobPlan,
  type MatchableEvent,
  matcherAccepts,
  type PolicyEvent,
  policyEvents,
  type PolicyRole,
} from "../core/job_plan.ts";
import { isScalar, valueAt } from "../core/json.ts";
import { looseForm } from "../core/mismatch.ts";

/** What of a plan an event may be near to: an expectation, or what the policy names. */
export type Wanted = ExpectedEvent | PolicyEvent;

export interface Candidate {
  readonly jobId: JobId;
  readonly wanted: Wanted;
}

/** Of one type, those that may be candidates are linked, to get at the newest. */
interface Filed extends Candidate {
  /** Where it is linked; `undefined` for what could have no effect on its job now. */
  readonly chain: Chain | undefined;
  /** The first one of its job in the chain. */
  readonly first: boolean;
  older: Filed | undefined;
  newer: Filed | undefined;
}

type Bucket = Set<Filed>;

/** Filed matchers in the order filed; those of one job are next to each other. */
class Chain {
  newest: Filed | undefined;
  /** Jobs of which a matcher is linked. */
  jobs = 0;

  link(candidate: Candidate): Filed {
    const older = this.newest;
    const first = older?.jobId !== candidate.jobId;
    const filed = { ...candidate, chain: this, first, older, newer: undefined };
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

  take(limit: number): readonly Candidate[] {
    const taken: Candidate[] = [];
    for (let filed = this.newest; filed && taken.length < limit; filed = filed.older) {
      taken.push(filed);
    }
    return taken;
  }
}

/** With no value in common, how many of the type are candidates. */
const NEWEST_MAX = 8;

/** Of the paths that jobs look at, how many are looked for at another place. */
const MISPLACED_PATHS_MAX = 64;

/** The matchers for one event type. */
class TypeIndex {
  /** By path, then by the loose form of a value. */
  readonly byPath = new Map<string, Map<string, Bucket>>();
  readonly unkeyed: Bucket = new Set();
  readonly expectations = new Chain();
  readonly policies = new Chain();

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

  /** What its values lead to when they are taken for those of another path. */
  misplacedFor({ attributes }: MatchableEvent): readonly Bucket[] {
    const places = placesIn(attributes);
    return this.byPath.values().take(MISPLACED_PATHS_MAX).flatMap((values) =>
      places.flatMap(({ value }) => values.get(looseForm(value)) ?? [])
    ).toArray();
  }

  get isEmpty(): boolean {
    return this.byPath.size === 0 && this.unkeyed.size === 0 &&
      this.expectations.jobs === 0 && this.policies.jobs === 0;
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

  /**
   * Files all matchers of a plan; a job that is filed already stays as it is.
   *
   * @param acting What of the policy could have an effect on the job: only that is ever a
   * candidate.
   */
  add(jobId: JobId, plan: JobPlan, acting: readonly PolicyRole[] = ERRORS): void {
    if (this.#filings.has(jobId)) return;
    const filings: Filing[] = [];
    for (const wanted of plan.expected) this.#file(filings, { jobId, wanted }, acting);
    for (const wanted of policyEvents(plan.policy)) this.#file(filings, { jobId, wanted }, acting);
    this.#filings.set(jobId, filings);
  }

  #file(filings: Filing[], candidate: Candidate, acting: readonly PolicyRole[]): void {
    const { eventType } = candidate.wanted.matcher;
    if (isReserved(eventType)) return;
    const index = getOrMake(this.#types, eventType, () => new TypeIndex());
    filings.push(file(index, filedIn(index, candidate, acting)));
  }

  remove(jobId: JobId): void {
    for (const filing of this.#filings.get(jobId) ?? []) this.#unfile(filing);
    this.#filings.delete(jobId);
  }

  /** Files a job anew, if it is filed: something else of its policy can have an effect now. */
  refile(jobId: JobId, plan: JobPlan, acting: readonly PolicyRole[]): void {
    if (!this.#filings.has(jobId)) return;
    this.remove(jobId);
    this.add(jobId, plan, acting);
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
   * What the event meets or may be near to, at most `limit`: what its own values lead to, or
   * would at another path, then what demands no equality; when there is neither, a few of
   * those filed last for its type, expectations first. The cost goes by `limit` and by the
   * paths that the jobs look at, not by how many jobs are filed.
   */
  candidates(event: MatchableEvent, limit: number): readonly Candidate[] {
    const index = this.#types.get(event.eventType);
    if (index === undefined) return [];
    const found = new Set<Filed>();
    const own = index.bucketsFor(event);
    const keyed = own.length > 0 ? own : index.misplacedFor(event);
    for (const bucket of [...keyed, index.unkeyed]) takeFrom(bucket, limit, found);
    if (found.size > 0) return [...found];
    const most = Math.min(limit, NEWEST_MAX);
    const newest = index.expectations.take(most);
    return [...newest, ...index.policies.take(most - newest.length)];
  }

  /** How many jobs expect events of a type. */
  waiting(eventType: string): number {
    return this.#types.get(eventType)?.expectations.jobs ?? 0;
  }

  /** Of how many jobs the policy names events of a type that could have an effect. */
  naming(eventType: string): number {
    return this.#types.get(eventType)?.policies.jobs ?? 0;
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

  #unfile({ index, filed, terms }: Filing): void {
    filed.chain?.unlink(filed);
    if (terms === undefined) index.unkeyed.delete(filed);
    else for (const term of terms) index.drop(term, filed);
    const { eventType } = filed.wanted.matcher;
    // A matcher that nothing fulfils is filed nowhere, and may outlive the index of its type.
    if (index.isEmpty && this.#types.get(eventType) === index) this.#types.delete(eventType);
  }
}

const ERRORS: readonly PolicyRole[] = ["errors"];

function filedIn(index: TypeIndex, candidate: Candidate, acting: readonly PolicyRole[]): Filed {
  const { wanted } = candidate;
  if (!("role" in wanted)) return index.expectations.link(candidate);
  if (acting.includes(wanted.role)) return index.policies.link(candidate);
  return { ...candidate, chain: undefined, first: false, older: undefined, newer: undefined };
}

function file(index: TypeIndex, filed: Filed): Filing {
  const terms = mostSelective(index, indexAlternatives(filed.wanted.matcher.correlation));
  if (terms === undefined) index.unkeyed.add(filed);
  else for (const term of terms) index.bucket(term).add(filed);
  return { index, filed, terms };
}

function collect(bucket: Bucket, event: MatchableEvent, jobs: Set<JobId>): void {
  for (const { jobId, wanted } of bucket) {
    if (matcherAccepts(wanted.matcher, event)) jobs.add(jobId);
  }
}

/** Adds candidates until there are so many; looks at no more of the bucket than that. */
function takeFrom(bucket: Bucket, limit: number, found: Set<Filed>): void {
  let left = limit;
  for (const filed of bucket) {
    if (found.size >= limit || left-- <= 0) return;
    if (filed.chain !== undefined) found.add(filed);
  }
}

/** The alternative whose buckets are emptiest now: `orderId` rather than `region`. */
function mostSelective(
  index: TypeIndex,
  alternatives: readonly (readonly EqualityTerm[])[],
): readonly EqualityTerm[] | undefined {
  // Most plans leave no choice, and a look at the buckets costs as much as filing.
  if (alternatives.length < 2) return alternatives[0];
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
