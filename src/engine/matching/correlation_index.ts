/**
 * Finds the jobs that wait for an event without asking each of them. A matcher is filed under an
 * equality that every event it accepts must satisfy (`orderId` is `"42"`), so an event finds its
 * jobs by its own values. Only matchers without such an equality are tried one by one. Values are
 * filed in their loose form, so that an event's values also lead to expectations that it missed
 * only by type, case or space.
 */

import { type EqualityTerm, indexAlternatives } from "../../core/correlation.ts";
import { matcherEffort } from "../../core/effort.ts";
import { isReserved, type JobId } from "../../core/ids.ts";
import {
  type JobPlan,
  type MatchableEvent,
  matcherAccepts,
  policyEvents,
  type PolicyRole,
} from "../../core/job_plan.ts";
import { withItem } from "../../core/short_list.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import { type Bucket, type Candidate, type Filed, TypeIndex } from "./type_index.ts";
import { runToEnd, type Work } from "../../core/work.ts";

/** How many matchers of the type are candidates when none shares a value. */
const NEWEST_MAX = 8;

interface Filing {
  readonly index: TypeIndex;
  readonly filed: Filed;
  /** `undefined` for matchers without an equality. */
  readonly terms: readonly EqualityTerm[] | undefined;
}

export class CorrelationIndex {
  readonly #types = new Map<string, TypeIndex>();
  readonly #filings = new SteadyMap<JobId, readonly Filing[]>();
  /** Searches in progress. */
  readonly #searches = new Set<ReachSearch>();

  /**
   * Files all matchers of a plan, unless the job is filed already.
   *
   * @param acting The parts of the policy that can affect the job now; only their matchers are
   * candidates.
   */
  add(jobId: JobId, plan: JobPlan, acting: readonly PolicyRole[] = ERRORS): void {
    if (this.#filings.has(jobId)) return;
    let filings: Filing[] = [];
    for (const wanted of [...plan.expected, ...policyEvents(plan.policy)]) {
      if (isReserved(wanted.matcher.eventType)) continue;
      filings = withItem(filings, this.#file({ jobId, wanted }, acting));
    }
    this.#filings.set(jobId, filings);
  }

  #file(candidate: Candidate, acting: readonly PolicyRole[]): Filing {
    const { eventType } = candidate.wanted.matcher;
    let index = this.#types.get(eventType);
    if (index === undefined) this.#types.set(eventType, index = new TypeIndex());
    const filing = file(index, filedIn(index, candidate, acting));
    for (const search of this.#searches) search.filed(filing.filed);
    return filing;
  }

  remove(jobId: JobId): void {
    for (const filing of this.#filings.get(jobId) ?? []) this.#unfile(filing);
    this.#filings.delete(jobId);
    for (const search of this.#searches) search.removed(jobId);
  }

  /** Files a filed job again, since other parts of its policy can affect it now. */
  refile(jobId: JobId, plan: JobPlan, acting: readonly PolicyRole[]): void {
    if (!this.#filings.has(jobId)) return;
    this.remove(jobId);
    this.add(jobId, plan, acting);
  }

  /** The jobs with a matcher that accepts the event, each once, in the order filed. */
  jobsFor(event: MatchableEvent): readonly JobId[] {
    return this.searchFor(event).jobsAtOnce();
  }

  /** The same, with its cost. Valid until something is filed or removed. */
  searchFor(event: MatchableEvent): ReachSearch {
    const index = this.#types.get(event.eventType);
    const buckets = index === undefined ? [] : [index.unkeyed, ...index.bucketsFor(event)];
    return new ReachSearch(event, buckets);
  }

  /** The same in steps. Takes into account what is filed or removed until it ends. */
  beginSearch(event: MatchableEvent): ReachSearch {
    const search = this.searchFor(event);
    this.#searches.add(search);
    return search;
  }

  endSearch(search: ReachSearch): void {
    this.#searches.delete(search);
  }

  /**
   * At most `limit` matchers that the event meets or may nearly meet: those that its own values
   * lead to, or would at another path, then those that demand no equality. If there are none, a few
   * of those filed last for its type, expectations first. The cost depends on `limit`, on the event
   * and on the paths that jobs look at, but not on the number of filed jobs.
   */
  candidates(event: MatchableEvent, limit: number): readonly Filed[] {
    const index = this.#types.get(event.eventType);
    if (index === undefined) return [];
    const found = new Set<Filed>();
    const own = index.bucketsFor(event).toSorted((left, right) => left.size - right.size);
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

  /** How many jobs have a policy that names events of a type and could be affected. */
  naming(eventType: string): number {
    return this.#types.get(eventType)?.policies.jobs ?? 0;
  }

  /** At most `limit` of the event types that are filed. */
  *types(limit: number): Iterable<string> {
    let left = limit;
    for (const eventType of this.#types.keys()) {
      if (left-- <= 0) return;
      yield eventType;
    }
  }

  get size(): number {
    return this.#filings.size;
  }

  #unfile({ index, filed, terms }: Filing): void {
    filed.chain?.unlink(filed);
    if (terms === undefined) index.unkeyed.delete(filed);
    else for (const term of terms) index.drop(term, filed);
    const { eventType } = filed.wanted.matcher;
    // A matcher that no event can meet is filed nowhere, and may outlive the index of its type.
    if (index.isEmpty && this.#types.get(eventType) === index) this.#types.delete(eventType);
  }
}

const ERRORS: readonly PolicyRole[] = ["errors"];

function filedIn(index: TypeIndex, candidate: Candidate, acting: readonly PolicyRole[]): Filed {
  const { wanted } = candidate;
  const effort = matcherEffort(wanted.matcher);
  if (!("role" in wanted)) return index.expectations.link(candidate, effort);
  if (acting.includes(wanted.role)) return index.policies.link(candidate, effort);
  const [chain, older, newer] = [undefined, undefined, undefined];
  return { ...candidate, effort, chain, first: false, older, newer };
}

function file(index: TypeIndex, filed: Filed): Filing {
  const terms = mostSelective(index, indexAlternatives(filed.wanted.matcher.correlation));
  if (terms === undefined) index.unkeyed.add(filed);
  else for (const term of terms) index.bucket(term).add(filed);
  return { index, filed, terms };
}

/** Adds candidates up to the limit, and reads no more of the bucket than that. */
function takeFrom(bucket: Bucket, limit: number, found: Set<Filed>): void {
  let left = limit;
  for (const filed of bucket) {
    if (found.size >= limit || left-- <= 0) return;
    if (filed.chain !== undefined) found.add(filed);
  }
}

/** The alternative with the emptiest buckets: `orderId` rather than `region`. */
function mostSelective(
  index: TypeIndex,
  alternatives: readonly (readonly EqualityTerm[])[],
): readonly EqualityTerm[] | undefined {
  // Most plans offer no choice, and comparing buckets costs as much as filing.
  if (alternatives.length < 2) return alternatives[0];
  let best: readonly EqualityTerm[] | undefined;
  let bestSize = Infinity;
  for (const terms of alternatives) {
    const size = terms.reduce((sum, term) => sum + index.sizeAt(term), 0);
    if (size < bestSize) [best, bestSize] = [terms, size];
  }
  return best;
}

/** The effort between two pauses: about a tenth of a millisecond. */
const EFFORT_AT_ONCE = 1_000;

/**
 * Searches for the jobs that an event reaches, a few matchers at a time. It takes into account what
 * is filed or removed meanwhile, so that the result is right at any time after the end.
 */
export class ReachSearch {
  readonly #jobs = new Set<JobId>();

  constructor(readonly event: MatchableEvent, private readonly buckets: readonly Bucket[]) {}

  /** The cost of trying all matchers that may accept the event. */
  get effort(): number {
    return this.buckets.reduce((sum, { effort }) => sum + effort, 0);
  }

  /** An upper bound on the jobs that can be found. */
  get size(): number {
    return this.buckets.reduce((sum, { size }) => sum + size, 0);
  }

  /** The jobs found, each once, in the order filed. */
  get jobs(): readonly JobId[] {
    return [...this.#jobs];
  }

  /** Completes the search without a pause. */
  jobsAtOnce(): readonly JobId[] {
    runToEnd(this.run());
    return this.jobs;
  }

  /** @param jobsMax Ends when there are more. */
  *run(jobsMax = Infinity): Work<void> {
    let effort = 0;
    for (const bucket of this.buckets) {
      for (const filed of bucket) {
        this.filed(filed);
        if (this.#jobs.size > jobsMax) return;
        if ((effort += filed.effort) < EFFORT_AT_ONCE) continue;
        effort = 0;
        yield;
      }
    }
  }

  filed({ jobId, wanted }: Filed): void {
    if (this.#jobs.has(jobId) || !matcherAccepts(wanted.matcher, this.event)) return;
    this.#jobs.add(jobId);
  }

  removed(jobId: JobId): void {
    this.#jobs.delete(jobId);
  }
}
