/**
 * Reads a line that is just as Daybook writes them, field by field: only the attributes go through
 * a parser of JSON. Of any other line it says nothing, and the whole line has to be parsed; what
 * both can read is the same. Fields are compared as bytes, which is quicker than as text, and what
 * many lines have in common is made once.
 */

import { type JobEventLogEntry, STRATA, type Stratum } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { parseJsonText } from "../core/json_text.ts";
import type { LineBytes } from "./line_bytes.ts";
import { wholeAttributes } from "./line_defaults.ts";

const [SPACE, QUOTE, COMMA, ZERO, NINE, BACKSLASH] = [0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c];
const [CONTINUED, LEADING, LEADING_FOUR] = [0x80, 0xc0, 0xf0];
const OPENING = 0x7b;
/** More are not exact. */
const DIGITS_MAX = 15;

/** What was read lately, by the bytes that it was read from. */
class Known<Value> {
  readonly #bytes: Uint8Array[] = [];
  readonly #values: Value[] = [];

  at(bytes: Uint8Array, start: number, end: number): Value | undefined {
    const slot = slotFor(bytes, start, end);
    const known = this.#bytes[slot];
    if (known?.length !== end - start || !isAt(bytes, start, known)) return undefined;
    return this.#values[slot];
  }

  note(bytes: Uint8Array, start: number, end: number, value: Value): Value {
    const slot = slotFor(bytes, start, end);
    this.#bytes[slot] = new Uint8Array(bytes.subarray(start, end));
    return this.#values[slot] = value;
  }
}

const SLOTS = 256;

/** Types differ in the middle, tasks at the end. */
function slotFor(bytes: Uint8Array, start: number, end: number): number {
  const [middle, last, before] = [bytes[start + end >> 1], bytes[end - 1], bytes[end - 2]];
  const sum = 31 * (end - start) + 61 * (middle ?? 0) + 7 * (last ?? 0) + 3 * (before ?? 0);
  return sum % SLOTS;
}

function isAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[at + index] !== part[index]) return false;
  }
  return true;
}

/** V8 copies a part of a longer text when it is shorter than this. */
const PART_LENGTH_MIN = 13;

/** A part of a text, as a text of its own: it would keep all of the longer one in memory. */
function own(part: string): string {
  return part.length < PART_LENGTH_MIN ? part : JSON.parse(`"${part}"`) as string;
}

/** Walks over the fields of a line. */
class Fields {
  bytes = new Uint8Array();
  text = "";
  /** The next field. */
  at = 0;
  /** From offsets of bytes to those of text. */
  shift = 0;
  /** The last text that was passed, without its quotation marks, as offsets of bytes. */
  start = 0;
  end = 0;
  /** Where it begins in the text. */
  #textStart = 0;

  begin({ bytes, byteStart, text, start }: LineBytes): void {
    this.bytes = bytes as Uint8Array<ArrayBuffer>;
    this.text = text;
    this.at = byteStart;
    this.shift = start - byteStart;
  }

  /** Moves past some bytes; `false`, without moving, when others are there. */
  skip(part: Uint8Array): boolean {
    if (!isAt(this.bytes, this.at, part)) return false;
    this.at += part.length;
    return true;
  }

  /**
   * Moves past a key, a text in which nothing is escaped, and a comma. `false`, without moving,
   * when another key is there, and for good when something else follows it.
   */
  skipText(key: Uint8Array): boolean {
    if (!this.skip(key)) return false;
    const { bytes, at } = this;
    this.#textStart = at + this.shift;
    let end = at;
    for (let byte = bytes[end]; byte !== QUOTE; byte = bytes[++end]) {
      if (byte === undefined || byte < SPACE || byte === BACKSLASH) return this.#fail();
      if (byte >= CONTINUED) this.#pass(byte);
    }
    if (bytes[end + 1] !== COMMA) return this.#fail();
    this.start = at;
    this.end = end;
    this.at = end + 2;
    return true;
  }

  /** Nothing is passed any more. */
  #fail(): false {
    this.at = this.bytes.length;
    return false;
  }

  /** A byte of a character of several, which is one unit of text, or two when it has four. */
  #pass(byte: number): void {
    if (byte < LEADING) this.shift--;
    else if (byte >= LEADING_FOUR) this.shift++;
  }

  /** Moves past a whole number and a comma; -1 when there is none. */
  readNumber(): number {
    const { bytes, at } = this;
    let number = 0;
    let end = at;
    for (let byte = bytes[end] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[++end] ?? 0) {
      number = 10 * number + byte - ZERO;
    }
    const digits = end - at;
    this.at = end + 1;
    const isExact = digits === 1 || digits > 1 && digits <= DIGITS_MAX && bytes[at] !== ZERO;
    return isExact && bytes[end] === COMMA ? number : -1;
  }

  /** The last text: a part of that of the line, which it keeps in memory. */
  get part(): string {
    return this.text.slice(this.#textStart, this.end + this.shift);
  }
}

const fields = new Fields();

/**
 * The entry of a line that ends after its attributes; `undefined` when it is not as Daybook writes
 * them.
 */
export function entryInFields(
  line: LineBytes,
  logId: LogId,
  batch: LogId,
): JobEventLogEntry | undefined {
  fields.begin(line);
  if (!fields.skip(LOG_ID) || fields.readNumber() !== logId) return;
  if (!fields.skip(BATCH) || fields.readNumber() !== batch) return;
  if (!fields.skipText(RECEIVED_AT)) return;
  const receivedAt = shareTime(fields.part);
  const stratum = fields.skipText(STRATUM) ? readStratum() : undefined;
  if (stratum === undefined || !fields.skipText(EVENT_ID)) return;
  const eventId = fields.part;
  if (!fields.skipText(EVENT_TYPE)) return;
  const eventType = readName();
  const occurredAt = fields.skipText(OCCURRED_AT) ? own(fields.part) : receivedAt;
  const entry: Entry = { logId, receivedAt, stratum, eventId, eventType, occurredAt };
  readReferences(entry, eventType);
  if (fields.skip(CAUSED_BY) && (entry["causedBy"] = fields.readNumber()) < 0) return;
  const attributes = fields.skip(ATTRIBUTES) ? readAttributes(line, stratum) : undefined;
  if (attributes === undefined) return;
  entry["attributes"] = wholeAttributes(eventType, attributes);
  return entry as unknown as JobEventLogEntry;
}

type Entry = Record<string, unknown>;

const encode = (key: string) => new TextEncoder().encode(key);
const LOG_ID = encode('{"logId":');
const BATCH = encode('"batch":');
const RECEIVED_AT = encode('"receivedAt":"');
const STRATUM = encode('"stratum":"');
const EVENT_ID = encode('"eventId":"');
const EVENT_TYPE = encode('"eventType":"');
const OCCURRED_AT = encode('"occurredAt":"');
const JOB_ID = encode('"jobId":"');
const TASK_ID = encode('"taskId":"');
const EXECUTION_ID = encode('"executionId":"');
const TRACE_ID = encode('"traceId":"');
const SPAN_ID = encode('"spanId":"');
const ACTOR = encode('"actor":"');
const CAUSED_BY = encode('"causedBy":');
const ATTRIBUTES = encode('"attributes":');

function readReferences(entry: Entry, eventType: string): void {
  // States keep these.
  const ofJob = eventType === "job.JobCreated" ? own : same;
  if (fields.skipText(JOB_ID)) entry["jobId"] = ofJob(fields.part);
  if (fields.skipText(TASK_ID)) entry["taskId"] = readName();
  if (fields.skipText(EXECUTION_ID)) entry["executionId"] = fields.part;
  if (fields.skipText(TRACE_ID)) entry["traceId"] = ofJob(fields.part);
  if (fields.skipText(SPAN_ID)) entry["spanId"] = ofJob(fields.part);
  if (fields.skipText(ACTOR)) entry["actor"] = readName();
}

function same(part: string): string {
  return part;
}

const STRATA_BYTES = STRATA.map((stratum) => encode(`${stratum}"`));

function readStratum(): Stratum | undefined {
  return STRATA[STRATA_BYTES.findIndex((part) => isAt(fields.bytes, fields.start, part))];
}

/** Nearly all lines of a batch have the same. */
let lastTime = "";

function shareTime(part: string): string {
  return part === lastTime ? lastTime : lastTime = own(part);
}

/** Of types, tasks and actors. */
const names = new Known<string>();

function readName(): string {
  const { bytes, start, end } = fields;
  return names.at(bytes, start, end) ?? names.note(bytes, start, end, own(fields.part));
}

/** Of the framework, and the same for many tasks: an attempt, or nothing. */
const common = new Known<Attributes>();
const COMMON_BYTES_MAX = 48;

type Attributes = Readonly<Record<string, unknown>>;

function readAttributes(line: LineBytes, stratum: Stratum): Attributes | undefined {
  const { bytes, at, shift } = fields;
  if (bytes[at] !== OPENING) return undefined;
  const mayBeCommon = stratum === "framework" && line.byteEnd - at <= COMMON_BYTES_MAX;
  const known = mayBeCommon ? common.at(bytes, at, line.byteEnd) : undefined;
  if (known !== undefined) return known;
  const json = line.text.slice(at + shift, line.end);
  const attributes = parseObject(json);
  if (attributes === undefined || !mayBeCommon || !isFlat(json)) return attributes;
  return common.note(bytes, at, line.byteEnd, Object.freeze(attributes));
}

/** Without objects or lists, so that shared values cannot be changed. */
function isFlat(json: string): boolean {
  return json.lastIndexOf("{") === 0 && !json.includes("[");
}

function parseObject(json: string): Attributes | undefined {
  try {
    return parseJsonText(json) as Attributes;
  } catch {
    return undefined;
  }
}
