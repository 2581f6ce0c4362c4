/**
 * A fast path for lines exactly as Daybook writes them: reads field by field, and parses only the
 * attributes as JSON. Any other line is left to the JSON parser; both give the same entry for a
 * line that both can read. Fields are compared as bytes, which is faster than as text, and values
 * that many lines share are created once.
 */

import { type JobEventLogEntry, STRATA, type Stratum } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import { parseJsonText } from "../../core/json_text.ts";
import { ByteCache } from "./byte_cache.ts";
import type { LineBytes } from "./line_bytes.ts";
import {
  defaultExecution,
  isStepStart,
  joinShared,
  toEntry,
  wholeAttributes,
} from "./line_codec.ts";
import type { StampedEvent } from "./stamped_event.ts";

const [SPACE, QUOTE, COMMA, ZERO, NINE, BACKSLASH] = [0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c];
const [CONTINUED, LEADING, LEADING_FOUR] = [0x80, 0xc0, 0xf0];
const OPENING = 0x7b;
/** Numbers with more digits may not be exact. */
const DIGITS_MAX = 15;

function isAt(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index++) {
    if (bytes[at + index] !== part[index]) return false;
  }
  return true;
}

/** V8 copies a substring that is shorter than this. */
const PART_LENGTH_MIN = 13;

/** A copy of a substring, which would otherwise keep the whole text in memory. */
function detached(part: string): string {
  return part.length < PART_LENGTH_MIN ? part : JSON.parse(`"${part}"`) as string;
}

/** Reads the fields of a line in order. */
class Fields {
  bytes = new Uint8Array();
  text = "";
  /** Byte offset of the next field. */
  at = 0;
  /** Difference between text offset and byte offset. */
  shift = 0;
  /** Byte offsets of the last string that was read, without its quotation marks. */
  start = 0;
  end = 0;
  /** Text offset of the last string. */
  #textStart = 0;

  begin({ bytes, byteStart, text, start }: LineBytes): void {
    this.bytes = bytes as Uint8Array<ArrayBuffer>;
    this.text = text;
    this.at = byteStart;
    this.shift = start - byteStart;
  }

  /** Moves past `part`; `false`, without moving, if other bytes are there. */
  skip(part: Uint8Array): boolean {
    if (!isAt(this.bytes, this.at, part)) return false;
    this.at += part.length;
    return true;
  }

  /** The same for ASCII text. V8 compares a slice faster than its bytes. */
  skipAscii(part: string): boolean {
    const start = this.at + this.shift;
    if (this.text.slice(start, start + part.length) !== part) return false;
    this.at += part.length;
    return true;
  }

  /**
   * Moves past a key, a string without escapes, and a comma. `false`, without moving, if another
   * key is there. If something else follows the key, this and every later call returns `false`.
   */
  skipText(key: Uint8Array): boolean {
    return this.skip(key) && this.readText();
  }

  /** Moves past the rest of a string without escapes, and a comma, or fails like `skipText`. */
  readText(): boolean {
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

  /** Moves to the end, so that nothing more is read. */
  #fail(): false {
    this.at = this.bytes.length;
    return false;
  }

  /**
   * Adjusts the shift for a byte of a multibyte character, which takes one text unit, or two if it
   * has four bytes.
   */
  #pass(byte: number): void {
    if (byte < LEADING) this.shift--;
    else if (byte >= LEADING_FOUR) this.shift++;
  }

  /** Reads an integer and moves past it and a comma; -1 if there is none. */
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

  /** The last string, as a substring that keeps the text of the line in memory. */
  get part(): string {
    return this.text.slice(this.#textStart, this.end + this.shift);
  }
}

const fields = new Fields();

/**
 * The entry of a line that ends after its attributes; `undefined` if the line is not exactly as
 * Daybook writes it.
 */
export function entryInFields(
  line: LineBytes,
  logId: LogId,
  batch: LogId,
): JobEventLogEntry | undefined {
  fields.begin(line);
  if (!fields.skip(LOG_ID) || fields.readNumber() !== logId) return;
  if (!skipShared(batch) || !fields.readText()) return;
  const { receivedAt, stratum } = shared;
  event.receivedAt = receivedAt;
  event.stratum = stratum;
  event.eventId = fields.part as EventId;
  if (!fields.skipText(EVENT_TYPE)) return;
  event.eventType = readName();
  event.occurredAt = fields.skipText(OCCURRED_AT) ? detached(fields.part) : receivedAt;
  readReferences();
  const causedBy = fields.skip(CAUSED_BY) ? fields.readNumber() : undefined;
  if (causedBy !== undefined && causedBy < 0) return;
  const attributes = fields.skip(ATTRIBUTES) ? readAttributes(line, stratum) : undefined;
  if (attributes === undefined) return;
  event.attributes = attributes;
  return toEntry(logId, event as unknown as StampedEvent, causedBy);
}

/** What was read of the current line: one object for all lines. */
const event = {
  receivedAt: "",
  stratum: "framework" as Stratum,
  eventId: "" as EventId,
  eventType: "",
  occurredAt: "",
  jobId: undefined as string | undefined,
  taskId: undefined as string | undefined,
  executionId: undefined as string | undefined,
  traceId: undefined as string | undefined,
  spanId: undefined as string | undefined,
  actor: undefined as string | undefined,
  attributes: {} as JobEventLogEntry["attributes"],
};

/** What neighbouring lines share, from the batch to the key of the event id. */
let shared: { batch: LogId; receivedAt: string; stratum: Stratum; text: string } = {
  batch: -1,
  receivedAt: "",
  stratum: "framework",
  text: "",
};

/** Moves to the event id; `false` if other fields are there. */
function skipShared(batch: LogId): boolean {
  if (batch === shared.batch && fields.skipAscii(shared.text)) return true;
  if (!fields.skip(BATCH) || fields.readNumber() !== batch) return false;
  if (!fields.skipText(RECEIVED_AT)) return false;
  const receivedAt = shareTime(fields.part);
  const isAscii = receivedAt.length === fields.end - fields.start;
  const stratum = fields.skipText(STRATUM) ? readStratum() : undefined;
  if (stratum === undefined || !fields.skip(EVENT_ID)) return false;
  const text = joinShared(batch, receivedAt, stratum);
  shared = { batch: isAscii ? batch : -1, receivedAt, stratum, text };
  return true;
}

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

/**
 * The generated ids of the jobs created last, each as the string that the job keeps. A map finds the
 * job by it faster than by a substring, which would be hashed for each entry.
 */
const createdJobs = new ByteCache<string>();
/** The length of a generated id. */
const JOB_ID_LENGTH = "job_".length + 26;

/** Reads the rest of the id of a job, and a comma. */
function readJobId(isCreation: boolean): string | undefined {
  const { bytes, at } = fields;
  const end = at + JOB_ID_LENGTH;
  const hasLength = bytes[end] === QUOTE && bytes[end + 1] === COMMA;
  const known = hasLength ? createdJobs.at(bytes, at, end) : undefined;
  if (known !== undefined) {
    fields.at = end + 2;
    return known;
  }
  if (!fields.readText()) return undefined;
  if (!isCreation) return fields.part;
  const id = detached(fields.part);
  // One that is not all ASCII moves the text offsets of the fields behind it.
  if (fields.end === end && id.length === JOB_ID_LENGTH) createdJobs.note(bytes, at, end, id);
  return id;
}

function readReferences(): void {
  const { eventType, eventId } = event;
  const isCreation = eventType === "job.JobCreated";
  // States keep these values, so they are copied.
  const ofJob = isCreation ? detached : same;
  event.jobId = fields.skip(JOB_ID) ? readJobId(isCreation) : undefined;
  event.taskId = fields.skipText(TASK_ID) ? readName() : undefined;
  event.executionId = fields.skipText(EXECUTION_ID)
    ? fields.part
    : defaultExecution(eventType, eventId);
  event.traceId = fields.skipText(TRACE_ID) ? ofJob(fields.part) : undefined;
  event.spanId = fields.skipText(SPAN_ID) ? ofJob(fields.part) : undefined;
  event.actor = fields.skipText(ACTOR) ? readName() : undefined;
}

function same(part: string): string {
  return part;
}

const STRATA_BYTES = STRATA.map((stratum) => encode(`${stratum}"`));

function readStratum(): Stratum | undefined {
  return STRATA[STRATA_BYTES.findIndex((part) => isAt(fields.bytes, fields.start, part))];
}

/** Nearly all lines of a batch have the same time. */
let lastTime = "";

function shareTime(part: string): string {
  return part === lastTime ? lastTime : lastTime = detached(part);
}

/** Names of event types, tasks and actors. */
const names = new ByteCache<string>();

function readName(): string {
  const { bytes, start, end } = fields;
  return names.at(bytes, start, end) ?? names.note(bytes, start, end, asConstant(fields.part));
}

/**
 * The same string that V8 has for a constant, which compares by its address. Comparing it with
 * another string would compare their characters, many times for each entry.
 */
function asConstant(name: string): string {
  return Object.keys({ [name]: true })[0] ?? name;
}

/**
 * Attributes of framework events that are the same for many tasks, such as an attempt number or
 * none, with the defaults that their lines omit. A start of a step has another default than one of
 * `main`.
 */
const common = new ByteCache<Attributes>();
const commonOfSteps = new ByteCache<Attributes>();
const COMMON_BYTES_MAX = 48;

type Attributes = JobEventLogEntry["attributes"];

function readAttributes(line: LineBytes, stratum: Stratum): Attributes | undefined {
  const { bytes, at, shift } = fields;
  const { eventType, taskId } = event;
  if (bytes[at] !== OPENING) return undefined;
  const mayBeCommon = stratum === "framework" && eventType !== "job.JobCreated" &&
    line.byteEnd - at <= COMMON_BYTES_MAX;
  const cache = isStepStart(eventType, taskId) ? commonOfSteps : common;
  const known = mayBeCommon ? cache.at(bytes, at, line.byteEnd) : undefined;
  if (known !== undefined) return known;
  const json = line.text.slice(at + shift, line.end);
  const written = parseObject(json);
  if (written === undefined) return undefined;
  const whole = wholeAttributes(eventType, taskId, written);
  if (!mayBeCommon || !isFlat(json)) return whole;
  return cache.note(bytes, at, line.byteEnd, Object.freeze(whole));
}

/** Whether attributes hold no objects or arrays, so that freezing them makes them safe to share. */
function isFlat(json: string): boolean {
  return json.lastIndexOf("{") === 0 && !json.includes("[");
}

function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return parseJsonText(json) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
