/**
 * The suppositions of a what-if, checks that they are possible, and the history of a job under one:
 * entries left out, events added, and past events that another plan would have taken.
 */

import { firstIndex } from "../../core/ascending.ts";
import {
  correlatedAttributes,
  type FactEntry,
  type FrameworkEntry,
  type JobEntry,
  type JobEventLogEntry,
} from "../../core/event.ts";
import type { EventId, EventType, ExecutionId, LogId, TaskId } from "../../core/ids.ts";
import {
  type EventMatcher,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  matcherAccepts,
  outsideMatchers,
} from "../../core/job_plan.ts";
import { type JsonObject, type PointedIssue, present } from "../../core/json.ts";
import { entryEventIds, type Point, resolvePoint } from "../../core/point.ts";
import type { Work } from "../../core/work.ts";
import type { SupposedLimits } from "./limits_what_if.ts";

/** An event that did not happen, as the job would have received it. */
export interface SupposedEvent {
  readonly eventType: EventType;
  readonly stratum: FactEntry["stratum"];
  readonly attributes: JsonObject;
  readonly eventId?: EventId;
  readonly occurredAt?: string;
  readonly taskId?: TaskId;
  readonly executionId?: ExecutionId;
  readonly traceId?: string;
  readonly spanId?: string;
  /** Comes right after the entry at this position; at the end, when absent. */
  readonly after?: LogId;
}

export interface Supposition {
  /** Replaces the job's own; the end of `run` stays expected in a job with code. */
  readonly plan?: JobPlan;
  /** Positions of entries of the job to leave out. */
  readonly without?: readonly LogId[];
  readonly with?: readonly SupposedEvent[];
  /** Leaves out everything later; the end of the journal, when absent. */
  readonly upTo?: Point;
  /** Supposed limits of the job's type; cannot be combined with other suppositions. */
  readonly limits?: SupposedLimits;
}

/** A supposition about a job, and what it is judged by. */
export interface Supposed {
  /** All entries of the job, oldest first; at least one. */
  readonly entries: readonly JobEventLogEntry[];
  readonly supposition: Supposition;
  /** Facts of the whole journal that name no job and may match the plan. */
  readonly pastEvents: readonly JobEventLogEntry[];
  /** The last position of the journal. */
  readonly head: LogId;
  /** Entries of the journal that have the id of a supposed event. */
  readonly sameIds: readonly JobEventLogEntry[];
}

/** The plan that a job would have had. */
export function supposedPlan(created: JobEventLogEntry, { plan }: Supposition): JobPlan {
  const { attributes } = created as FrameworkEntry<"job.JobCreated">;
  if (plan === undefined) return attributes.plan;
  const main = attributes.plan.expected.filter(({ id }) => id === MAIN_EXPECTATION_ID);
  return attributes.definitionVersion === undefined
    ? plan
    : { ...plan, expected: [...main, ...plan.expected] };
}

/** @param limit The last position after which an event can be supposed. */
function suppositionIssues(
  { entries, supposition, sameIds }: Supposed,
  limit: LogId,
): readonly PointedIssue[] {
  return [
    ...planIssues(entries, supposition),
    ...withoutIssues(entries, supposition.without ?? []),
    ...withIssues(entries, supposition.with ?? [], limit),
    ...repeatedIssues(entries, supposition.with ?? [], limit, sameIds),
  ];
}

function planIssues(
  [created]: readonly JobEventLogEntry[],
  { plan }: Supposition,
): readonly PointedIssue[] {
  const { definitionVersion } = (created as FrameworkEntry<"job.JobCreated">).attributes;
  if (plan === undefined || definitionVersion === undefined) return [];
  return plan.expected.flatMap(({ id }, index) =>
    id === MAIN_EXPECTATION_ID
      ? [{
        pointer: `/plan/expected/${index}/id`,
        detail: 'must not be "main": a job with code expects the end of its run in any case',
      }]
      : []
  );
}

function withoutIssues(
  entries: readonly JobEventLogEntry[],
  without: readonly LogId[],
): readonly PointedIssue[] {
  const own = new Map(entries.map((entry) => [entry.logId, entry]));
  const standIns = new Map(
    entries.flatMap(({ eventType, causedBy, logId }) =>
      eventType === "job.EventCorrelated" && causedBy !== undefined ? [[causedBy, logId]] : []
    ),
  );
  return without.flatMap((logId, index) => {
    const detail = own.get(logId)?.logId === entries[0]?.logId
      ? "is the creation of the job, without which there is none"
      : own.has(logId)
      ? undefined
      : notOwnDetail(standIns.get(logId));
    return detail === undefined ? [] : [{ pointer: `/without/${index}`, detail }];
  });
}

/** @param standIn The entry of the job that stands for the event at a position, if there is one. */
function notOwnDetail(standIn: LogId | undefined): string {
  return standIn === undefined
    ? "is not the position of an entry of this job"
    : `is an event that reached this job as entry ${standIn}: leave that out`;
}

function withIssues(
  [created]: readonly JobEventLogEntry[],
  events: readonly SupposedEvent[],
  limit: LogId,
): readonly PointedIssue[] {
  const first = created?.logId ?? 0;
  return events.flatMap(({ after }, index) => {
    if (after === undefined || (after >= first && after <= limit)) return [];
    const detail = after < first
      ? `is before the job's creation, entry ${first}`
      : `is beyond entry ${limit}, where this ends`;
    return [{ pointer: `/with/${index}/after`, detail }];
  });
}

/**
 * An id is accepted once, whatever comes under it later. With an id that the job got before, an
 * event is a second delivery; with any other recorded id, the event was not one of this job.
 */
function repeatedIssues(
  entries: readonly JobEventLogEntry[],
  events: readonly SupposedEvent[],
  limit: LogId,
  sameIds: readonly JobEventLogEntry[],
): readonly PointedIssue[] {
  const own = new Set(entries.flatMap(entryEventIds));
  const elsewhere = new Map(
    sameIds.filter((entry) => !own.has(entry.eventId)).map((entry) => [entry.eventId, entry]),
  );
  return events.flatMap(({ eventId, after = limit }, index) => {
    const first = eventId === undefined ? undefined : elsewhere.get(eventId);
    if (first === undefined || first.logId > after) return [];
    const detail = `is the id of entry ${first.logId}, ${first.eventType}, which came before: ` +
      "a second delivery changes nothing; give the event another id, or none";
    return [{ pointer: `/with/${index}/eventId`, detail }];
  });
}

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

export type IfPossible<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly PointedIssue[] };

/** Supposed events have thousandths as positions, so this many fit after an entry. */
export const SUPPOSED_EVENTS_MAX = 999;
const POSITIONS_BETWEEN = SUPPOSED_EVENTS_MAX + 1;

/**
 * The history of a job under a supposition. Entries that the supposed plan would not have taken
 * stay, to show why each does not count.
 */
export function* supposeHistory(supposed: Supposed): Work<IfPossible<SupposedHistory>> {
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
  const next = firstIndex(0, history.length, (at) => (history[at]?.entry.logId ?? 0) > logId);
  return history[next - 1];
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
