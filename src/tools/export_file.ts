/**
 * The file that holds an exported job: NDJSON. First a line about the job, then entries in the
 * order of their journal, then a line with their number and the SHA-256 of all bytes before it, so
 * that a truncated file is detected.
 */

import { createHash } from "node:crypto";
import * as v from "valibot";
import { CONDITIONS } from "../core/condition.ts";
import { type JobEventLogEntry, STRATA } from "../core/event.ts";
import type { JobId } from "../core/ids.ts";
import { EXPECTED_EVENT_KINDS } from "../core/job_plan.ts";
import { STATE_NAMES } from "../core/job_state.ts";
import { correlationField, multiplicityField, withinField } from "../documents/plan_schema.ts";
import { choice } from "../documents/parameters.ts";
import {
  eventTypeField,
  id,
  objectField,
  parseTime,
  strictObject,
  TIME_RULE,
} from "../documents/fields.ts";

export const EXPORT_VERSION = 1;

// The shapes of the lines are stricter than what a journal is read with.

function whole(min: number) {
  const rule = `must be a whole number of ${min} or more`;
  return v.pipe(v.number(), v.safeInteger(rule), v.minValue(min, rule));
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
  jobId: id<JobId>(),
  /** Absent for a plan driven by outside events. */
  type: v.exactOptional(v.string()),
  state: choice(STATE_NAMES),
  condition: choice(CONDITIONS),
  /** All entries in the file. */
  entries: count,
  /** How many of them belong to the job itself. */
  own: count,
  /** The head of the journal when it was read. */
  from: strictObject({ head: strictObject({ logId: count, chain: v.string() }) }),
});

export type ExportHeader = v.InferOutput<typeof headerSchema>;

export const endSchema = strictObject({
  entries: count,
  /** The digest of all bytes before this line, in hexadecimal. */
  sha256: v.string(),
});

type ExportEnd = v.InferOutput<typeof endSchema>;

export const entrySchema = strictObject({
  logId: position,
  receivedAt: stamp,
  stratum: choice(STRATA),
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

/**
 * Rejects a plan that cannot be evaluated, since it would stop the whole Daybook that imports it.
 */
export const planSchema = strictObject({
  expected: v.array(strictObject({
    id: v.string(),
    kind: choice(EXPECTED_EVENT_KINDS),
    matcher,
    multiplicity: multiplicityField,
    taskId: v.exactOptional(id()),
    within: v.exactOptional(withinField),
  })),
  policy: strictObject({
    errors: v.array(matcher),
    compensation: v.exactOptional(strictObject({ succeeded: matcher, failed: matcher })),
    onCompensated: choice(["Done", "Failed"]),
  }),
});

/** The lines of a file, each without its newline. */
export function* exportLines(
  header: ExportHeader,
  entries: readonly JobEventLogEntry[],
): Generator<string> {
  const hash = createHash("sha256");
  for (const value of [header, ...entries]) {
    const line = JSON.stringify(value);
    hash.update(`${line}\n`);
    yield line;
  }
  const end: ExportEnd = { entries: entries.length, sha256: hash.digest("hex") };
  yield JSON.stringify(end);
}
