/**
 * Checks the shape of framework events, before they are recorded and when they are read back. Each
 * row of `FrameworkAttributes` has a check; a missing one does not compile.
 */

import * as v from "valibot";
import { type JobEventLogEntry, STRATA } from "../../core/event.ts";
import { MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import type { FrameworkEventType } from "../../core/framework_events.ts";
import { isEmptyObject } from "../../core/json.ts";

type Check = (attributes: Attributes) => boolean;
type Attributes = Readonly<Record<string, unknown>>;

/** Handwritten checks for the most common lines, at a tenth of the cost of a schema. */
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 1;
const hasAttempt: Check = ({ attempt }) => isCount(attempt);
const isStart: Check = ({ attempt, maxAttempts, timeoutMs }) =>
  isCount(attempt) && (maxAttempts === undefined || isCount(maxAttempts)) &&
  (timeoutMs === undefined || Number.isFinite(timeoutMs));
const areNames = (value: unknown) =>
  Array.isArray(value) && value.every((name) => typeof name === "string");
const isCompletion: Check = ({ attempt, reusedFrom, emitted, notAwaited }) =>
  isCount(attempt) && (reusedFrom === undefined || isCount(reusedFrom)) &&
  (emitted === undefined || areNames(emitted)) &&
  (notAwaited === undefined || areNames(notAwaited));
const isObject = (value: unknown) => typeof value === "object" && value !== null;
const isTime = (value: unknown) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const isCorrelation: Check = ({ eventId, eventType, occurredAt, taskId, attributes }) =>
  typeof eventId === "string" && typeof eventType === "string" &&
  (occurredAt === undefined || isTime(occurredAt)) &&
  (taskId === undefined || typeof taskId === "string") && isObject(attributes);
const isControl: Check = ({ reason }) => reason === undefined || typeof reason === "string";
const isIdempotency = (value: unknown) => {
  const { key, digest } = Object(value);
  return typeof key === "string" && typeof digest === "string";
};
const isCreation: Check = (attributes) => {
  const { type, definitionVersion, plan, sealed, key, rateKey, priority, labels } = attributes;
  const { startAt, retryOf, idempotency } = attributes;
  const isCommon = plan === MAIN_ONLY_PLAN && sealed === undefined && key === undefined &&
    rateKey === undefined && startAt === undefined && retryOf === undefined &&
    (idempotency === undefined || isIdempotency(idempotency)) &&
    typeof type === "string" &&
    isCount(definitionVersion) && Number.isSafeInteger(priority) && isEmptyObject(labels);
  return isCommon || v.is(creation, attributes);
};

const attempt = v.pipe(v.number(), v.integer(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());
const text = v.string();
const time = v.custom<string>(isTime);
const names = v.array(text);
const errorMembers = {
  message: text,
  code: v.optional(v.union([text, finite])),
  cause: v.optional(v.lazy(() => cause)),
  errors: v.optional(v.array(v.lazy(() => cause))),
};
const cause: v.GenericSchema = v.looseObject({ name: v.optional(text), ...errorMembers });
const error = v.looseObject({ name: text, stack: v.optional(text), ...errorMembers });
const openAttempt = v.looseObject({ jobId: text, taskId: text, attempt: v.optional(finite) });
const kind = v.picklist(["error", "poison", "deadLetter", "cancelled"]);
const failed = { attempt, maxAttempts: attempt, error, timedOutMs: v.optional(finite) };
const attemptFailure = v.union([
  v.looseObject({ ...failed, final: v.literal(true), kind, retryAt: v.optional(v.never()) }),
  v.looseObject({ ...failed, retryAt: time }),
]);
const matcher = v.looseObject({ eventType: text, correlation: v.unknown() });
const anyPlan = v.looseObject({
  expected: v.array(v.looseObject({ id: text, kind: text, matcher, multiplicity: v.unknown() })),
  policy: v.looseObject({
    errors: v.array(matcher),
    onCompensated: v.picklist(["Done", "Failed"]),
  }),
});
const plan = v.custom<object>((value) => value === MAIN_ONLY_PLAN || v.is(anyPlan, value));

/** The version must match: an envelope of a later version could not be opened. */
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

const creation = v.looseObject({
  type: v.optional(text),
  definitionVersion: v.optional(attempt),
  plan,
  sealed: v.optional(sealed),
  key: v.optional(text),
  rateKey: v.optional(text),
  priority: v.pipe(v.number(), v.safeInteger()),
  labels: v.record(text, text),
  startAt: v.optional(time),
  retryOf: v.optional(text),
  idempotency: v.optional(v.looseObject({ key: text, digest: text })),
});

const limits = v.looseObject({
  maxRunning: v.optional(finite),
  perKey: v.optional(finite),
  rate: v.optional(v.looseObject({ count: finite, perMs: finite })),
});

const CHECKS: { readonly [Type in FrameworkEventType]: Check } = {
  "job.JobCreated": isCreation,
  "job.JobStarted": isControl,
  "job.JobSuspended": isControl,
  "job.JobResumed": like(v.looseObject({
    reason: v.optional(text),
    of: v.optional(v.literal("parked")),
  })),
  "job.JobWoken": isControl,
  "job.JobParked": like(v.looseObject({
    reason: v.picklist(["diverged", "noDefinition", "crashed"]),
    message: text,
    disagreesWith: v.optional(finite),
  })),
  "job.JobCancelled": like(v.looseObject({
    reason: v.optional(text),
    leftInPlace: v.optional(names),
  })),
  "job.JobRetried": like(v.looseObject({ newJobId: text })),
  "job.EventCorrelated": isCorrelation,
  "job.TaskStarted": isStart,
  "job.TaskWaiting": like(v.looseObject({ expectations: names, seen: v.optional(finite) })),
  "job.TimerSet": like(v.looseObject({
    dueAt: time,
    expectation: v.optional(text),
    wait: v.optional(finite),
    withinMs: v.optional(finite),
  })),
  "job.DeadlinePassed": like(v.looseObject({
    expectation: text,
    wait: v.optional(finite),
    reusedFrom: v.optional(finite),
    withinMs: v.optional(finite),
  })),
  "job.TimerElapsed": like(v.looseObject({ reusedFrom: v.optional(finite) })),
  "job.TaskCompleted": isCompletion,
  "job.TaskFailed": like(attemptFailure),
  "job.TaskInterrupted": like(
    v.looseObject({
      attempt,
      phase: v.picklist(["run", "compensation"]),
      reason: v.picklist(["crash", "takeover", "shutdown", "cancelled", "withdrawn", "paused"]),
    }),
  ),
  "job.TaskProgressed": like(v.looseObject({
    done: finite,
    total: v.optional(finite),
    note: v.optional(text),
  })),
  "job.CompensationStarted": isStart,
  "job.TaskCompensated": hasAttempt,
  "job.TaskCompensationFailed": like(attemptFailure),
  "job.CompensationEnded": like(v.looseObject({ compensated: names, failed: names })),
  "job.RecoveryRequired": like(v.looseObject({ tasks: names })),
  "job.InputRemoved": like(v.looseObject({ reason: text })),
  "journal.EventRefused": like(v.looseObject({
    eventId: text,
    eventType: text,
    stratum: v.optional(v.literal("coordination")),
    attributes: v.looseObject({}),
    reason: v.optional(v.literal("unknownJob")),
  })),
  "job.PauseBegan": like(v.looseObject({
    pauseId: text,
    reason: text,
    type: v.optional(text),
    label: v.optional(v.pipe(text, v.includes(":"))),
    key: v.optional(text),
    until: v.optional(text),
    failures: v.optional(v.array(finite)),
  })),
  "job.PauseEnded": like(v.looseObject({ pauseId: text, elapsed: v.optional(v.literal(true)) })),
  "job.LimitsChanged": like(v.looseObject({ type: text, limits, reason: text })),
  "job.LimitsRestored": like(v.looseObject({ type: text, reason: v.optional(text) })),
  "journal.SegmentOpened": like(v.looseObject({ formatVersion: v.number() })),
  "journal.Sealed": like(v.looseObject({ reason: text })),
  "journal.Recovered": like(v.looseObject({
    segment: text,
    bytesQuarantined: v.number(),
    ended: v.optional(v.variant("reason", [
      v.looseObject({
        reason: v.literal("blocked"),
        blockedMs: finite,
        open: v.array(openAttempt),
        last: v.optional(openAttempt),
      }),
      v.looseObject({
        reason: v.literal("exited"),
        exitCode: finite,
        attempt: v.optional(openAttempt),
      }),
    ])),
  })),
  "journal.WriterOpened": like(v.looseObject({ writer: text, url: text })),
  "journal.LoopBlocked": like(v.looseObject({ blockedMs: finite, open: v.array(openAttempt) })),
  "journal.ClockSet": like(v.looseObject({ setMs: finite })),
  "journal.ErrorUncaught": like(v.looseObject({
    kind: v.picklist(["rejection", "callback", "reported"]),
    error,
    attempt: v.optional(openAttempt),
    open: v.optional(v.array(openAttempt)),
    more: v.optional(finite),
  })),
  "journal.Imported": like(v.looseObject({
    jobId: text,
    entries: v.number(),
    from: v.looseObject({ logId: v.number(), chain: text }),
  })),
  "journal.EntryQuoted": like(v.looseObject({
    eventId: text,
    stratum: v.picklist(STRATA),
    eventType: text,
    jobId: text,
    attributes: v.looseObject({}),
  })),
  "journal.Repaired": like(v.looseObject({ lostFrom: finite, lostEntries: finite, aside: text })),
};

/** A map, since V8 looks up one of many properties more slowly. */
const CHECK_OF: ReadonlyMap<string, Check> = new Map(Object.entries(CHECKS));

/** The members of an entry that are checked; a draft has them as well. */
type Checked = Pick<JobEventLogEntry, "stratum" | "eventType" | "attributes">;

/**
 * Why this version cannot read an entry; `undefined` when it can. Fields that a later version added
 * are allowed; its new event types are not.
 */
export function refuseEntry(entry: Checked): string | undefined {
  if (entry.stratum !== "framework") return undefined;
  const check = CHECK_OF.get(entry.eventType);
  if (check === undefined) {
    return `event type ${entry.eventType} is not known: a newer version of Daybook wrote it`;
  }
  if (check(entry.attributes as unknown as Attributes)) return undefined;
  return `attributes of ${entry.eventType} have an unknown shape: another version wrote it`;
}

/** @throws {TypeError} when the next start would refuse to read the entry: a bug. */
export function requireReadable(draft: Checked): void {
  const reason = refuseEntry(draft);
  if (reason !== undefined) throw new TypeError(`Cannot record ${draft.eventType}: ${reason}`);
}

function like(schema: v.GenericSchema): Check {
  return (attributes) => v.is(schema, attributes);
}
