/**
 * Which running jobs wait for an event, without asking each of them. A matcher is filed
 * under an equality that every event it accepts must fulfil (`orderId` is `"42"`), so an
 * event finds its jobs by its own values; only matchers that demand no equality are
 * tried one by one.
 */

import { type EqualityTerm, indexAlternatives } from "../core/correlation.ts";
import type { JobId } from "../core/ids.ts";
import {
  type EventMatcher,
  type JobPlan,
  type MatchableEvent,
  matcherAccepts,
  outsideMatchers,
} from "../core/job_plan.ts";
import { isScalar, type JsonScalar, valueAt } from "../core/json.ts";

interface Filed {
  readonly jobId: JobId;
  readonly matcher: EventMatcher;
}

type Bucket = Set<Filed>;

/** The matchers for one event type. */
class TypeIndex {
  readonly byPath = new Map<string, Map<JsonScalar, Bucket>>();
  readonly unkeyed: Bucket = new Set();

  bucket(term: EqualityTerm): Bucket {
    const values = getOrMake(this.byPath, term.path, () => new Map<JsonScalar, Bucket>());
    return getOrMake(values, term.value, () => new Set<Filed>());
  }

  sizeAt(term: EqualityTerm): number {
    return this.byPath.get(term.path)?.get(term.value)?.size ?? 0;
  }

  drop(term: EqualityTerm, filed: Filed): void {
    const values = this.byPath.get(term.path);
    const bucket = values?.get(term.value);
    bucket?.delete(filed);
    if (bucket?.size === 0) values?.delete(term.value);
    if (values?.size === 0) this.byPath.delete(term.path);
  }

  get isEmpty(): boolean {
    return this.byPath.size === 0 && this.unkeyed.size === 0;
  }
}

/** Where one matcher of a job was filed. */
interface Filing {
  readonly eventType: string;
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
    const filings = outsideMatchers(plan).map((matcher) => this.#file({ jobId, matcher }));
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
      const bucket = isScalar(value) ? values.get(value) : undefined;
      if (bucket !== undefined) collect(bucket, event, jobs);
    }
    return [...jobs];
  }

  /** How many jobs are filed. */
  get size(): number {
    return this.#filings.size;
  }

  #file(filed: Filed): Filing {
    const { eventType, correlation } = filed.matcher;
    const index = getOrMake(this.#types, eventType, () => new TypeIndex());
    const terms = mostSelective(index, indexAlternatives(correlation));
    if (terms === undefined) index.unkeyed.add(filed);
    else for (const term of terms) index.bucket(term).add(filed);
    return { eventType, filed, terms };
  }

  #unfile({ eventType, filed, terms }: Filing): void {
    const index = this.#types.get(eventType);
    if (index === undefined) return;
    if (terms === undefined) index.unkeyed.delete(filed);
    else for (const term of terms) index.drop(term, filed);
    if (index.isEmpty) this.#types.delete(eventType);
  }
}

function collect(bucket: Bucket, event: MatchableEvent, jobs: Set<JobId>): void {
  for (const { jobId, matcher } of bucket) {
    if (matcherAccepts(matcher, event)) jobs.add(jobId);
  }
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
