/** The suppositions of a what-if, and checks that they are possible. */

import type { FactEntry, FrameworkEntry, JobEventLogEntry } from "../core/event.ts";
import type { EventId, EventType, ExecutionId, LogId, TaskId } from "../core/ids.ts";
import { type JobPlan, MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { JsonObject } from "../core/json.ts";
import { entryEventIds, type Point } from "../core/point.ts";
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

/** Something that cannot be supposed; `pointer` is a JSON Pointer into the supposition. */
export interface SuppositionIssue {
  readonly pointer: string;
  readonly detail: string;
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
export function suppositionIssues(
  { entries, supposition, sameIds }: Supposed,
  limit: LogId,
): readonly SuppositionIssue[] {
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
): readonly SuppositionIssue[] {
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
): readonly SuppositionIssue[] {
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
): readonly SuppositionIssue[] {
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
): readonly SuppositionIssue[] {
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
