/**
 * Whether the outcome of a job depends on the order of what came from outside. The facts
 * that reached it are put in other orders, later and again, as a network may deliver them;
 * its creation, start, controls and the facts of its own tasks keep their order.
 */

import type { JobEventLogEntry } from "./event.ts";
import type { FailureKind } from "./framework_events.ts";
import type { EventId, JobId, LogId } from "./ids.ts";
import { requiredMatches } from "./job_plan.ts";
import type { JobState, StateName } from "./job_state.ts";
import { type Below, type Order, searchOrders, type SearchProgress } from "./order_search.ts";
import { matchableOf, project, projectAll } from "./projector.ts";
import type { RuleName } from "./rules.ts";

/** How a job ends, as far as an order of facts could change it. */
export interface PermutationOutcome {
  readonly state: StateName;
  readonly failure?: {
    readonly kind: FailureKind;
    /** The entry that failed the job, by its recorded position. */
    readonly because: LogId;
  };
  readonly expected: readonly {
    readonly id: string;
    readonly matched: number;
    readonly required: number;
    readonly satisfied: boolean;
  }[];
}

/** An entry, by what it is recorded as. */
export interface CitedFact {
  readonly logId: LogId;
  /** For a correlated event, that of the original. */
  readonly eventType: string;
  readonly eventId: EventId;
}

/** One of two orders: how it ends, and the row of the state table that each entry met. */
export interface OrderedEnd {
  readonly outcome: PermutationOutcome;
  readonly firstRule: RuleName;
  readonly secondRule: RuleName;
}

interface Tried {
  /** Orders that were tried, the recorded one among them. */
  readonly orders: number;
  /** How many facts could move. */
  readonly facts: number;
  /** Facts that came before the start: by the rules they count for nothing, and stay. */
  readonly early: number;
  /** Of the recorded order. */
  readonly outcome: PermutationOutcome;
}

export type PermutationVerdict =
  | Tried & { readonly verdict: "agreed" }
  | Tried & {
    readonly verdict: "pair";
    readonly first: CitedFact;
    readonly second: CitedFact;
    /** With `first` directly before `second`. */
    readonly before: OrderedEnd;
    /** The same order, but for `second` directly before `first`. */
    readonly after: OrderedEnd;
  }
  | Tried & { readonly verdict: "repetition"; readonly fact: CitedFact };

export interface PermutationOptions {
  /** Random orders, after the systematic ones. */
  readonly tries: number;
  readonly below: Below;
}

/**
 * Tries orders and says whether any ends otherwise; yields how far it is.
 *
 * @param entries All entries of the job, and those that its correlated events were caused
 * by, so far as they tell that one came from its own task.
 */
export function* permuteFacts(
  jobId: JobId,
  entries: readonly JobEventLogEntry[],
  options: PermutationOptions,
): Generator<SearchProgress, PermutationVerdict, void> {
  const history = new History(jobId, entries);
  const endOf = (order: Order) => JSON.stringify(history.outcomeOf(order));
  const result = yield* searchOrders({ ...options, movable: history.movable, endOf });
  const { movable, early, recorded } = history;
  const facts = movable.filter(Boolean).length;
  const tried = { orders: result.orders, facts, early, outcome: history.outcomeOf(recorded) };
  switch (result.kind) {
    case "agreed":
      return { verdict: "agreed", ...tried };
    case "repetition":
      return { verdict: "repetition", ...tried, fact: history.cited(result.thing) };
    case "pair": {
      const { first, second } = result;
      const end = (order: Order) => history.endOf(order, first, second);
      return {
        verdict: "pair",
        ...tried,
        first: history.cited(first),
        second: history.cited(second),
        before: end(result.before),
        after: end(result.after),
      };
    }
  }
}

/** A job's entries, of which those after the start can be put in another order. */
class History {
  /** The job after its start, or after all entries when it never started. */
  readonly #begin: JobState;
  readonly #rest: readonly JobEventLogEntry[];
  readonly movable: readonly boolean[];
  readonly early: number;

  constructor(jobId: JobId, entries: readonly JobEventLogEntry[]) {
    const own = entries.filter((entry) => entry.jobId === jobId);
    const isOutside = outsideFacts(jobId, entries);
    const start = own.findIndex(({ eventType }) => eventType === "job.JobStarted");
    const begin = start < 0 ? own : own.slice(0, start + 1);
    this.#begin = projectAll(begin);
    this.#rest = own.slice(begin.length);
    this.movable = this.#rest.map(isOutside);
    this.early = begin.filter(isOutside).length;
  }

  get recorded(): Order {
    return this.#rest.map((_, index) => index);
  }

  cited(index: number): CitedFact {
    const entry = this.#entry(index);
    const { logId, eventId } = entry;
    return { logId, eventId, eventType: matchableOf(entry).eventType };
  }

  outcomeOf(order: Order): PermutationOutcome {
    return this.#fold(order, () => {});
  }

  endOf(order: Order, first: number, second: number): OrderedEnd {
    const rules = new Map<number, RuleName>();
    const outcome = this.#fold(order, (index, rule) => void rules.set(index, rule));
    const ruleOf = (index: number) => rules.get(index) ?? "any/already-applied";
    return { outcome, firstRule: ruleOf(first), secondRule: ruleOf(second) };
  }

  /**
   * Gives the entries their positions anew, in the order. One that comes again has the
   * position that it had: the door lets only the first through, and the projector must
   * not count it twice should it see it.
   */
  #fold(order: Order, see: (index: number, rule: RuleName) => void): PermutationOutcome {
    const placed = new Map<number, JobEventLogEntry>();
    const origins = new Map<LogId, LogId>();
    let job = this.#begin;
    for (const index of order) {
      const known = placed.get(index);
      const entry = known ?? this.#placedAt(index, placed.size);
      placed.set(index, entry);
      origins.set(entry.logId, this.#entry(index).logId);
      const step = project(job, entry);
      job = step.job;
      if (known === undefined) see(index, step.rule);
    }
    return outcomeOf(job, (logId) => origins.get(logId) ?? logId);
  }

  #placedAt(index: number, place: number): JobEventLogEntry {
    return { ...this.#entry(index), logId: this.#entry(place).logId };
  }

  #entry(index: number): JobEventLogEntry {
    const entry = this.#rest[index];
    if (entry === undefined) throw new RangeError(`Cannot get entry ${index}: there is none`);
    return entry;
  }
}

/** What a job's own task emitted was recorded together with its end: it cannot move. */
function outsideFacts(
  jobId: JobId,
  entries: readonly JobEventLogEntry[],
): (entry: JobEventLogEntry) => boolean {
  const byPosition = new Map(entries.map((entry) => [entry.logId, entry]));
  const causeOf = (entry: JobEventLogEntry) => byPosition.get(entry.causedBy ?? 0);
  const isEmitted = (fact: JobEventLogEntry | undefined) => {
    const cause = fact && causeOf(fact);
    return cause?.stratum === "framework" && cause.jobId === jobId;
  };
  return (entry) => {
    if (entry.eventType === "job.EventCorrelated") return !isEmitted(causeOf(entry));
    return entry.stratum === "domain" && !isEmitted(entry);
  };
}

function outcomeOf(job: JobState, recordedAt: (logId: LogId) => LogId): PermutationOutcome {
  const failure = "failure" in job ? job.failure : undefined;
  return {
    state: job.state,
    ...(failure === undefined
      ? {}
      : { failure: { kind: failure.kind, because: recordedAt(failure.because) } }),
    expected: job.plan.expected.map(({ id, multiplicity }, index) => {
      const matched = job.expected[index]?.matched ?? 0;
      const required = requiredMatches(multiplicity);
      return { id, matched, required, satisfied: matched >= required };
    }),
  };
}
