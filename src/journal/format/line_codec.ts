/**
 * Encodes a line of the journal. The format is a public API, described in `journal/README.md`:
 *
 *     {"logId":41,"batch":41,"receivedAt":...,"attributes":{...},"crc":"9f1c22ab"}
 *
 * Key order is fixed, absent fields are omitted, `crc` is last, and the last line of a batch has
 * `chain` before `crc`.
 */

import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import {
  type Cause,
  type EventDraft,
  isAttemptStart,
  type JobEventLogEntry,
  type Stratum,
} from "../../core/event.ts";
import type { FrameworkAttributes, JobCreatedAttributes } from "../../core/framework_events.ts";
import {
  type EventId,
  type ExecutionId,
  executionOfStart,
  type LogId,
  MAIN_TASK,
} from "../../core/ids.ts";
import { MAIN_ONLY_PLAN, sharedPlan } from "../../core/job_plan.ts";
import { isEmptyObject } from "../../core/json.ts";
import type { StampedEvent } from "./stamped_event.ts";

/** The format version that is written, recorded in `journal.SegmentOpened`. */
export const FORMAT_VERSION = 2;
/** The oldest format version that is read. It stays readable in all later versions. */
export const FIRST_FORMAT_VERSION = 1;

export const CRC_KEY = ',"crc":"';
export const CHAIN_KEY = ',"chain":"';
/** Characters of a chain: SHA-256 in base64url without padding. */
export const CHAIN_LENGTH = 43;
const CRC_DIGITS = 8;
/** Bytes from `,"crc":"` to the closing brace. */
export const CRC_SUFFIX_BYTES = CRC_KEY.length + CRC_DIGITS + '"}'.length;
/** Bytes from `,"chain":"` to the closing quotation mark. */
export const CHAIN_FIELD_BYTES = CHAIN_KEY.length + CHAIN_LENGTH + '"'.length;

/** The field that names the batch of a line, after its position. */
export function batchField(batch: LogId): string {
  return `"batch":${batch},`;
}

/** The beginning of a line. Readers rely on these exact bytes. */
export function linePrefix(logId: LogId, batch: LogId): string {
  return `{"logId":${logId},${batchField(batch)}`;
}

/**
 * A line up to its last attribute, without `chain`, `crc` and the closing brace. Ids and event
 * types are validated and need no escaping; text that a client chooses freely is escaped.
 *
 * @param attributes JSON.
 */
export function lineBody(
  batch: LogId,
  logId: LogId,
  event: StampedEvent,
  causedBy: LogId | undefined,
  attributes: string,
): string {
  const { receivedAt, occurredAt, eventId, eventType, jobId, taskId } = event;
  const executionId = writtenExecution(event);
  // V8 keeps an object for each part that is joined, until the batch is written.
  return `{"logId":${logId}${sharedFields(batch, event)}${eventId}","eventType":"${eventType}` +
    (occurredAt === receivedAt ? "" : `","occurredAt":${JSON.stringify(occurredAt).slice(0, -1)}`) +
    (jobId === undefined ? "" : `","jobId":"${jobId}`) +
    (taskId === undefined ? "" : `","taskId":"${taskId}`) +
    (executionId === undefined ? "" : `","executionId":"${executionId}`) +
    otherFields(event, causedBy) + attributes;
}

/** From the quotation mark after the last id to the key of the attributes; few lines have more. */
function otherFields(
  { traceId, spanId, actor }: StampedEvent,
  causedBy: LogId | undefined,
): string {
  const none = traceId === undefined && spanId === undefined && actor === undefined &&
    causedBy === undefined;
  if (none) return '","attributes":';
  return '"' +
    (traceId === undefined ? "" : `,"traceId":${JSON.stringify(traceId)}`) +
    (spanId === undefined ? "" : `,"spanId":${JSON.stringify(spanId)}`) +
    (actor === undefined ? "" : `,"actor":${JSON.stringify(actor)}`) +
    (causedBy === undefined ? "" : `,"causedBy":${causedBy}`) +
    ',"attributes":';
}

const shared = { batch: -1, receivedAt: "", stratum: "", text: "" };

/**
 * What neighbouring lines share, kept from the last line: of what it takes to create a line, a third
 * is joining these fields.
 */
function sharedFields(batch: LogId, { receivedAt, stratum }: StampedEvent): string {
  const { text } = shared;
  if (batch === shared.batch && receivedAt === shared.receivedAt && stratum === shared.stratum) {
    return text;
  }
  Object.assign(shared, { batch, receivedAt, stratum });
  return shared.text = `,${joinShared(batch, receivedAt, stratum)}`;
}

/** From the batch to the opening quotation mark of the event id. */
export function joinShared(batch: LogId, receivedAt: string, stratum: Stratum): string {
  return `${batchField(batch)}"receivedAt":"${receivedAt}","stratum":"${stratum}","eventId":"`;
}

/** The event as an entry. Entries that are read back are created the same way. */
export function toEntry(
  logId: LogId,
  event: StampedEvent,
  causedBy: LogId | undefined,
): JobEventLogEntry {
  const { receivedAt, stratum, eventId, eventType, occurredAt, attributes } = event;
  const { jobId, taskId, executionId, traceId, spanId, actor } = event;
  const isCommon = jobId !== undefined && causedBy === undefined && actor === undefined &&
    traceId === undefined && spanId === undefined &&
    (executionId === undefined || taskId !== undefined);
  if (isCommon) return commonEntry(logId, event);
  const entry: Record<string, unknown> = {
    logId,
    receivedAt,
    stratum,
    eventId,
    eventType,
    occurredAt,
  };
  if (jobId !== undefined) entry["jobId"] = jobId;
  if (taskId !== undefined) entry["taskId"] = taskId;
  if (executionId !== undefined) entry["executionId"] = executionId;
  if (traceId !== undefined) entry["traceId"] = traceId;
  if (spanId !== undefined) entry["spanId"] = spanId;
  if (actor !== undefined) entry["actor"] = actor;
  if (causedBy !== undefined) entry["causedBy"] = causedBy;
  entry["attributes"] = attributes;
  return entry as unknown as JobEventLogEntry;
}

/**
 * Most entries of jobs, each with all its members from the start: V8 would keep those that are added
 * later in an object of their own.
 */
function commonEntry(logId: LogId, event: StampedEvent): JobEventLogEntry {
  const { receivedAt, stratum, eventId, eventType, occurredAt, attributes } = event;
  const { jobId, taskId, executionId } = event;
  const entry = taskId === undefined
    ? { logId, receivedAt, stratum, eventId, eventType, occurredAt, jobId, attributes }
    : executionId === undefined
    ? { logId, receivedAt, stratum, eventId, eventType, occurredAt, jobId, taskId, attributes }
    : {
      logId,
      receivedAt,
      stratum,
      eventId,
      eventType,
      occurredAt,
      jobId,
      taskId,
      executionId,
      attributes,
    };
  return entry as unknown as JobEventLogEntry;
}

/**
 * The position that a cause refers to.
 *
 * @throws {RangeError} when the cause names a draft that the group does not have.
 */
export function resolveCause(
  cause: Cause | undefined,
  groupFirst: LogId,
  groupLength: number,
): LogId | undefined {
  if (typeof cause !== "object") return cause;
  if (!Number.isInteger(cause.draft) || cause.draft < 0 || cause.draft >= groupLength) {
    throw new RangeError(
      `Cannot append: causedBy names draft ${cause.draft} of a group of ${groupLength}`,
    );
  }
  return groupFirst + cause.draft;
}

/** The end of a line after its body or chain, before `writeCrc`. */
export const LINE_END = `${CRC_KEY}${"0".repeat(CRC_DIGITS)}"}\n`;
const DIGITS = new TextEncoder().encode("0123456789abcdef");

/** Writes the CRC-32 of a line, from everything before its `crc`. The line ends with `LINE_END`. */
export function writeCrc(bytes: Uint8Array, lineStart: number, lineEnd: number): void {
  const crcAt = lineEnd - LINE_END.length;
  let crc = crc32(bytes.subarray(lineStart, crcAt));
  const digitsAt = crcAt + CRC_KEY.length;
  for (let digit = CRC_DIGITS - 1; digit >= 0; digit--) {
    bytes[digitsAt + digit] = DIGITS[crc & 15] as number;
    crc >>>= 4;
  }
}

/** The field between the body and the crc of the last line of a batch. */
export function chainField(chain: string): string {
  return `${CHAIN_KEY}${chain}"`;
}

/** The chain of a batch, from the chain before it and the bytes that it covers. */
export function chainAfter(previousChain: string, bytes: Uint8Array): string {
  return chainHash(previousChain).update(bytes).digest("base64url");
}

/** Makes the chain of a batch from the bytes that it covers. */
export function chainHash(previousChain: string): Hash {
  const hash = createHash("sha256");
  return previousChain === "" ? hash : hash.update(previousChain);
}

// Lines of version 2 omit what nearly every job has: the time of an event that occurred when it was
// received, the plan that only awaits `main`, priority 0, no labels, three attempts of a step, and
// the `executionId` of an attempt, which is the id of the entry that starts it. These defaults are
// constants of the format. Lines of version 1 omit none of them, so readers need not know the version
// of a segment: an absent field always has its default.

/** The default `maxAttempts` of a step. `main` is not retried and has none. */
const STEP_ATTEMPTS = 3;

/** The attributes to write to a line as JSON, where `undefined` stands for a default. */
export function writtenAttributes({ eventType, taskId, attributes }: EventDraft): object {
  if (isStepStart(eventType, taskId)) {
    const { maxAttempts } = attributes as FrameworkAttributes["job.TaskStarted"];
    return maxAttempts === STEP_ATTEMPTS ? { ...attributes, maxAttempts: undefined } : attributes;
  }
  if (eventType !== "job.JobCreated") return attributes;
  const { plan, priority, labels } = attributes as JobCreatedAttributes;
  return {
    ...attributes,
    plan: sharedPlan(plan) === MAIN_ONLY_PLAN ? undefined : plan,
    priority: priority === 0 ? undefined : priority,
    labels: isEmptyObject(labels) ? undefined : labels,
  };
}

/** The `executionId` to write to a line, where `undefined` stands for the default. */
function writtenExecution(
  { eventType, eventId, executionId }: StampedEvent,
): ExecutionId | undefined {
  if (executionId === undefined || !isAttemptStart(eventType)) return executionId;
  return executionId === executionOfStart(eventId) ? undefined : executionId;
}

/** The `executionId` of an entry whose line has none. */
export function defaultExecution(eventType: string, eventId: EventId): ExecutionId | undefined {
  return isAttemptStart(eventType) ? executionOfStart(eventId) : undefined;
}

function wholeStart(written: Readonly<Record<string, unknown>>) {
  if ("maxAttempts" in written) return written;
  const { attempt } = written;
  return { ...attempt === undefined ? {} : { attempt }, maxAttempts: STEP_ATTEMPTS, ...written };
}

/** Whether it starts an attempt of a step, not a call of `run`. */
export function isStepStart(eventType: string, taskId: string | undefined): boolean {
  return eventType === "job.TaskStarted" && taskId !== MAIN_TASK;
}

/** The attributes of an entry, with the defaults that its line omits. */
export function wholeAttributes(
  eventType: string,
  taskId: string | undefined,
  written: Readonly<Record<string, unknown>>,
): JobEventLogEntry["attributes"] {
  if (isStepStart(eventType, taskId)) return wholeStart(written) as JobEventLogEntry["attributes"];
  const isWhole = eventType !== "job.JobCreated" ||
    "plan" in written && "priority" in written && "labels" in written;
  if (isWhole) return written as JobEventLogEntry["attributes"];
  // In the order that every creation has, so that omitted ones return to their place.
  const { type, definitionVersion, plan = MAIN_ONLY_PLAN, input, priority = 0, labels = {} } =
    written;
  const whole: Record<string, unknown> = {};
  if (type !== undefined) whole["type"] = type;
  if (definitionVersion !== undefined) whole["definitionVersion"] = definitionVersion;
  whole["plan"] = plan;
  if (input !== undefined) whole["input"] = input;
  whole["priority"] = priority;
  whole["labels"] = labels;
  return Object.assign(whole, written) as unknown as JobEventLogEntry["attributes"];
}
