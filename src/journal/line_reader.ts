/** Reads lines back, and says what is wrong with one that is not as it was written. */

import { parseJsonText } from "../core/json_text.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { StampedEvent } from "../engine/ports.ts";
import { CHAIN_FIELD_BYTES, CHAIN_KEY, CRC_SUFFIX_BYTES, toEntry } from "./line_codec.ts";
import type { LineText } from "./line_bytes.ts";
import { wholeAttributes } from "./line_defaults.ts";

// Reads a line that is just as Daybook writes them with one regular expression: only the
// attributes go through a parser of JSON, in two thirds of the time. Of any other line it says
// nothing, and the whole line has to be parsed; what both can read is the same.

/** Text in which nothing is escaped, or would have to be. */
const TEXT = '"([^"\\\\\\x00-\\x1f]*)"';
/** A number with no more digits than are exact. */
const NUMBER = "(0|[1-9]\\d{0,14})";

/** Up to the attributes, which are an object. */
const FIELDS = new RegExp(
  `\\{"logId":${NUMBER},"batch":\\d+,"receivedAt":${TEXT},` +
    `"stratum":"(framework|domain|coordination)","eventId":${TEXT},"eventType":${TEXT},` +
    `(?:"occurredAt":${TEXT},)?(?:"jobId":${TEXT},)?(?:"taskId":${TEXT},)?` +
    `(?:"executionId":${TEXT},)?(?:"traceId":${TEXT},)?(?:"spanId":${TEXT},)?` +
    `(?:"actor":${TEXT},)?(?:"causedBy":${NUMBER},)?"attributes":(?=\\{)`,
  "y",
);

/**
 * The entry of a line that ends after its attributes; `undefined` when it is not as Daybook writes
 * them.
 *
 * @param batch How the line has to name its batch, comma included.
 */
export function entryInFields(
  { text, start, end }: { readonly text: string; readonly start: number; readonly end: number },
  logId: LogId,
  batch: string,
): JobEventLogEntry | undefined {
  FIELDS.lastIndex = start;
  const found = FIELDS.exec(text);
  if (found === null || Number(found[1]) !== logId) return undefined;
  if (!hasAt(text, batch, text.indexOf(",", start) + 1)) return undefined;
  const written = objectIn(text.slice(FIELDS.lastIndex, end));
  if (written === undefined) return undefined;
  const eventType = typeOf(found[5] ?? "");
  const receivedAt = timeOf(found[2] ?? "");
  const entry: Record<string, unknown> = {
    logId,
    receivedAt,
    stratum: found[3],
    eventId: found[4],
    eventType,
    occurredAt: found[6] === undefined ? receivedAt : own(found[6]),
  };
  // States keep these.
  const ofJob = eventType === "job.JobCreated" ? own : same;
  if (found[7] !== undefined) entry["jobId"] = ofJob(found[7]);
  if (found[8] !== undefined) entry["taskId"] = own(found[8]);
  if (found[9] !== undefined) entry["executionId"] = found[9];
  if (found[10] !== undefined) entry["traceId"] = ofJob(found[10]);
  if (found[11] !== undefined) entry["spanId"] = ofJob(found[11]);
  if (found[12] !== undefined) entry["actor"] = own(found[12]);
  if (found[13] !== undefined) entry["causedBy"] = Number(found[13]);
  entry["attributes"] = wholeAttributes(eventType, written);
  return entry as unknown as JobEventLogEntry;
}

/** As `startsWith`, but quicker for short parts at many places of a long text. */
function hasAt(text: string, part: string, offset: number): boolean {
  for (let index = 0; index < part.length; index++) {
    if (text.charCodeAt(offset + index) !== part.charCodeAt(index)) return false;
  }
  return true;
}

function objectIn(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parseJsonText(json) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** V8 copies a part of a longer text when it is shorter than this. */
const PART_LENGTH_MIN = 13;

/** A part of a text, as a text of its own: it would keep all of the longer one in memory. */
function own(part: string): string {
  return part.length < PART_LENGTH_MIN ? part : JSON.parse(`"${part}"`) as string;
}

function same(part: string): string {
  return part;
}

/** Types are few; one text for each is compared quickest. */
const TYPES_MAX = 1_024;
const types = new Map<string, string>();

function typeOf(part: string): string {
  const known = types.get(part);
  if (known !== undefined) return known;
  const type = own(part);
  if (types.size < TYPES_MAX) types.set(type, type);
  return type;
}

/** Nearly all lines of a batch have the same. */
let lastTime = "";

function timeOf(part: string): string {
  return part === lastTime ? lastTime : lastTime = own(part);
}

/** How a line names its batch, after its position. */
export function batchField(batch: LogId): string {
  return `"batch":${batch},`;
}

/**
 * The entry of a line whose `crc` holds, or what is wrong with the line. Its ids are parts of the
 * text, and keep all of that in memory: it is for those who look at an entry and let it go.
 */
export function entryIn(
  line: LineText,
  logId: LogId,
  field: string,
  commit: boolean,
): JobEventLogEntry | string {
  const body = bodyOf(line, commit);
  if (typeof body === "string") return body;
  return entryInFields(body, logId, field) ?? parsedEntry(body, logId, field);
}

/** The same, for those who keep it: nothing of it is a part of the text. */
export function keptEntryIn(
  line: LineText,
  logId: LogId,
  field: string,
  commit: boolean,
): JobEventLogEntry | string {
  const body = bodyOf(line, commit);
  return typeof body === "string" ? body : parsedEntry(body, logId, field);
}

function bodyOf({ text, start, end }: LineText, commit: boolean): LineText | string {
  const bodyEnd = end - CRC_SUFFIX_BYTES - (commit ? CHAIN_FIELD_BYTES : 0);
  if (commit && !hasAt(text, CHAIN_KEY, bodyEnd)) return "attributes is not an object";
  return { text, start, end: bodyEnd };
}

/** The same, of any text that is JSON; `end` is after its attributes. */
export function parsedEntry(
  { text, start, end }: LineText,
  logId: LogId,
  field: string,
): JobEventLogEntry | string {
  const fieldStart = text.indexOf(",", start) + 1;
  if (!hasAt(text, field, fieldStart)) return `the line should have ${field}`;
  // Without `batch`, `chain` and `crc`, which are not part of the entry.
  const json = text.slice(start, fieldStart) + text.slice(fieldStart + field.length, end) + "}";
  return parsed(json, logId);
}

/** What is wrong with the position and batch of a line whose `crc` holds. */
export function positionFlaw(
  { text, start }: LineText,
  logId: LogId,
  field: string,
): string | undefined {
  const expected = `{"logId":${logId},${field}`;
  return hasAt(text, expected, start) ? undefined : `the line should begin ${expected}`;
}

/**
 * Lines of one batch share this text, and states keep it: so it is one string, as it was
 * when they were written, and not a copy for every line.
 */
let lastReceivedAt: unknown = "";

function parsed(json: string, logId: LogId): JobEventLogEntry | string {
  let value: unknown;
  try {
    value = parseJsonText(json);
  } catch {
    return "the line is not JSON";
  }
  const entry = value as Record<string, unknown>;
  if (entry["logId"] !== logId) return `the line is of logId ${entry["logId"]}`;
  if (entry["receivedAt"] === lastReceivedAt) entry["receivedAt"] = lastReceivedAt;
  else lastReceivedAt = entry["receivedAt"];
  return shapeFlaw(entry) ?? wholeEntry(logId, entry as unknown as WrittenEntry);
}

/** An entry as its line has it. */
type WrittenEntry = Omit<JobEventLogEntry, "occurredAt" | "attributes"> & {
  readonly occurredAt?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
};

function wholeEntry(logId: LogId, written: WrittenEntry): JobEventLogEntry {
  const { receivedAt, occurredAt = receivedAt, eventType, attributes } = written;
  const whole = { ...written, occurredAt, attributes: wholeAttributes(eventType, attributes) };
  return toEntry(logId, whole as StampedEvent, written.causedBy);
}

function shapeFlaw(entry: Record<string, unknown>): string | undefined {
  const { receivedAt, stratum, eventId, eventType, attributes } = entry;
  if (typeof receivedAt !== "string") return "receivedAt is not text";
  if (typeof eventId !== "string") return "eventId is not text";
  if (typeof eventType !== "string") return "eventType is not text";
  if (stratum !== "framework" && stratum !== "domain" && stratum !== "coordination") {
    return "stratum is none of framework, domain, coordination";
  }
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    return "attributes is not an object";
  }
  return referenceFlaw(entry);
}

const REQUIRED_KEYS = 6;

function referenceFlaw(entry: Record<string, unknown>): string | undefined {
  const { occurredAt, jobId, taskId, executionId, traceId, spanId, actor, causedBy } = entry;
  if (!isAbsentOrText(occurredAt)) return "occurredAt is not text";
  if (!isAbsentOrText(jobId)) return "jobId is not text";
  if (!isAbsentOrText(taskId)) return "taskId is not text";
  if (!isAbsentOrText(executionId)) return "executionId is not text";
  if (!isAbsentOrText(traceId)) return "traceId is not text";
  if (!isAbsentOrText(spanId)) return "spanId is not text";
  if (!isAbsentOrText(actor)) return "actor is not text";
  if (causedBy !== undefined && typeof causedBy !== "number") return "causedBy is not a number";
  const keys = REQUIRED_KEYS + one(occurredAt) + one(jobId) + one(taskId) + one(executionId) +
    one(traceId) +
    one(spanId) + one(actor) + one(causedBy);
  return Object.keys(entry).length === keys ? undefined : "the line has an unknown field";
}

function one(value: unknown): number {
  return value === undefined ? 0 : 1;
}

function isAbsentOrText(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}
