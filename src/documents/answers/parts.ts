/**
 * What answers are made of. These schemas describe answers, and check none while a server
 * runs: the types of the core hold for them, and a test compares every answer with them.
 * Commands read answers by looser schemas of their own, since a server may be newer.
 */

import * as v from "valibot";
import type { Condition } from "../../core/condition.ts";
import type { StateName } from "../../core/job_state.ts";
import { type LimitName, LIMITS } from "../over_capacity.ts";
import { describe, documented } from "../documented.ts";

/** A choice, with what each value means. */
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
/** An event that is only supposed lies between two positions. */
export const supposedPosition = documented(v.number(), { type: "number", minimum: 0 });
export const milliseconds = v.pipe(v.number(), v.minValue(0));
export const time = documented(v.string(), { type: "string", format: "date-time" });
/** What is used of something that has a limit. */
export const use = v.object({ used: count, max: count });
export const anyJson = documented(v.unknown(), {});
export const anyObject = documented(v.record(v.string(), v.unknown()), { type: "object" });

const STATES: Readonly<Record<StateName, string>> = {
  Created: "on record, and not started yet",
  Running: "started, and not ended",
  Compensating: "it failed or was cancelled, and completed steps are being undone",
  Done: "ended, with its output",
  Failed: "ended without its output: it failed, or was cancelled",
};
export const stateName = choices("The state of a job.", STATES);

const CONDITIONS_SAID: Readonly<Record<Condition, string>> = {
  created: "waits for someone to start it",
  scheduled: "waits for its start time",
  queued: "waits for a worker",
  executing: "its code is running",
  waiting: "waits for events",
  sleeping: "sleeps until a time",
  backingOff: "a task failed, and will be retried at a set time",
  suspended: "someone suspended it: no new attempt starts",
  parked: "the engine holds it, for the reason in `parked`",
  compensating: "what it did is being undone",
  succeeded: "ended with its output",
  failed: "ended without its output",
  cancelled: "someone cancelled it",
};
export const condition = choices("What a job is doing right now.", CONDITIONS_SAID);
const LIMITS_SAID = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { what }]) => [name, what]),
) as Record<LimitName, string>;
/** A limit that was reached, in problems and receipts. */
export const limitName = choices("The limit that was reached.", LIMITS_SAID);

/** Why one of many was rejected: where, and whether it may be sent again. */
export const rejectionMembers = {
  errors: v.exactOptional(describe(
    v.array(v.object({ pointer: text, detail: text })),
    "What is wrong with it.",
  )),
  limit: v.exactOptional(describe(
    v.object({ name: limitName, max: count }),
    "Present if the limit is the only reason: it may be sent again.",
  )),
};
export const nextCursor = v.nullable(text);
export const errorFact = v.object({
  name: describe(text, "The name of the error's class."),
  message: describe(text, "Its message, with secrets masked."),
  stack: v.exactOptional(describe(text, "Where it was thrown.")),
});
