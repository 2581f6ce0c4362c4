/**
 * What answers are made of. These schemas describe answers, and check none while a server
 * runs: the types of the core hold for them, and a test compares every answer with them.
 * Commands read answers by looser schemas of their own, since a server may be newer.
 */

import * as v from "valibot";
import type { Condition } from "../../core/condition.ts";
import type { StateName } from "../../core/job_state.ts";
import { type LimitName, LIMITS } from "../guard/capacity.ts";
import { documented } from "../requests/documented.ts";

/** With what a reader of the document is told of it. */
export function says<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.pipe(schema, v.description(description));
}

/** A choice, with what each value means. */
export function choices<const Values extends Readonly<Record<string, string>>>(
  description: string,
  values: Values,
) {
  const meanings = Object.entries(values).map(([value, meaning]) => `- \`${value}\`: ${meaning}`);
  const names = Object.keys(values) as (keyof Values & string)[];
  const rule = `must be one of ${names.join(", ")}`;
  return says(v.picklist(names, rule), `${description}\n\n${meanings.join("\n")}`);
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
  Compensating: "it has failed or was cancelled, and what it did is being undone",
  Done: "ended, with its output",
  Failed: "ended without its output: it failed, or was cancelled",
};
export const stateName = choices("Where a job is in its life.", STATES);

const CONDITIONS_SAID: Readonly<Record<Condition, string>> = {
  created: "waits for somebody to start it",
  scheduled: "waits for the time of its start",
  queued: "waits for a worker",
  executing: "its code is running",
  waiting: "waits for events",
  sleeping: "waits for a time",
  backingOff: "a task has failed and is tried again at a time",
  suspended: "somebody suspended it: it begins nothing new",
  parked: "the engine holds it, for the reason in `parked`",
  compensating: "what it did is being undone",
  succeeded: "ended with its output",
  failed: "ended without its output",
  cancelled: "somebody cancelled it",
};
export const condition = choices("What a job is doing now.", CONDITIONS_SAID);
const LIMITS_SAID = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { what }]) => [name, what]),
) as Record<LimitName, string>;
/** Of a limit, wherever one is told. */
export const limitName = choices("Of what there are as many as there may be.", LIMITS_SAID);

/** Of one of many that was rejected: where, and whether it may be sent again. */
export const rejectionMembers = {
  errors: v.exactOptional(says(
    v.array(v.object({ pointer: text, detail: text })),
    "What is wrong with it.",
  )),
  limit: v.exactOptional(says(
    v.object({ name: limitName, max: count }),
    "It was rejected for this alone, and may be sent again.",
  )),
};
export const nextCursor = v.nullable(text);
export const errorFact = v.object({
  name: says(text, "Of the error's class."),
  message: says(text, "Its message, without what is secret."),
  stack: v.exactOptional(says(text, "Where it was thrown.")),
});
