/**
 * The building blocks of answers. These schemas describe answers, but do not check them at run
 * time: the types of the core ensure the shape, and a test compares every answer with its schema.
 * Commands read answers with looser schemas of their own, since a server may be newer.
 */

import * as v from "valibot";
import type { ErrorCause } from "../../core/framework_events.ts";
import type { Condition } from "../../core/condition.ts";
import type { StateName } from "../../core/job_state.ts";
import { type LimitName, LIMITS } from "../refusal.ts";
import { describe, documented, maybe } from "../fields.ts";

export function choices<const Values extends Readonly<Record<string, string>>>(
  description: string,
  values: Values,
) {
  const meanings = Object.entries(values).map(([value, meaning]) => `- \`${value}\`: ${meaning}`);
  const names = Object.keys(values) as (keyof Values & string)[];
  const rule = `must be one of ${names.join(", ")}`;
  return describe(v.picklist(names, rule), `${description}\n\n${meanings.join("\n")}`);
}

export const text = v.string();
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
export const position = documented(v.number(), { type: "integer", minimum: 0 });
/** A supposed event has a position between two others. */
export const supposedPosition = documented(v.number(), { type: "number", minimum: 0 });
export const milliseconds = v.pipe(v.number(), v.minValue(0));
export const time = documented(v.string(), { type: "string", format: "date-time" });
/** The use of a limited resource. */
export const use = v.object({ used: count, max: count });
export const anyJson = documented(v.unknown(), {});
export const anyObject = documented(v.record(v.string(), v.unknown()), { type: "object" });

const STATES: Readonly<Record<StateName, string>> = {
  Created: "on record, but not started",
  Running: "started, but not ended",
  Compensating: "the job failed or was cancelled, and completed steps are being undone",
  Done: "ended with its output",
  Failed: "ended without output: the job failed, or was cancelled",
};
export const stateName = choices("The state of a job.", STATES);

const CONDITION_MEANINGS: Readonly<Record<Condition, string>> = {
  created: "waits until someone starts it",
  scheduled: "waits for its start time",
  queued: "waits for a worker",
  executing: "its code is running",
  waiting: "waits for events",
  sleeping: "sleeps until a time",
  backingOff: "a task failed, and will be retried later",
  suspended: "suspended by someone: no new attempt starts",
  parked: "held by the engine, for the reason in `parked`",
  compensating: "its effects are being undone",
  succeeded: "ended with its output",
  failed: "ended without output",
  cancelled: "cancelled by someone",
};
export const condition = choices("What a job is doing right now.", CONDITION_MEANINGS);
const LIMIT_MEANINGS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { what }]) => [name, what]),
) as Record<LimitName, string>;
export const limitName = choices("The limit that was reached.", LIMIT_MEANINGS);

/** Why one of many items was rejected, and whether it may be sent again. */
export const rejectionMembers = {
  errors: maybe(
    v.array(v.object({ pointer: text, detail: text })),
    "The errors, with their places.",
  ),
  limit: maybe(
    v.object({ name: limitName, max: count }),
    "Present if the limit is the only reason: the item may then be sent again.",
  ),
};
export const nextCursor = v.nullable(text);

/** What an error and each of its causes have. */
const causeMembers = {
  message: describe(text, "The message, with secrets masked; the JSON of an object without one."),
  code: maybe(v.union([text, v.number()]), "Its own code, such as `ECONNREFUSED` or `23505`."),
  cause: maybe(
    v.lazy(() => errorCause),
    "What it names as its cause. A chain of causes has at most five.",
  ),
  errors: maybe(
    v.array(v.lazy(() => errorCause)),
    "The first three errors of an `AggregateError`.",
  ),
};
/** Recursive, so it has to have a name in the API. */
export const errorCause: v.GenericSchema<ErrorCause> = v.object({
  name: maybe(text, "The class of the error. Absent if the cause is not an error and has no name."),
  ...causeMembers,
});
const name = describe(text, "The class of the error.");
/** Without its stack. */
export const errorSummary = v.object({ name, ...causeMembers });
export const errorFact = v.object({ name, ...causeMembers, stack: maybe(text, "The stack.") });
