/**
 * Reads a line that is just as Daybook writes them with one regular expression: only the
 * attributes go through a parser of JSON, in two thirds of the time. Of any other line it says
 * nothing, and the whole line has to be parsed; what both can read is the same.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { parseJsonText } from "../core/json_text.ts";
import { wholeAttributes } from "./line_defaults.ts";

/** Text in which nothing is escaped, or would have to be. */
const TEXT = '"([^"\\\\\\x00-\\x1f]*)"';
/** One that is exact as a number. */
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
export function hasAt(text: string, part: string, offset: number): boolean {
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
