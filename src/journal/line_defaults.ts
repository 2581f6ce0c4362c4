/**
 * Default values that a line of format version 2 omits, because nearly every job has them: the time
 * of an event that occurred when it was received, the plan that only awaits `main`, priority 0, no
 * labels, and the `executionId` of an attempt, which is the id of the entry that starts it. These defaults are constants of the format. Lines of version 1 omit none of them, so
 * readers need not know the version of a segment: an absent field always has its default.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobCreatedAttributes } from "../core/framework_events.ts";
import { type EventId, type ExecutionId, executionOfStart } from "../core/ids.ts";
import { type JobPlan, MAIN_ONLY_PLAN } from "../core/job_plan.ts";
import { equalJson, isEmptyObject, type JsonValue } from "../core/json.ts";
import type { StampedEvent } from "../engine/ports.ts";

/** The order of these attributes in every creation, so that omitted ones return to their place. */
const FIRST = ["type", "definitionVersion", "plan", "input", "priority", "labels"] as const;

const MAIN_ONLY = MAIN_ONLY_PLAN as unknown as JsonValue;

/** The attributes to write to a line as JSON, where `undefined` stands for a default. */
export function writtenAttributes({ eventType, attributes }: StampedEvent): object {
  if (eventType !== "job.JobCreated") return attributes;
  const { plan, priority, labels } = attributes as JobCreatedAttributes;
  return {
    ...attributes,
    plan: isMainOnly(plan) ? undefined : plan,
    priority: priority === 0 ? undefined : priority,
    labels: isEmptyObject(labels) ? undefined : labels,
  };
}

/** The `executionId` to write to a line, where `undefined` stands for the default. */
export function writtenExecution(
  { eventType, eventId, executionId }: StampedEvent,
): ExecutionId | undefined {
  if (executionId === undefined || !isStart(eventType)) return executionId;
  return executionId === executionOfStart(eventId) ? undefined : executionId;
}

/** The `executionId` of an entry whose line has none. */
export function defaultExecution(eventType: string, eventId: EventId): ExecutionId | undefined {
  return isStart(eventType) ? executionOfStart(eventId) : undefined;
}

function isStart(eventType: string): boolean {
  return eventType === "job.TaskStarted" || eventType === "job.CompensationStarted";
}

function isMainOnly(plan: JobPlan): boolean {
  return plan === MAIN_ONLY_PLAN || equalJson(plan as unknown as JsonValue, MAIN_ONLY);
}

/** The attributes of an entry, with the defaults that its line omits. */
export function wholeAttributes(
  eventType: string,
  written: Readonly<Record<string, unknown>>,
): JobEventLogEntry["attributes"] {
  const isWhole = eventType !== "job.JobCreated" ||
    "plan" in written && "priority" in written && "labels" in written;
  if (isWhole) return written as JobEventLogEntry["attributes"];
  const filled = { plan: MAIN_ONLY_PLAN, priority: 0, labels: {}, ...written };
  const whole: Record<string, unknown> = {};
  for (const name of FIRST) if (name in filled) whole[name] = filled[name as keyof typeof filled];
  return Object.assign(whole, written) as unknown as JobEventLogEntry["attributes"];
}
