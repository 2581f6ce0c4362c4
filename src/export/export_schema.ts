/** The shapes of lines in an export: stricter than what a journal is read with. */

import * as v from "valibot";
import { CONDITIONS } from "../core/condition.ts";
import { STRATA } from "../core/event.ts";
import { EXPECTED_EVENT_KINDS, TIMES_MAX } from "../core/job_plan.ts";
import { STATE_NAMES } from "../core/job_state.ts";
import { correlationField } from "../documents/plan_schema.ts";
import {
  eventTypeField,
  id,
  objectField,
  parseTime,
  strictObject,
  TIME_RULE,
} from "../documents/fields.ts";
import { EXPORT_VERSION } from "./export_file.ts";

function whole(min: number, max = Number.MAX_SAFE_INTEGER) {
  const rule = `must be a whole number of ${min} or more`;
  return v.pipe(v.number(), v.safeInteger(rule), v.minValue(min, rule), v.maxValue(max));
}

function choiceSchema<const Values extends readonly string[]>(values: Values) {
  return v.picklist(values, `must be one of ${values.join(", ")}`);
}

const count = whole(0);
const position = whole(1);

/** As a server writes it into the line, without escapes. */
const stamp = v.pipe(
  v.string(),
  v.check(
    (text) => parseTime(text) !== undefined && new Date(text).toISOString() === text,
    "must be a time as Daybook writes it, such as 2026-01-31T12:00:00.000Z",
  ),
);
const time = v.pipe(
  v.string(),
  v.check((text) => parseTime(text) !== undefined, `must be ${TIME_RULE}`),
);

export const headerSchema = strictObject({
  daybookExport: v.literal(EXPORT_VERSION),
  jobId: id(),
  type: v.exactOptional(v.string()),
  state: choiceSchema(STATE_NAMES),
  condition: choiceSchema(CONDITIONS),
  entries: count,
  own: count,
  from: strictObject({ head: strictObject({ logId: count, chain: v.string() }) }),
});

export const endSchema = strictObject({ entries: count, sha256: v.string() });

export const entrySchema = strictObject({
  logId: position,
  receivedAt: stamp,
  stratum: choiceSchema(STRATA),
  eventId: id(),
  eventType: eventTypeField,
  occurredAt: time,
  jobId: v.exactOptional(id()),
  taskId: v.exactOptional(id()),
  executionId: v.exactOptional(id()),
  traceId: v.exactOptional(v.string()),
  spanId: v.exactOptional(v.string()),
  actor: v.exactOptional(v.string()),
  causedBy: v.exactOptional(position),
  attributes: objectField,
});

const matcher = strictObject({ eventType: eventTypeField, correlation: correlationField });

const times = whole(1, TIMES_MAX);

/**
 * Rejects a plan that cannot be evaluated, since it would stop the whole Daybook that imports it.
 */
export const planSchema = strictObject({
  expected: v.array(strictObject({
    id: v.string(),
    kind: choiceSchema(EXPECTED_EVENT_KINDS),
    matcher,
    multiplicity: v.union([v.picklist(["ExactlyOnce", "AtLeastOnce"]), strictObject({ times })]),
    taskId: v.exactOptional(id()),
  })),
  policy: strictObject({
    errors: v.array(matcher),
    compensation: v.exactOptional(strictObject({ succeeded: matcher, failed: matcher })),
    onCompensated: choiceSchema(["Done", "Failed"]),
  }),
});
