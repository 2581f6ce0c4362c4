/** What a job still waits for, and the events that nearly were it. */

import type { JobEventLogEntry } from "../event.ts";
import type { NearMiss, WaitingFor } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID, requiredMatches } from "../job_plan.ts";
import type { ExpectationState } from "../job_state.ts";
import {
  correlationTerms,
  distanceOf,
  type Mismatch,
  mismatchesWith,
  mismatchText,
} from "../mismatch.ts";
import { matchableOf } from "../projector.ts";
import { type Annals, originalIdOf } from "./annals.ts";
import type { Candidates, Evidence } from "./evidence.ts";
import { countText, timeText, wantedText } from "./phrases.ts";

const NEAR_MISSES_MAX = 3;
/** One clause that is off, where another event has all of them right or nearly right. */
const DISTANCE_MARGIN = 9;

/** An event of the right type, and why it did not count. */
interface Miss {
  readonly entry: JobEventLogEntry;
  readonly clauses: readonly Mismatch[];
  /** Why it did not count although it is the right event; absent when a clause fails. */
  readonly obstacle: string | undefined;
  /** Whether somebody may have meant this job. */
  readonly isNear: boolean;
}

/** Every expectation that lacks matches, in the order of the plan; never the end of `run`. */
export function waitingForOf(annals: Annals, evidence: Evidence): readonly WaitingFor<LogId>[] {
  const { job } = annals;
  if (job.state === "Done" || job.state === "Failed") return [];
  return job.plan.expected.flatMap((expected, index) => {
    const progress = job.expected[index];
    if (progress === undefined || expected.id === MAIN_EXPECTATION_ID) return [];
    if (progress.matched >= requiredMatches(expected.multiplicity)) return [];
    return [waitingFor(annals, expected, progress, evidence.candidates.get(expected.id))];
  });
}

/** The nearest miss in a few words, for the summary; `undefined` when there is none. */
export function nearestText(waitingFor: readonly WaitingFor<LogId>[]): string | undefined {
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  return misses[0]?.statement;
}

const NO_CANDIDATES: Candidates = { events: [], claimed: new Set(), forgottenUpTo: 0 };

/** Those that come about as near as the nearest; the others would only distract from it. */
function nearest(misses: readonly Miss[]): readonly Miss[] {
  const best = distanceOf(misses[0]?.clauses ?? []);
  return misses
    .filter(({ clauses }) => distanceOf(clauses) < best + DISTANCE_MARGIN)
    .slice(0, NEAR_MISSES_MAX);
}

function waitingFor(
  annals: Annals,
  expected: ExpectedEvent,
  { matched, by }: ExpectationState,
  candidates: Candidates | undefined,
): WaitingFor<LogId> {
  const misses = missesOf(annals, expected, candidates ?? NO_CANDIDATES);
  const near = nearest(misses.filter(({ isNear }) => isNear));
  const remark = near.length > 0 ? undefined : remarkOn(misses, matched, candidates);
  const count = countText(expected, matched);
  return {
    expectation: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
    statement: `"${expected.id}": ${wantedText(expected)}; ${count} came.` +
      (remark === undefined ? "" : ` ${remark.statement}`),
    cites: [annals.created.logId, ...by, ...remark?.cites ?? []],
    nearMisses: near.map(nearMiss),
  };
}

/** All that came and did not count, the nearest first. */
function missesOf(
  annals: Annals,
  expected: ExpectedEvent,
  { events, claimed }: Candidates,
): readonly Miss[] {
  const own = annals.uncounted.map(({ entry }) => entry).reverse();
  const strangers = events.filter((entry) =>
    !annals.entries.has(entry.logId) && !annals.reachedBy.has(originalIdOf(entry))
  );
  return [...own, ...strangers]
    .filter((entry) => matchableOf(entry).eventType === expected.matcher.eventType)
    .map((entry) => missOf(annals, expected, entry, claimed.has(entry.logId)))
    .toSorted((left, right) => distanceOf(left.clauses) - distanceOf(right.clauses));
}

function missOf(
  annals: Annals,
  expected: ExpectedEvent,
  entry: JobEventLogEntry,
  isClaimed: boolean,
): Miss {
  const clauses = mismatchesWith(expected, matchableOf(entry));
  const obstacle = clauses.length === 0 ? obstacleOf(annals, entry) : undefined;
  const isNear = !isClaimed && comesNear(annals, expected, entry, clauses);
  return { entry, clauses, obstacle, isNear };
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
 * One that holds in part, fails closely, or lacks what is asked for. What merely is of the
 * same type and names something else is another job's event.
 */
function comesNear(
  annals: Annals,
  expected: ExpectedEvent,
  entry: JobEventLogEntry,
  clauses: readonly Mismatch[],
): boolean {
  if (entry.jobId === annals.job.jobId || clauses.length === 0) return true;
  if (clauses.some(({ close, found }) => close || found === "nothing")) return true;
  const terms = correlationTerms(expected.matcher.correlation) +
    (expected.taskId === undefined ? 0 : 1);
  return clauses.length < terms;
}

function nearMiss({ entry, clauses, obstacle }: Miss): NearMiss<LogId> {
  const event = `${matchableOf(entry).eventType} came at ${timeText(entry)}`;
  const statement = obstacle === undefined
    ? `${event} and did not count: ${clauses.map(mismatchText).join("; ")}.`
    : `${event} and did not count: ${obstacle}.`;
  return { statement, clauses, cites: [entry.logId] };
}

interface Remark {
  readonly statement: string;
  readonly cites: readonly LogId[];
}

/** Of a plan with very many expectations, for some of them no events are found. */
const NOT_LOOKED_UP: Remark = {
  statement: "Whether an event came near was not looked up: too many expectations are open.",
  cites: [],
};

/** What to say where nothing came near. */
function remarkOn(
  misses: readonly Miss[],
  matched: number,
  candidates: Candidates | undefined,
): Remark | undefined {
  if (candidates === undefined) return NOT_LOOKED_UP;
  const latest = misses.toSorted((left, right) => right.entry.logId - left.entry.logId)[0];
  if (latest !== undefined) {
    const clauses = latest.clauses.map(mismatchText).join("; ");
    const statement = `The latest event of this type is another's: ${clauses}.`;
    return { statement, cites: [latest.entry.logId] };
  }
  if (matched > 0) return undefined;
  const bound = candidates.forgottenUpTo === 0 ? "" : ", as far back as events are remembered";
  return { statement: `No event of this type has come${bound}.`, cites: [] };
}
