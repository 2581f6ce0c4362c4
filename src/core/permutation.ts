/**
 * Whether the outcome of a job depends on the order of what came from outside. The facts
 * that reached it, and those that came too late to, are put in other orders, later and
 * again, as a network may deliver them; its creation, start, controls and the facts of its
 * own tasks keep their order.
 */

import { assertNever } from "./assert_never.ts";
import type { JobEventLogEntry } from "./event.ts";
import type { EventId, JobId, LogId } from "./ids.ts";
import { decisiveEarly, earlyFacts } from "./early_facts.ts";
import { foldAll } from "./job_fold.ts";
import { hasCode, isTerminal, type JobState } from "./job_state.ts";
import { missedEvents } from "./missed_events.ts";
import { limitsOf, outsideFacts } from "./movable_facts.ts";
import type { Below, Limits, Order } from "./order_candidates.ts";
import { searchOrders, type SearchProgress, type SearchResult } from "./order_search.ts";
import {
  type OrderedEnd,
  outcomeOf,
  type PermutationOutcome,
  textsOf,
} from "./permutation_outcome.ts";
import { eventIdsOf } from "./point.ts";
import { matchableOf, project } from "./projector.ts";
import type { RuleName } from "./rules.ts";

/** An entry, by what it is recorded as. */
export interface CitedFact {
  readonly logId: LogId;
  /** For a correlated event, that of the original. */
  readonly eventType: string;
  readonly eventId: EventId;
}

/** Two entries whose exchange alone changes how the job ends. */
export interface DecisivePair {
  /** Came before `second`, as it was. */
  readonly first: CitedFact;
  readonly second: CitedFact;
  /** With `first` directly before `second`: as it was. */
  readonly before: OrderedEnd;
  /** The same order, but for `second` directly before `first`. */
  readonly after: OrderedEnd;
  /** What else has to come the other way round for that: the later entry first. */
  readonly others: readonly (readonly [LogId, LogId])[];
}

interface Tried {
  /** Orders that were tried, the recorded one among them. */
  readonly orders: number;
  /** How many of them were random; none when all that there are were tried. */
  readonly randomOrders: number;
  readonly exhaustive: boolean;
  /** How many facts could move. */
  readonly facts: number;
  /** Entries after the start that keep their order among each other. */
  readonly fixed: number;
  /** Facts that came before the start, where by the rules they count for nothing. */
  readonly early: {
    readonly total: number;
    /** Those that were moved behind the start: the first of them; none where there is none. */
    readonly considered: readonly CitedFact[];
  };
  /** Events that the job would have taken, had it not been over. */
  readonly missed: {
    readonly total: number;
    /** Those that might have come earlier in the orders tried: the first of them. */
    readonly considered: readonly CitedFact[];
  };
  /** Whether the job has code, of which only is known what it did in the recorded order. */
  readonly hasCode: boolean;
  /** Of the recorded order. */
  readonly outcome: PermutationOutcome;
}

export type PermutationVerdict =
  /** Nothing that was tried changes anything. */
  | Tried & { readonly verdict: "agreed" }
  /** The state, or the kind of failure, depends on the order. */
  | Tried & DecisivePair & { readonly verdict: "pair" }
  /** Only counts, or which event failed the job, depend on the order. */
  | Tried & DecisivePair & { readonly verdict: "lesser" }
  | Tried & { readonly verdict: "repetition"; readonly fact: CitedFact };

export interface RecordedJob {
  readonly jobId: JobId;
  /**
   * All entries of the job, and those that its correlated events were caused by, so far as
   * they tell that one came from its own task.
   */
  readonly entries: readonly JobEventLogEntry[];
  /** Facts of the whole journal that name no job and may match the plan, by position. */
  readonly pastEvents: readonly JobEventLogEntry[];
}

export interface PermutationOptions {
  /** Random orders, should there be too many to try all. */
  readonly tries: number;
  readonly below: Below;
}

/** So many events that came too late are considered. */
export const MISSED_MAX = 100;
/** So many that came too early. */
const EARLY_MAX = 100;

/** Tries orders and says whether any ends otherwise; yields how far it is. */
export function* permuteFacts(
  recorded: RecordedJob,
  options: PermutationOptions,
): Generator<SearchProgress, PermutationVerdict, void> {
  const history = new History(recorded);
  const { movable, limits } = history;
  const endOf = (order: Order) => textsOf(history.outcomeOf(order));
  const result = yield* searchOrders({ ...options, movable, limits, endOf });
  const verdict = verdictOf(history, result);
  return outranks(verdict, "pair") ? history.withEarly(verdict) : verdict;
}

/** Whether a verdict of that kind would say more than this one. */
function outranks({ verdict }: PermutationVerdict, kind: "pair" | "lesser"): boolean {
  return verdict === "agreed" || (verdict === "lesser" && kind === "pair");
}

function verdictOf(history: History, result: SearchResult): PermutationVerdict {
  const tried = triedOf(history, result);
  const { found } = result;
  switch (found.kind) {
    case "nothing":
      return { verdict: "agreed", ...tried };
    case "repetition":
      return { verdict: "repetition", ...tried, fact: history.cited(found.thing) };
    case "pair": {
      const { first, second } = found;
      return {
        verdict: found.lesser ? "lesser" : "pair",
        ...tried,
        first: history.cited(first),
        second: history.cited(second),
        before: history.endOf(found.before, first, second),
        after: history.endOf(found.after, first, second),
        others: found.others.map(([earlier, later]) =>
          [history.cited(earlier).logId, history.cited(later).logId] as const
        ),
      };
    }
    default:
      return assertNever(found, "search result");
  }
}

function triedOf(history: History, { orders, random, exhaustive }: SearchResult): Tried {
  const facts = history.movable.filter(Boolean).length;
  return {
    orders,
    randomOrders: random,
    exhaustive,
    facts,
    fixed: history.movable.length - facts,
    early: history.early,
    missed: history.missed,
    hasCode: history.hasCode,
    outcome: history.outcomeOf(history.recorded),
  };
}

/** A job's entries, of which those after the start can be put in another order. */
class History {
  /** The job after its start, or after all entries when it never started. */
  readonly #begin: JobState;
  readonly #rest: readonly JobEventLogEntry[];
  readonly #missed: ReadonlySet<LogId>;
  readonly movable: readonly boolean[];
  readonly limits: Limits;
  readonly early: Tried["early"];
  readonly #own: readonly JobEventLogEntry[];
  readonly #early: readonly JobEventLogEntry[];
  readonly missed: Tried["missed"];

  constructor({ jobId, entries, pastEvents }: RecordedJob) {
    const own = entries.filter((entry) => entry.jobId === jobId);
    const isOutside = outsideFacts(jobId, [...entries, ...pastEvents]);
    const start = own.findIndex(({ eventType }) => eventType === "job.JobStarted");
    const begin = start < 0 ? own : own.slice(0, start + 1);
    this.#begin = foldAll(begin);
    const after = own[start]?.logId ?? Infinity;
    const missed = missedEvents(own, this.#begin.plan, pastEvents, after).filter(isOutside);
    const considered = missed.slice(0, MISSED_MAX);
    this.#missed = new Set(considered.map(({ logId }) => logId));
    this.#rest = [...own.slice(begin.length), ...considered]
      .toSorted((left, right) => left.logId - right.logId);
    this.movable = this.#rest.map(isOutside);
    this.limits = limitsOf(this.#begin, this.#rest, this.movable);
    const early = earlyFacts(own, this.#begin.plan, pastEvents).filter(isOutside);
    this.#own = own;
    this.#early = start < 0 ? [] : early.slice(0, EARLY_MAX);
    this.early = { total: early.length, considered: this.#early.map((one) => this.#cite(one)) };
    this.missed = { total: missed.length, considered: considered.map((one) => this.#cite(one)) };
  }

  /** The verdict, or what moving one behind the start shows where that says more. */
  withEarly(verdict: PermutationVerdict): PermutationVerdict {
    for (const kind of ["pair", "lesser"] as const) {
      if (!outranks(verdict, kind)) continue;
      for (const fact of this.#early) {
        const found = decisiveEarly(this.#own, fact, kind);
        if (found === undefined) continue;
        const [first, second] = [this.#cite(fact), this.#cite(found.start)];
        const { before, after } = found;
        return { ...verdict, verdict: kind, first, second, before, after, others: [] };
      }
    }
    return verdict;
  }

  get recorded(): Order {
    return this.#rest.map((_, index) => index);
  }

  get hasCode(): boolean {
    return hasCode(this.#begin);
  }

  cited(index: number): CitedFact {
    return this.#cite(this.#entry(index));
  }

  outcomeOf(order: Order): PermutationOutcome {
    return this.#fold(order);
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
  #fold(order: Order, see?: (index: number, rule: RuleName) => void): PermutationOutcome {
    const places: number[] = [];
    const placed: number[] = [];
    let job = this.#begin;
    for (const index of order) {
      const known = places[index];
      const place = known ?? placed.push(index) - 1;
      places[index] = place;
      const step = project(job, this.#placedAt(index, place));
      job = step.job;
      if (known === undefined) see?.(index, step.rule);
      // What comes after the end changes nothing any more.
      if (see === undefined && isTerminal(job)) break;
    }
    const indexAt = (logId: LogId) =>
      placed[this.#rest.findIndex((entry) => entry.logId === logId)];
    return outcomeOf(job, (logId) => this.#rest[indexAt(logId) ?? -1]?.logId ?? logId);
  }

  #placedAt(index: number, place: number): JobEventLogEntry {
    return { ...this.#entry(index), logId: this.#entry(place).logId };
  }

  #entry(index: number): JobEventLogEntry {
    const entry = this.#rest[index];
    if (entry === undefined) throw new RangeError(`Cannot get entry ${index}: there is none`);
    return entry;
  }

  /** An event that did not reach the job has no entry of the job: its own is cited. */
  #cite(entry: JobEventLogEntry): CitedFact {
    const { logId } = entry;
    const ids = eventIdsOf(entry);
    const eventId = (this.#missed.has(logId) ? ids.at(-1) : ids[0]) ?? entry.eventId;
    return { logId, eventId, eventType: matchableOf(entry).eventType };
  }
}
