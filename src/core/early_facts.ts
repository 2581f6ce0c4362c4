/**
 * Facts that came before their job started, where they count for nothing: what they would
 * have done, had they come later.
 */

import type { JobEventLogEntry } from "./event.ts";
import type { LogId } from "./ids.ts";
import type { JobPlan } from "./job_plan.ts";
import { missedEvents } from "./missed_events.ts";
import { type OrderedEnd, outcomeOf, textsOf } from "./permutation_outcome.ts";
import { project } from "./projector.ts";
import type { JobState } from "./job_state.ts";
import type { RuleName } from "./rules.ts";

/**
 * Own entries, and events that name no job and that the plan takes, from the creation to the
 * start; of a job that has not started, all of them.
 */
export function earlyFacts(
  own: readonly JobEventLogEntry[],
  plan: JobPlan,
  pastEvents: readonly JobEventLogEntry[],
): readonly JobEventLogEntry[] {
  const end = startOf(own)?.logId ?? Infinity;
  const strangers = missedEvents(own, plan, pastEvents, own[0]?.logId ?? 0);
  return [...own, ...strangers]
    .filter(({ logId }) => logId < end)
    .toSorted((left, right) => left.logId - right.logId);
}

function startOf(own: readonly JobEventLogEntry[]): JobEventLogEntry | undefined {
  return own.find(({ eventType }) => eventType === "job.JobStarted");
}

export interface EarlyDifference {
  readonly start: JobEventLogEntry;
  /** As it was. */
  readonly before: OrderedEnd;
  /** With the fact behind the start. */
  readonly after: OrderedEnd;
}

/**
 * Whether a job ends otherwise when one fact comes after its start: right after it, or after
 * all else. `pair`: in another state, or with another kind of failure.
 */
export function decisiveEarly(
  own: readonly JobEventLogEntry[],
  fact: JobEventLogEntry,
  kind: "pair" | "lesser",
): EarlyDifference | undefined {
  const start = startOf(own);
  if (start === undefined) return undefined;
  const others = own.filter(({ logId }) => logId !== fact.logId);
  const behind = (entry: JobEventLogEntry) => others.toSpliced(others.indexOf(entry) + 1, 0, fact);
  const before = endOf([...others, fact].toSorted(byPosition), fact, start);
  for (const last of new Set([start, others.at(-1) ?? start])) {
    const after = endOf(behind(last), fact, start);
    if (differ(before, after, kind)) return { start, before, after };
  }
  return undefined;
}

function byPosition(left: JobEventLogEntry, right: JobEventLogEntry): number {
  return left.logId - right.logId;
}

function differ(one: OrderedEnd, other: OrderedEnd, kind: "pair" | "lesser"): boolean {
  const what = kind === "pair" ? "outcome" : "details";
  return textsOf(one.outcome)[what] !== textsOf(other.outcome)[what];
}

/** Projects entries in the order given, at the positions that they have together. */
function endOf(
  order: readonly JobEventLogEntry[],
  fact: JobEventLogEntry,
  start: JobEventLogEntry,
): OrderedEnd {
  const places = order.map(({ logId }) => logId).toSorted((left, right) => left - right);
  const rules = new Map<LogId, RuleName>();
  let job: JobState | undefined;
  for (const [index, entry] of order.entries()) {
    const placed = { ...entry, logId: places[index] ?? entry.logId };
    const step = project(job, placed as JobEventLogEntry);
    rules.set(entry.logId, step.rule);
    job = step.job;
  }
  const recordedAt = (place: LogId) => order[places.indexOf(place)]?.logId ?? place;
  const ruleOf = ({ logId }: JobEventLogEntry) => rules.get(logId) ?? "any/already-applied";
  return {
    outcome: outcomeOf(job as JobState, recordedAt),
    firstRule: ruleOf(fact),
    secondRule: ruleOf(start),
  };
}
