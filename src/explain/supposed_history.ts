/**
 * The history of a job under a supposition: entries left out, events added, and past events that
 * another plan would have taken.
 */

import {
  correlatedAttributes,
  type FactEntry,
  type FrameworkEntry,
  type JobEntry,
  type JobEventLogEntry,
} from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import {
  type EventMatcher,
  type JobPlan,
  matcherAccepts,
  outsideMatchers,
} from "../core/job_plan.ts";
import { present } from "../core/json.ts";
import { entryEventIds, type Point, resolvePoint } from "../core/point.ts";
import type { Work } from "../core/work.ts";
import {
  type Supposed,
  type SupposedEvent,
  supposedPlan,
  type Supposition,
  type SuppositionIssue,
  suppositionIssues,
} from "./supposition.ts";

/**
 * An entry of a supposed history. `past` means that the event is in the journal and the supposed
 * plan would have taken it. It counts only if the job would have been waiting at that time.
 */
export interface SupposedEntry {
  readonly entry: JobEventLogEntry;
  readonly origin: "recorded" | "past" | "supposed";
}

export interface SupposedHistory {
  /** The job's own entries, up to the point. */
  readonly recorded: readonly JobEventLogEntry[];
  /** By position. Supposed events lie between positions: 12.001, 12.002. */
  readonly supposed: readonly SupposedEntry[];
}

type Outcome =
  | { readonly ok: true; readonly value: SupposedHistory }
  | { readonly ok: false; readonly issues: readonly SuppositionIssue[] };

/** Supposed events have thousandths as positions, so this many fit after an entry. */
export const SUPPOSED_EVENTS_MAX = 999;
const POSITIONS_BETWEEN = SUPPOSED_EVENTS_MAX + 1;

/**
 * The history of a job under a supposition. Entries that the supposed plan would not have taken
 * stay, to show why each does not count.
 */
export function* supposeHistory(supposed: Supposed): Work<Outcome> {
  const { entries, supposition, pastEvents, head } = supposed;
  const [created] = entries;
  if (created === undefined) throw new TypeError("Cannot suppose anything: there are no entries");
  const plan = supposedPlan(created, supposition);
  const missed = yield* findMissed(entries, plan, pastEvents, created.logId);
  const known = inOrder([
    ...entries.map((entry): SupposedEntry => ({ entry, origin: "recorded" })),
    ...missed.map((entry): SupposedEntry => ({ entry, origin: "past" })),
  ]);
  const resolved = resolvePoint(supposition.upTo, known.map(({ entry }) => entry), head);
  if (!resolved.ok) return { ok: false, issues: [{ pointer: "/upTo", detail: resolved.detail }] };
  const kept = known.slice(0, resolved.count);
  const limit = limitOf(supposition.upTo, known[resolved.count], head);
  const issues = suppositionIssues(supposed, limit);
  if (issues.length > 0) return { ok: false, issues };
  return {
    ok: true,
    value: {
      recorded: entries.filter(({ logId }) => logId <= limit),
      supposed: changedHistory(kept, supposition, plan),
    },
  };
}

function changedHistory(
  kept: readonly SupposedEntry[],
  supposition: Supposition,
  plan: JobPlan,
): readonly SupposedEntry[] {
  const leftOut = new Set(supposition.without);
  const rest = kept.filter(({ entry }) => !leftOut.has(entry.logId));
  const planned = supposition.plan === undefined ? rest : rest.map((one) => withPlan(one, plan));
  return withEvents(planned, supposition.with ?? [], kept.at(-1)?.entry.logId ?? 0);
}

function inOrder(entries: readonly SupposedEntry[]): readonly SupposedEntry[] {
  return entries.toSorted((left, right) => left.entry.logId - right.entry.logId);
}

/** The last position at which something can be supposed. */
function limitOf(upTo: Point | undefined, next: SupposedEntry | undefined, head: LogId): LogId {
  if (upTo?.kind === "logId") return upTo.logId;
  return next === undefined ? head : next.entry.logId - 1;
}

function withPlan(supposed: SupposedEntry, plan: JobPlan): SupposedEntry {
  const { entry, origin } = supposed;
  if (entry.stratum !== "framework" || entry.eventType !== "job.JobCreated") return supposed;
  return { entry: { ...entry, attributes: { ...entry.attributes, plan } }, origin };
}

function withEvents(
  history: readonly SupposedEntry[],
  events: readonly SupposedEvent[],
  end: LogId,
): readonly SupposedEntry[] {
  const counts = new Map<LogId, number>();
  const added = events.map((event, index): SupposedEntry => {
    const after = event.after ?? end;
    const count = (counts.get(after) ?? 0) + 1;
    counts.set(after, count);
    // A single division gives the number that prints as 12.001; a sum might not.
    const logId = (after * POSITIONS_BETWEEN + count) / POSITIONS_BETWEEN;
    const entryBefore = lastUpTo(history, after)?.entry;
    const eventId = event.eventId ?? `evt_whatif_${index + 1}` as EventId;
    return { entry: toFact({ ...event, eventId }, logId, entryBefore), origin: "supposed" };
  });
  return added.length === 0 ? history : inOrder([...history, ...added]);
}

function lastUpTo(history: readonly SupposedEntry[], logId: LogId): SupposedEntry | undefined {
  let [low, high] = [0, history.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((history[middle]?.entry.logId ?? Infinity) <= logId) low = middle + 1;
    else high = middle;
  }
  return history[low - 1];
}

/** An event of the same job, received at the time of the entry before it. */
function toFact(
  { after: _, ...event }: SupposedEvent & { readonly eventId: EventId },
  logId: LogId,
  entryBefore: JobEventLogEntry | undefined,
): FactEntry {
  const receivedAt = entryBefore?.receivedAt ?? "";
  const occurredAt = event.occurredAt ?? receivedAt;
  const jobId = entryBefore?.jobId;
  return { ...event, ...present({ jobId }), logId, occurredAt, receivedAt };
}

/**
 * The events as if they had reached the job: each is a `job.EventCorrelated` in place of the
 * original. Pauses after each event.
 *
 * @param own All entries of one job, oldest first; at least one.
 * @param pastEvents Facts of the whole journal, by position. Only those without a job id are used.
 * @param after Only events after this position.
 */
function* findMissed(
  own: readonly JobEventLogEntry[],
  plan: JobPlan,
  pastEvents: readonly JobEventLogEntry[],
  after: LogId,
): Work<readonly JobEventLogEntry[]> {
  const reached = new Set(own.flatMap(entryEventIds));
  const isTaken = takes(plan);
  const missed = new Map<LogId, JobEventLogEntry>();
  for (const entry of pastEvents) {
    yield;
    if (entry.logId <= after || reached.has(entry.eventId) || !isTaken(entry)) continue;
    missed.set(entry.logId, correlated(entry as FactEntry, own));
  }
  return [...missed.values()];
}

/** Whether an entry is an event that names no job and that a job of the plan would take. */
function takes(plan: JobPlan): (entry: JobEventLogEntry) => boolean {
  const byType = Map.groupBy(outsideMatchers(plan), (matcher) => matcher.eventType as string);
  return (entry) => {
    if (entry.stratum !== "domain" || entry.jobId !== undefined) return false;
    const matchers: readonly EventMatcher[] = byType.get(entry.eventType) ?? [];
    return matchers.some((one) => matcherAccepts(one, entry));
  };
}

function correlated(fact: FactEntry, [created]: readonly JobEventLogEntry[]): JobEventLogEntry {
  const { logId, receivedAt } = fact;
  const entry: Omit<FrameworkEntry<"job.EventCorrelated">, "jobId"> = {
    logId,
    eventId: `evt_whatif_correlated_${logId}` as EventId,
    stratum: "framework",
    eventType: "job.EventCorrelated",
    occurredAt: receivedAt,
    receivedAt,
    causedBy: logId,
    attributes: correlatedAttributes(fact),
  };
  return { ...entry, ...present({ jobId: created?.jobId }) } as JobEntry;
}
