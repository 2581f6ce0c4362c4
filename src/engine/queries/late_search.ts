/** Finds events like those that a job took, but that came later and reached no job, or were refused. */

import { ascending } from "../../core/ascending.ts";
import { correlationTerms } from "../../core/correlation.ts";
import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import { isReserved, type LogId } from "../../core/ids.ts";
import { expectationAccepts, type ExpectedEvent, requiredMatches } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import { policyExpectations } from "../../core/awaited_events.ts";
import { givenUpAt } from "../../explain/ended/counted_events.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import type { Inquiry } from "./query_parts.ts";
import { takenFromPeers } from "./similar_jobs.ts";

/** How many expectations are searched for later events. */
const SATISFIED_MAX = 10;
/** When more events carry a value, a later one belongs to something else. */
const LATE_MAX = 20;
/** The most events that an expectation may have taken to be searched for late ones. */
const NEAR_MAX = 64;

/** An expectation with all its matches, or that an ended job gave up on. */
interface Met {
  readonly expected: ExpectedEvent;
  readonly last: LogId;
}

/** What is known of the job. */
type Searched = Pick<OutlinedHistory, "job" | "isOwn" | "hasReached">;

export class LateSearch {
  readonly #met: readonly Met[];

  /** @param headLogId Later entries do not count. */
  constructor(private readonly outlined: Searched, private readonly headLogId: LogId) {
    this.#met = metExpectations(outlined);
  }

  /** Adds the keys that `of` needs to a lookup. */
  lookUp(lookup: Lookup): void {
    for (const { expected } of this.#met) lookup.near(expected.matcher);
  }

  /** By expectation, the events that it may have accepted. */
  of(found: FoundEvents): ReadonlyMap<string, readonly LogId[]> {
    const { outlined, headLogId } = this;
    return new Map(this.#met.flatMap(({ expected: { id, matcher }, last }) => {
      const near = found.near(matcher, NEAR_MAX).filter((logId) => logId <= headLogId);
      if (near.length > LATE_MAX) return [];
      const late = near.filter((logId) =>
        logId > last && !outlined.isOwn(logId) && !outlined.hasReached(logId)
      );
      return late.length === 0 ? [] : [[id, late] as const];
    }));
  }

  /** Of these, the ones that the expectation would have accepted. */
  accepted(id: string, entries: readonly JobEventLogEntry[]): readonly JobEventLogEntry[] {
    const one = this.#met.find(({ expected }) => expected.id === id);
    return entries.filter((entry) =>
      one !== undefined && entry.jobId === undefined &&
      (entry.stratum === "domain" || isRefusedForId(entry)) &&
      expectationAccepts(one.expected, toMatchable(entry))
    );
  }
}

/** Whether an event was refused since its id was on record with other content. */
function isRefusedForId(entry: JobEventLogEntry): boolean {
  return isRefused(entry) && entry.attributes.reason === undefined;
}

/**
 * The expectations that ended, whose later events are searched, and the errors that the policy of a
 * job names which succeeded, whose events may have come at any other time.
 */
function metExpectations({ job }: Searched): readonly Met[] {
  const { plan, expected } = job;
  const met = plan.expected.slice(0, SATISFIED_MAX).map((one, at) => {
    const isDone = (expected[at]?.matched ?? 0) >= requiredMatches(one.multiplicity);
    return { expected: one, last: isDone ? expected[at]?.by.at(-1) : givenUpAt(job, at) };
  });
  const errors = job.state !== "Done" ? [] : policyExpectations(plan)
    .filter(({ role }) => role === "errors").slice(0, SATISFIED_MAX)
    .map((one) => ({ expected: one.expected, last: 0 }));
  return [...met, ...errors].flatMap(({ expected, last }) => {
    const { eventType, correlation } = expected.matcher;
    const isAsking = correlationTerms(correlation) > 0 && !isReserved(eventType);
    return last === undefined || !isAsking ? [] : [{ expected, last }];
  });
}

type Later = ReadonlyMap<string, readonly JobEventLogEntry[]>;

/**
 * Without the events that came after an expectation was met, if most jobs of its type had such
 * events too: of a series, as of a sensor, the first counts, and the others are no news.
 */
export async function unusuallyLate(
  inquiry: Inquiry,
  job: JobState,
  later: Later,
): Promise<Later> {
  const met = job.plan.expected.filter(({ id, multiplicity }, at) =>
    (later.get(id)?.length ?? 0) > 0 &&
    (job.expected[at]?.matched ?? 0) >= requiredMatches(multiplicity)
  );
  if (met.length === 0) return later;
  // Their steps may be large.
  const peers = await takenFromPeers(inquiry, job, (peer): JobState => ({
    ...peer,
    tasks: [],
  }));
  if (peers === undefined) return later;
  const theirs = await Promise.all(peers.map((peer) => lateFor(inquiry, peer)));
  const isUsual = ({ id }: ExpectedEvent) =>
    2 * theirs.filter((ids) => ids.has(id)).length > peers.length;
  const usual = new Set(met.filter(isUsual).map(({ id }) => id));
  return new Map([...later].filter(([id]) => !usual.has(id)));
}

/** The expectations of a job for which events came later. */
async function lateFor(
  { parts: { pastEvents, history }, asOf }: Inquiry,
  job: JobState,
): Promise<ReadonlySet<string>> {
  const search = new LateSearch({ job, isOwn: () => false, hasReached: () => false }, asOf);
  const lookup = new Lookup();
  search.lookUp(lookup);
  const late = search.of(await lookup.in(pastEvents, asOf));
  const ids = new Set<string>();
  for (const [id, logIds] of late) {
    if (search.accepted(id, await history.at(ascending(logIds))).length > 0) ids.add(id);
  }
  return ids;
}
