/** The events that were meant for an expectation and did not count, the most similar first. */

import type { Work } from "../core/work.ts";
import { isCorrelated, type JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { ownValues } from "./likeness/own_values.ts";
import { type Candidate, type Comparison, type Suspect, toSuspect } from "./likeness/suspect.ts";
import { originalId, type OutlinedHistory } from "./outlined_history.ts";
import type { Candidates } from "./evidence.ts";
import type { OpenExpectation } from "./open_expectations.ts";

const SUSPECTS_MAX = 3;
/**
 * How many of the job's own events are compared with all that it waits for, and the least with each:
 * as many of the expected type as of others.
 */
const OWN_OF_ALL = 6_400;
const OWN_MIN = 64;
/**
 * Events that merely carry values distract when they are this much less similar than the best one.
 */
const MARGIN = 3;

/** What events are compared with; the same for everything that the job waits for. */
export function compareWith(outlined: OutlinedHistory): Omit<Comparison, "common"> {
  const { job, created, started } = outlined;
  return {
    job,
    own: ownValues(job),
    createdBy: created.logId,
    causedBy: created.causedBy,
    started,
  };
}

/** How many of the job's own events of a kind are compared with each of several expectations. */
export function ownShare(expectations: number): number {
  return Math.max(OWN_MIN, Math.floor(OWN_OF_ALL / Math.max(1, expectations)));
}

/**
 * As work with a pause after each event.
 *
 * @param ownMax From `ownShare`.
 */
export function* findSuspects(
  outlined: OutlinedHistory,
  comparison: Omit<Comparison, "common">,
  open: OpenExpectation,
  candidates: Candidates | undefined,
  ownMax: number,
): Work<readonly Suspect[]> {
  const common = candidates?.common ?? new Set<string>();
  const suspects: Suspect[] = [];
  const own = ownOnes(outlined, open, ownMax);
  for (const candidate of [...own, ...foreignEntries(outlined, candidates)]) {
    const suspect = toSuspect({ ...comparison, common }, open.expected, candidate);
    if (suspect !== undefined) suspects.push(suspect);
    yield;
  }
  const sorted = suspects.toSorted(byDistance);
  const [likeliest] = sorted;
  return sorted.filter(({ kind, distance }) =>
    kind !== "values" || distance < (likeliest?.distance ?? 0) + MARGIN
  ).slice(0, SUSPECTS_MAX);
}

/** Events that reached the job and did not count for this expectation. */
function ownOnes(
  outlined: OutlinedHistory,
  { expected, by }: OpenExpectation,
  max: number,
): readonly Candidate[] {
  const { eventType } = expected.matcher;
  const counted = countedSet(by);
  const ofType = outlined.facts.get(eventType) ?? outlined.ownFacts.get(eventType) ?? [];
  const others = [...outlined.facts].flatMap(([type, entries]) =>
    type === eventType ? [] : entries
  );
  const hasCounted = ({ logId }: JobEventLogEntry) => outlined.counted.has(logId);
  // One that counted for something else was hardly meant for this.
  const byUse = (left: JobEventLogEntry, right: JobEventLogEntry) =>
    Number(hasCounted(right)) - Number(hasCounted(left)) || byTime(left, right);
  return [ofType.filter(({ logId }) => !counted.has(logId)), others]
    .flatMap((entries) => entries.toSorted(byUse).slice(-max))
    .map((entry) => ({ entry, effects: [], hasCounted: hasCounted(entry) }));
}

function foreignEntries(
  outlined: OutlinedHistory,
  candidates: Candidates | undefined,
): readonly Candidate[] {
  if (candidates === undefined) return [];
  return candidates.events
    .filter((entry) =>
      !isCorrelated(entry) && !outlined.isOwn(entry.logId) && !outlined.hasReached(entry.logId) &&
      !outlined.reachedBy.has(originalId(entry))
    )
    .map((entry) => ({
      entry,
      effects: candidates.effects.get(entry.logId) ?? [],
      hasCounted: false,
    }));
}

/** Expectations with the same matches share one list of them. */
const countedSets = new WeakMap<readonly LogId[], ReadonlySet<LogId>>();

function countedSet(by: readonly LogId[]): ReadonlySet<LogId> {
  let set = countedSets.get(by);
  if (set === undefined) countedSets.set(by, set = new Set(by));
  return set;
}

function byDistance(left: Suspect, right: Suspect): number {
  return left.distance - right.distance || byTime(right.entry, left.entry);
}

/** By time first, since imported jobs may come with their events in another order. */
function byTime(left: JobEventLogEntry, right: JobEventLogEntry): number {
  return textOrder(left.receivedAt, right.receivedAt) || left.logId - right.logId;
}

function textOrder(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
