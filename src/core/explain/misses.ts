/** The events of an expected type that did not count for it, and which of them nearly did. */

import type { Work } from "../at_once.ts";
import { correlationTerms } from "../correlation.ts";
import { isCorrelated, type JobEventLogEntry } from "../event.ts";
import type { LogId } from "../ids.ts";
import type { ExpectedEvent } from "../job_plan.ts";
import { distanceOf, type Mismatch, mismatchesWith } from "../mismatch.ts";
import { matchableOf } from "../projector.ts";
import { type Annals, originalIdOf } from "./annals.ts";
import type { Candidates } from "./evidence.ts";
import type { OpenExpectation } from "./open_expectations.ts";
import { timeText } from "./phrases.ts";

const NEAR_MISSES_MAX = 3;
/**
 * Events that fail the same clauses with more values than these, and hold the rest, share
 * but what is common. A value that so few events have is none that is common.
 */
const VALUES_MAX = 16;
/** Of the job's own events of a type that did not count, the latest so many are compared. */
const OWN_MAX = 64;
/** One clause that is off, where another event has all of them right or nearly right. */
const DISTANCE_MARGIN = 9;

/** An event of the right type, and why it did not count. */
export interface Miss {
  readonly entry: JobEventLogEntry;
  readonly clauses: readonly Mismatch[];
  readonly distance: number;
  /** Why it did not count although it is the right event; absent when a clause fails. */
  readonly obstacle: string | undefined;
  /** Whether its sender named this job, and so meant it. */
  readonly isNamed: boolean;
  /** Whether somebody may have meant this job. */
  readonly isNear: boolean;
}

/**
 * All of it is told from each event by itself, or from events that `passedOver` names: not
 * from where in a journal they are, nor from what else that journal holds.
 */
export class Misses {
  /** The nearest first. */
  readonly #all: readonly Miss[];
  /** Those that are other jobs' events: they hold in part because a value is common. */
  readonly #common: ReadonlyMap<Miss, readonly Miss[]>;

  private constructor(all: readonly Miss[], valuesMax: number) {
    this.#all = all;
    this.#common = commonOf(all, valuesMax);
  }

  /** As work with a pause after each event. */
  static *of(
    annals: Annals,
    open: OpenExpectation,
    candidates: Candidates | undefined,
  ): Work<Misses> {
    // Where few events are looked at, fewer must tell.
    const valuesMax = Math.min(VALUES_MAX, (candidates?.limit ?? Infinity) - 1);
    return new Misses(yield* missesOf(annals, open, candidates), valuesMax);
  }

  /** Those that come about as near as the nearest; the others would only distract from it. */
  get near(): readonly Miss[] {
    const telling = this.#all.filter((miss) => miss.isNear && !this.#common.has(miss));
    const best = telling[0]?.distance ?? 0;
    return telling
      .filter(({ distance }) => distance < best + DISTANCE_MARGIN)
      .slice(0, NEAR_MISSES_MAX);
  }

  /** The one that came last, near or not. */
  get latest(): Miss | undefined {
    return this.#all.toSorted((left, right) => byTime(right.entry, left.entry))[0];
  }

  /** How many, itself among them, show that one is another job's; 0 when it may not be. */
  likeOf(miss: Miss): number {
    return this.#common.get(miss)?.length ?? 0;
  }

  /** Positions of those which show that a value is common: no more than show it. */
  get passedOver(): readonly LogId[] {
    const shown = new Set([...this.#common.values()].flat());
    return [...shown].map(({ entry }) => entry.logId);
  }
}

/** Each miss that is passed over, with those that are why. */
function commonOf(
  misses: readonly Miss[],
  valuesMax: number,
): ReadonlyMap<Miss, readonly Miss[]> {
  const doubtful = misses.filter(({ isNear, isNamed, clauses }) =>
    isNear && !isNamed && clauses.length > 0 && !clauses.some(({ close }) => close)
  );
  const alike = Map.groupBy(doubtful, failedPaths).values();
  return new Map(alike.flatMap((group) => {
    const differing = firstOfEachValue(group).slice(0, valuesMax + 1);
    return differing.length > valuesMax ? group.map((miss) => [miss, differing] as const) : [];
  }));
}

function firstOfEachValue(misses: readonly Miss[]): readonly Miss[] {
  return [...Map.groupBy(misses, foundValues).values()].flatMap(([first]) => first ?? []);
}

function failedPaths({ clauses }: Miss): string {
  return clauses.map(({ path }) => path).join("\n");
}

function foundValues({ clauses }: Miss): string {
  return clauses.map(({ found }) => found).join("\n");
}

/**
 * All that came and did not count for this expectation: the nearest first, of those that
 * are as near the ones that name the job, and of those the latest.
 */
function* missesOf(
  annals: Annals,
  { expected, by }: OpenExpectation,
  candidates: Candidates | undefined,
): Work<readonly Miss[]> {
  const { eventType } = expected.matcher;
  const counted = countedSet(by);
  const own = (annals.facts.get(eventType) ?? annals.ownFacts.get(eventType) ?? [])
    .filter(({ logId }) => !counted.has(logId))
    .slice(-OWN_MAX);
  const strangers = (candidates?.events ?? []).filter((entry) =>
    entry.eventType === eventType && !annals.isOwn(entry.logId) &&
    !annals.hasReached(entry.logId) && !annals.reachedBy.has(originalIdOf(entry))
  );
  const isTaken = ({ logId }: JobEventLogEntry) =>
    annals.counted.has(logId) || candidates?.claimed.has(logId) === true;
  const misses: Miss[] = [];
  for (const entry of [...own, ...strangers]) {
    misses.push(missOf(annals, expected, entry, isTaken(entry)));
    yield;
  }
  return misses.toSorted(byNearness);
}

/** Expectations with the same matches share one list of them. */
const countedSets = new WeakMap<readonly LogId[], ReadonlySet<LogId>>();

function countedSet(by: readonly LogId[]): ReadonlySet<LogId> {
  let set = countedSets.get(by);
  if (set === undefined) countedSets.set(by, set = new Set(by));
  return set;
}

function byNearness(left: Miss, right: Miss): number {
  return left.distance - right.distance || Number(right.isNamed) - Number(left.isNamed) ||
    byTime(right.entry, left.entry);
}

/** Not by position before time: several jobs that move elsewhere may arrive in another order. */
export function byTime(left: JobEventLogEntry, right: JobEventLogEntry): number {
  return textOrder(left.receivedAt, right.receivedAt) || left.logId - right.logId;
}

function textOrder(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function missOf(
  annals: Annals,
  expected: ExpectedEvent,
  entry: JobEventLogEntry,
  isTaken: boolean,
): Miss {
  const clauses = mismatchesWith(expected, matchableOf(entry));
  const obstacle = clauses.length === 0 ? obstacleOf(annals, entry) : undefined;
  const isNamed = entry.jobId === annals.job.jobId && entry.stratum !== "framework";
  const isNear = isTaken
    ? isTelling(expected) && clauses.every(({ close }) => close)
    : isNamed || comesNear(annals, expected, entry, clauses);
  return { entry, clauses, distance: distanceOf(clauses), obstacle, isNamed, isNear };
}

/** Whether what meets the expectation was meant for it: any event meets one without clauses. */
function isTelling({ matcher, taskId }: ExpectedEvent): boolean {
  return taskId !== undefined || correlationTerms(matcher.correlation) > 0;
}

/** Why the right event did not count. */
function obstacleOf(annals: Annals, entry: JobEventLogEntry): string {
  const { job, started } = annals;
  if (entry.stratum === "coordination") {
    return "it came in the coordination stratum, which is never interpreted";
  }
  if (entry.jobId !== undefined && entry.jobId !== job.jobId) {
    return `it names job ${entry.jobId}, and so touches no other`;
  }
  if (started === undefined) {
    return "the job has not started, and events count from the start on";
  }
  if (entry.logId < started.logId) {
    return `it came before the job started at ${timeText(started)}, ` +
      "and events count from the start on";
  }
  return "it is on record and counted for nothing";
}

/**
 * One that holds but came at the wrong time, or fails closely; of those that came since the
 * job is there, also one that holds in part or lacks what is asked for. What merely is of
 * the same type and names something else is another job's event.
 */
function comesNear(
  annals: Annals,
  expected: ExpectedEvent,
  entry: JobEventLogEntry,
  clauses: readonly Mismatch[],
): boolean {
  if (isCorrelated(entry) || clauses.length === 0) return true;
  if (clauses.some(({ close }) => close)) return true;
  if (entry.logId < annals.created.logId) return false;
  if (clauses.some(({ found }) => found === "nothing")) return true;
  const terms = correlationTerms(expected.matcher.correlation) +
    (expected.taskId === undefined ? 0 : 1);
  return clauses.length < terms;
}
