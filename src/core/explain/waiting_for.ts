/** What a job still waits for, and the events that nearly were it. */

import type { JobEventLogEntry } from "../event.ts";
import type { NearMiss, WaitingFor } from "../explanation.ts";
import type { LogId } from "../ids.ts";
import { type ExpectedEvent, requiredMatches } from "../job_plan.ts";
import { hasCode } from "../job_state.ts";
import {
  correlationTerms,
  distanceOf,
  type Mismatch,
  mismatchesText,
  mismatchesWith,
} from "../mismatch.ts";
import { matchableOf } from "../projector.ts";
import { type Annals, originalIdOf } from "./annals.ts";
import type { Candidates, Evidence } from "./evidence.ts";
import { isOwnEvent, type OpenExpectation, openExpectations } from "./open_expectations.ts";
import { countText, latest, timeText, wantedText } from "./phrases.ts";

const NEAR_MISSES_MAX = 3;
/** More clauses than this a near miss does not list. */
const CLAUSES_MAX = 10;
/** Of the job's own events of a type, the latest so many are compared with an expectation. */
const OWN_MAX = 64;
/** One clause that is off, where another event has all of them right or nearly right. */
const DISTANCE_MARGIN = 9;

/** An event of the right type, and why it did not count. */
interface Miss {
  readonly entry: JobEventLogEntry;
  readonly clauses: readonly Mismatch[];
  readonly distance: number;
  /** Why it did not count although it is the right event; absent when a clause fails. */
  readonly obstacle: string | undefined;
  /** Whether somebody may have meant this job. */
  readonly isNear: boolean;
}

/** Every event that could still move the job; see `openExpectations`. */
export function waitingForOf(annals: Annals, evidence: Evidence): readonly WaitingFor<LogId>[] {
  return openExpectations(annals.job).map((open) =>
    waitingFor(annals, open, evidence.candidates.get(open.expected.id))
  );
}

/** The nearest miss in a few words, for the summary; `undefined` when there is none. */
export function nearestText(waitingFor: readonly WaitingFor<LogId>[]): string | undefined {
  const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
  return misses[0]?.statement;
}

/**
 * Events that fail one clause with ever other values are other jobs' events, which hold in
 * part because a value is common; those that fail it with the same value may be a mistake.
 */
function telling(misses: readonly Miss[]): readonly Miss[] {
  const alike = Map.groupBy(misses, failedPaths);
  const isCommon = (miss: Miss) => {
    const others = alike.get(failedPaths(miss)) ?? [];
    return new Set(others.map(foundValues)).size > NEAR_MISSES_MAX;
  };
  return misses.filter((miss) =>
    miss.clauses.length === 0 || miss.clauses.some(({ close }) => close) || !isCommon(miss)
  );
}

function failedPaths({ clauses }: Miss): string {
  return clauses.map(({ path }) => path).join("\n");
}

function foundValues({ clauses }: Miss): string {
  return clauses.map(({ found }) => found).join("\n");
}

/** Those that come about as near as the nearest; the others would only distract from it. */
function nearest(misses: readonly Miss[]): readonly Miss[] {
  const best = misses[0]?.distance ?? 0;
  return misses
    .filter(({ distance }) => distance < best + DISTANCE_MARGIN)
    .slice(0, NEAR_MISSES_MAX);
}

function waitingFor(
  annals: Annals,
  { expected, matched, by }: OpenExpectation,
  candidates: Candidates | undefined,
): WaitingFor<LogId> {
  const misses = missesOf(annals, expected, by, candidates);
  const near = nearest(telling(misses.filter(({ isNear }) => isNear)));
  const remark = near.length > 0
    ? undefined
    : hopeless(annals, expected) ?? remarkOn(misses, matched, candidates);
  const count = countText(expected, matched);
  return {
    expectation: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
    statement: `"${expected.id}": ${wantedText(expected)}; ${count} came.` +
      (remark === undefined ? "" : ` ${remark.statement}`),
    cites: unique([annals.created.logId, ...latest(by), ...remark?.cites ?? []]),
    nearMisses: near.map(nearMiss),
  };
}

/** All that came and did not count for this expectation, the nearest first. */
function missesOf(
  annals: Annals,
  expected: ExpectedEvent,
  by: readonly LogId[],
  candidates: Candidates | undefined,
): readonly Miss[] {
  const { eventType } = expected.matcher;
  const counted = new Set(by);
  const own = (annals.facts.get(eventType) ?? []).slice(-OWN_MAX)
    .filter(({ logId }) => !counted.has(logId)).reverse();
  const strangers = (candidates?.events ?? []).filter((entry) =>
    entry.eventType === eventType && !annals.entries.has(entry.logId) &&
    !annals.reachedBy.has(originalIdOf(entry))
  );
  const isTaken = ({ logId }: JobEventLogEntry) =>
    annals.counted.has(logId) || candidates?.claimed.has(logId) === true;
  return [...own, ...strangers]
    .map((entry) => missOf(annals, expected, entry, isTaken(entry)))
    .toSorted((left, right) => left.distance - right.distance);
}

function missOf(
  annals: Annals,
  expected: ExpectedEvent,
  entry: JobEventLogEntry,
  isTaken: boolean,
): Miss {
  const clauses = mismatchesWith(expected, matchableOf(entry));
  const obstacle = clauses.length === 0 ? obstacleOf(annals, entry) : undefined;
  const isNear = isTaken
    ? isTelling(expected) && clauses.every(({ close }) => close)
    : comesNear(annals, expected, entry, clauses);
  return { entry, clauses, distance: distanceOf(clauses), obstacle, isNear };
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
  if (entry.jobId === annals.job.jobId || clauses.length === 0) return true;
  if (clauses.some(({ close }) => close)) return true;
  if (entry.logId < annals.created.logId) return false;
  if (clauses.some(({ found }) => found === "nothing")) return true;
  const terms = correlationTerms(expected.matcher.correlation) +
    (expected.taskId === undefined ? 0 : 1);
  return clauses.length < terms;
}

function nearMiss({ entry, clauses, obstacle }: Miss): NearMiss<LogId> {
  const { attributes } = matchableOf(entry);
  const event = `${matchableOf(entry).eventType} came at ${timeText(entry)}`;
  const statement = obstacle === undefined
    ? `${event} and did not count: ${mismatchesText(clauses)}.`
    : `${event} and did not count: ${obstacle}.`;
  return { statement, clauses: clauses.slice(0, CLAUSES_MAX), attributes, cites: [entry.logId] };
}

interface Remark {
  readonly statement: string;
  readonly cites: readonly LogId[];
}

/** What no event can ever meet. */
function hopeless({ job, created }: Annals, expected: ExpectedEvent): Remark | undefined {
  if (hasCode(job) || !isOwnEvent(expected)) return undefined;
  const statement = "Nothing will meet it: Daybook alone records such events, " +
    "and this job has no code that would bring one about.";
  return { statement, cites: [created.logId] };
}

/** What to say where nothing came near; nothing when nothing was looked for. */
function remarkOn(
  misses: readonly Miss[],
  matched: number,
  candidates: Candidates | undefined,
): Remark | undefined {
  const latest = misses.toSorted((left, right) => right.entry.logId - left.entry.logId)[0];
  if (latest !== undefined) {
    const { entry, clauses, obstacle } = latest;
    const why = obstacle ?? mismatchesText(clauses);
    const statement = `The latest event of this type did not count: ${why}.`;
    return { statement, cites: [entry.logId] };
  }
  if (matched > 0 || candidates === undefined) return undefined;
  const { forgottenUpTo } = candidates;
  const bound = forgottenUpTo === 0 ? "" : ", as far back as events are remembered";
  return { statement: `No event of this type has come${bound}.`, cites: [] };
}

function unique(logIds: readonly LogId[]): readonly LogId[] {
  return [...new Set(logIds)];
}
