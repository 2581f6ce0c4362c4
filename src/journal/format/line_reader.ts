/** Parses lines, and describes what is wrong with a damaged one. */

import { parseJsonText } from "../../core/json_text.ts";
import { type JobEventLogEntry, STRATA } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import {
  batchField,
  CHAIN_FIELD_BYTES,
  CHAIN_KEY,
  CRC_SUFFIX_BYTES,
  defaultExecution,
  linePrefix,
  toEntry,
  wholeAttributes,
} from "./line_codec.ts";
import type { LineBytes, LineText } from "./line_bytes.ts";
import { entryInFields } from "./line_fields.ts";
import type { StampedEvent } from "./stamped_event.ts";

/**
 * The entry of a line whose `crc` matches, or what is wrong with the line. Its ids are substrings
 * that keep the whole text in memory: a caller that keeps the entry passes a text with only this
 * line.
 */
export function entryIn(
  line: LineBytes,
  logId: LogId,
  batch: LogId,
  commit: boolean,
): JobEventLogEntry | string {
  const { text, bytes, start, byteStart } = line;
  const suffix = suffixOf(line, commit);
  if (suffix === undefined) return NO_ATTRIBUTES;
  const [end, byteEnd] = [line.end - suffix, line.byteEnd - suffix];
  const body = { text, start, end, bytes, byteStart, byteEnd };
  return entryInFields(body, logId, batch) ?? parsedEntry(body, logId, batch);
}

/** A longer text is not kept for the sake of an id. */
const KEPT_LENGTH_MAX = 2_000;

/** The same for callers that keep the entry, given a text with only this line. */
export function keptEntryIn(
  line: LineBytes,
  logId: LogId,
  batch: LogId,
  commit: boolean,
): JobEventLogEntry | string {
  if (line.text.length <= KEPT_LENGTH_MAX) return entryIn(line, logId, batch, commit);
  const suffix = suffixOf(line, commit);
  if (suffix === undefined) return NO_ATTRIBUTES;
  return parsedEntry({ ...line, end: line.end - suffix }, logId, batch);
}

const NO_ATTRIBUTES = "attributes is not an object";

/** Like `startsWith`, but faster for short parts of a long text. */
function hasAt(text: string, part: string, offset: number): boolean {
  for (let index = 0; index < part.length; index++) {
    if (text.charCodeAt(offset + index) !== part.charCodeAt(index)) return false;
  }
  return true;
}

/** The length of the fields after the attributes; `undefined` if they are not as expected. */
function suffixOf({ text, end }: LineText, commit: boolean): number | undefined {
  if (!commit) return CRC_SUFFIX_BYTES;
  const suffix = CRC_SUFFIX_BYTES + CHAIN_FIELD_BYTES;
  return hasAt(text, CHAIN_KEY, end - suffix) ? suffix : undefined;
}

/** The entry of a line in any valid JSON layout; `end` is after its attributes. */
export function parsedEntry(
  { text, start, end }: LineText,
  logId: LogId,
  batch: LogId,
): JobEventLogEntry | string {
  const field = batchField(batch);
  const fieldStart = text.indexOf(",", start) + 1;
  if (!hasAt(text, field, fieldStart)) return `the line should have ${field}`;
  // Omits `batch`, `chain` and `crc`, which are not part of the entry.
  const json = text.slice(start, fieldStart) + text.slice(fieldStart + field.length, end) + "}";
  return parsed(json, logId);
}

/** What is wrong with the position and batch of a line whose `crc` matches. */
export function positionFlaw(
  { text, start }: LineText,
  logId: LogId,
  batch: LogId,
): string | undefined {
  const expected = linePrefix(logId, batch);
  return hasAt(text, expected, start) ? undefined : `the line should begin ${expected}`;
}

/**
 * Lines of a batch share this time, and states keep it, so it is stored as one string instead of
 * one copy per line.
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
  if (entry["logId"] !== logId) return `the line has logId ${entry["logId"]}`;
  if (entry["receivedAt"] === lastReceivedAt) entry["receivedAt"] = lastReceivedAt;
  else lastReceivedAt = entry["receivedAt"];
  return shapeFlaw(entry) ?? wholeEntry(logId, entry as unknown as WrittenEntry);
}

/** An entry as written to its line, without defaults. */
type WrittenEntry = Omit<JobEventLogEntry, "occurredAt" | "attributes"> & {
  readonly occurredAt?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
};

function wholeEntry(logId: LogId, written: WrittenEntry): JobEventLogEntry {
  const { receivedAt, occurredAt = receivedAt, eventType, eventId, taskId, attributes } = written;
  const whole = {
    ...written,
    occurredAt,
    executionId: written.executionId ?? defaultExecution(eventType, eventId),
    attributes: wholeAttributes(eventType, taskId, attributes),
  };
  return toEntry(logId, whole as StampedEvent, written.causedBy);
}

const TEXTS = ["receivedAt", "eventId", "eventType"];
const OPTIONAL_TEXTS = [
  "occurredAt",
  "jobId",
  "taskId",
  "executionId",
  "traceId",
  "spanId",
  "actor",
];
/** Streams and lines have these without escapes. */
const PLAIN_TEXTS = ["receivedAt", "eventId", "eventType", "jobId", "taskId", "executionId"];
// deno-lint-ignore no-control-regex -- JSON escapes these.
const ESCAPED = /["\\\u0000-\u001f]/;
const FIELDS = new Set([
  ...["logId", "stratum", "causedBy", "attributes"],
  ...TEXTS,
  ...OPTIONAL_TEXTS,
]);

function shapeFlaw(entry: Record<string, unknown>): string | undefined {
  const isText = (name: string) => typeof entry[name] === "string";
  const other = TEXTS.find((name) => !isText(name)) ??
    OPTIONAL_TEXTS.find((name) => entry[name] !== undefined && !isText(name));
  if (other !== undefined) return `${other} is not text`;
  const escaped = PLAIN_TEXTS.find((name) => ESCAPED.test(String(entry[name])));
  if (escaped !== undefined) return `${escaped} holds what must be escaped`;
  const { stratum, attributes, causedBy } = entry;
  if (!(STRATA as readonly unknown[]).includes(stratum)) {
    return `stratum is not ${STRATA.slice(0, -1).join(", ")} or ${STRATA.at(-1)}`;
  }
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    return NO_ATTRIBUTES;
  }
  if (causedBy !== undefined && typeof causedBy !== "number") return "causedBy is not a number";
  const isKnown = Object.keys(entry).every((name) => FIELDS.has(name));
  return isKnown ? undefined : "the line has an unknown field";
}
