/**
 * The shapes of the framework's own facts, checked when a line is read back. One
 * schema for each row of `FrameworkAttributes`; a missing one does not compile.
 */

import * as v from "valibot";
import { type JobEventLogEntry, STRATA } from "../../core/event.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import type { FrameworkEventType } from "../../core/framework_events.ts";

/** By hand, since it runs for nearly every line of a replay. */
const hasAttempt = v.custom<object>((attributes) =>
  typeof attributes === "object" && attributes !== null && "attempt" in attributes &&
  Number.isSafeInteger(attributes.attempt) && Number(attributes.attempt) >= 1
);
const attempt = v.pipe(v.number(), v.integer(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const text = v.string();
const names = v.array(text);
const control = v.looseObject({ reason: v.optional(text) });
const error = v.looseObject({ name: text, message: text, stack: v.optional(text) });
const attemptFailure = v.union([
  v.looseObject({ attempt, maxAttempts: attempt, error, final: v.literal(true), kind: text }),
  v.looseObject({ attempt, maxAttempts: attempt, error, retryAt: text }),
]);
const matcher = v.looseObject({ eventType: text, correlation: v.unknown() });
const anyPlan = v.looseObject({
  expected: v.array(v.looseObject({ id: text, kind: text, matcher, multiplicity: v.unknown() })),
  policy: v.looseObject({
    errors: v.array(matcher),
    onCompensated: v.picklist(["Done", "Failed"]),
  }),
});
/** Most plans are the shared one, which needs no look. */
const plan = v.custom<object>((value) => value === MAIN_ONLY_PLAN || v.is(anyPlan, value));

/** One of a later version could not be opened, so it is not understood. */
const sealed = v.looseObject({
  version: v.literal(1),
  iv: text,
  ciphertext: text,
  secrets: names,
  retention: v.union([
    v.picklist(["keep", "deleteOnCompletion"]),
    v.looseObject({ afterMs: finite }),
  ]),
});

const SCHEMAS: { readonly [Type in FrameworkEventType]: v.GenericSchema } = {
  "job.JobCreated": v.looseObject({
    type: v.optional(text),
    definitionVersion: v.optional(finite),
    plan,
    sealed: v.optional(sealed),
    priority: finite,
    labels: v.record(text, text),
  }),
  "job.JobStarted": control,
  "job.JobSuspended": control,
  "job.JobResumed": v.looseObject({
    reason: v.optional(text),
    of: v.optional(v.literal("parked")),
  }),
  "job.JobWoken": control,
  "job.JobParked": v.looseObject({
    reason: v.picklist(["diverged", "noDefinition", "crashed"]),
    message: text,
    disagreesWith: v.optional(finite),
  }),
  "job.JobCancelled": v.looseObject({
    reason: v.optional(text),
    leftInPlace: v.optional(names),
  }),
  "job.JobRetried": v.looseObject({ newJobId: text }),
  "job.EventCorrelated": v.looseObject({
    eventId: text,
    eventType: text,
    attributes: v.looseObject({}),
  }),
  "job.TaskStarted": hasAttempt,
  "job.TaskWaiting": v.looseObject({ expectations: names }),
  "job.TaskCompleted": hasAttempt,
  "job.TaskFailed": attemptFailure,
  "job.TaskInterrupted": v.looseObject({ attempt, phase: v.picklist(["run", "compensation"]) }),
  "job.TaskProgressed": v.looseObject({ done: finite, total: v.optional(finite) }),
  "job.CompensationStarted": hasAttempt,
  "job.TaskCompensated": hasAttempt,
  "job.TaskCompensationFailed": attemptFailure,
  "job.CompensationEnded": v.looseObject({ compensated: names, failed: names }),
  "job.RecoveryRequired": v.looseObject({ tasks: names }),
  "job.InputRemoved": v.looseObject({ reason: text }),
  "journal.EventRefused": v.looseObject({
    eventId: text,
    eventType: text,
    attributes: v.looseObject({}),
  }),
  "job.PauseBegan": v.looseObject({ pauseId: text, reason: text }),
  "job.PauseEnded": v.looseObject({ pauseId: text }),
  "journal.SegmentOpened": v.looseObject({ formatVersion: v.number() }),
  "journal.Sealed": v.looseObject({ reason: text }),
  "journal.Recovered": v.looseObject({ segment: text, bytesQuarantined: v.number() }),
  "journal.Imported": v.looseObject({
    jobId: text,
    entries: v.number(),
    from: v.looseObject({ logId: v.number(), chain: text }),
  }),
  "journal.EntryQuoted": v.looseObject({
    eventId: text,
    stratum: v.picklist(STRATA),
    eventType: text,
    jobId: text,
    attributes: v.looseObject({}),
  }),
  "journal.Repaired": v.looseObject({ lostFrom: finite, lostEntries: finite, aside: text }),
};

/** What of an entry is looked at; a draft has it as well. */
type Checked = Pick<JobEventLogEntry, "stratum" | "eventType" | "attributes">;

/**
 * Why this version cannot understand an entry, or `undefined` when it can. Unknown
 * fields are allowed: a later version may say more, but not name new facts.
 */
export function refuseEntry(entry: Checked): string | undefined {
  if (entry.stratum !== "framework") return undefined;
  const schema = schemaOf(entry.eventType);
  if (schema === undefined) {
    return `event type ${entry.eventType} is not known: a newer version of Daybook wrote it`;
  }
  if (v.is(schema, entry.attributes)) return undefined;
  return `attributes of ${entry.eventType} have an unknown shape: another version wrote it`;
}

function schemaOf(eventType: string): v.GenericSchema | undefined {
  return Object.hasOwn(SCHEMAS, eventType) ? SCHEMAS[eventType as FrameworkEventType] : undefined;
}
