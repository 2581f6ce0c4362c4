/** Parses bodies with events: one, an array, NDJSON, or CloudEvents 1.0. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import { invalidRequest } from "../../documents/refusal.ts";
import { isObject, type JsonObject, type JsonValue, type PointedIssue } from "../../core/json.ts";
import type { AdmissionGate } from "../capacity/admission_gate.ts";
import type { Bodies } from "../bodies/bodies.ts";
import { decodeUtf8, parseMediaType, readText, unsupportedMediaType } from "../bodies/body.ts";
import { domainEventTypeField, type JudgedEvent, judgeEvent } from "../../documents/events.ts";
import { parseJson } from "../../documents/json_document.ts";
import {
  type Judging,
  manyInLines,
  type OneOrMany,
  oneOrMany,
  refusalIssues,
} from "../../documents/one_or_many.ts";
import type { EventId } from "../../core/ids.ts";
import { parseTraceparent } from "../../core/trace_ids.ts";
import type { IncomingEvent } from "../../engine/requests.ts";
import { documented, jobIdField, taskIdField, timeField } from "../../documents/fields.ts";
import { pointedIssues } from "../../engine/parsed_input.ts";

export type EventDocument = OneOrMany<JudgedEvent>;

type Reader = (text: string, limits: EventLimits) => EventDocument | Promise<EventDocument>;

const READERS: Readonly<Record<string, Reader>> = {
  "application/json": (text, { admission, eventsMax: max }) =>
    admission.inSlices(oneOrMany(parseJson(text), judgingBy(judgeEvent, max))),
  "application/x-ndjson": (text, { admission, eventsMax: max }) =>
    admission.inSlices(manyInLines(text, judgingBy(judgeEvent, max))),
  "application/cloudevents+json": (text) => one(judgeCloudEvent(parseJson(text))),
  "application/cloudevents-batch+json": (text, { admission, eventsMax: max }) =>
    admission.inSlices(oneOrMany(parseArray(text), judgingBy(judgeCloudEvent, max))),
};

function judgingBy(judge: Judging<JudgedEvent>["judge"], max: number): Judging<JudgedEvent> {
  return {
    judge,
    unread: (problem, at) => ({ valid: false, eventId: null, errors: refusalIssues(problem, at) }),
    what: "events",
    max,
  };
}

interface EventLimits {
  readonly admission: AdmissionGate;
  readonly bodies: Bodies;
  readonly eventsMax: number;
}

/** @throws {Problem} 415, 413, or if the document does not have the form that its type says. */
export async function readEvents(request: Request, limits: EventLimits): Promise<EventDocument> {
  const { bodies } = limits;
  if (request.headers.get("ce-specversion") !== null) {
    return one(await binaryEvent(request, bodies));
  }
  const mediaType = parseMediaType(request);
  const reader = Object.hasOwn(READERS, mediaType) ? READERS[mediaType] : undefined;
  if (reader === undefined) throw unsupportedMediaType(mediaType, Object.keys(READERS));
  return await reader(await readText(request, bodies), limits);
}

function one(event: JudgedEvent): EventDocument {
  return { single: true, items: [event] };
}

function parseArray(text: string): JsonValue {
  const document = parseJson(text);
  if (Array.isArray(document)) return document;
  throw invalidRequest([{ pointer: "", detail: "must be an array" }]);
}

async function binaryEvent(request: Request, bodies: Bodies): Promise<JudgedEvent> {
  const bytes = await bodies.read(request);
  const data = bytes.length === 0 ? undefined : parseData(request, bytes);
  // As in any document, names that reach a prototype are refused.
  const attributes = parseJson(JSON.stringify(binaryAttributes(request.headers))) as JsonObject;
  return judgeCloudEvent(data === undefined ? attributes : { ...attributes, data });
}

function parseData(request: Request, bytes: Uint8Array): JsonValue {
  const [mediaType, text] = [parseMediaType(request), decodeUtf8(bytes)];
  const isJson = mediaType === "" || mediaType === "application/json" ||
    mediaType.endsWith("+json");
  return isJson ? parseJson(text) : text;
}

const TEXT_LENGTH_MAX = 1_000;

/** Attributes that carry the event's content. */
const anyJson = documented(v.unknown(), {
  description: "The content of the event: the attributes, or one value.",
});

const text = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.maxLength(TEXT_LENGTH_MAX, `must be at most ${TEXT_LENGTH_MAX} characters`),
);

/** The expression of `v.base64` fails on texts of some megabytes: its groups take the stack. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** CloudEvents allows extension attributes, so unknown ones are no error. */
export const cloudEvent = v.looseObject({
  specversion: v.literal("1.0"),
  id: text,
  source: text,
  type: domainEventTypeField,
  subject: v.exactOptional(text),
  time: v.exactOptional(timeField),
  data: v.exactOptional(anyJson),
  data_base64: v.exactOptional(v.pipe(v.string(), v.check(isBase64, "must be base64"))),
  jobid: v.exactOptional(jobIdField),
  taskid: v.exactOptional(taskIdField),
  // An invalid traceparent is ignored, as its standard says.
  traceparent: v.optional(v.unknown()),
});

type CloudEvent = v.InferOutput<typeof cloudEvent>;

/** @param at The pointer to the event in its document. */
function judgeCloudEvent(value: JsonValue, at = ""): JudgedEvent {
  const parsed = v.safeParse(cloudEvent, value);
  if (!parsed.success) return refused(pointedIssues(parsed.issues, at));
  const data = isObject(value) ? value["data"] : undefined;
  if (data !== undefined && parsed.output.data_base64 !== undefined) {
    return refused([{ pointer: `${at}/data_base64`, detail: "cannot be combined with data" }]);
  }
  if (isObject(data) && Object.hasOwn(data, "cloudevent")) {
    const detail = "is where Daybook records the id and source of a CloudEvent";
    return refused([{ pointer: `${at}/data/cloudevent`, detail }]);
  }
  return { valid: true, event: toEvent(parsed.output, data) };
}

function refused(errors: readonly PointedIssue[]): JudgedEvent {
  return { valid: false, eventId: null, errors };
}

function toEvent(cloudEvent: CloudEvent, data: JsonValue | undefined): IncomingEvent {
  const { type, time, jobid, taskid, data_base64: base64, ...named } = cloudEvent;
  const trace = parseTraceparent(named.traceparent);
  // Attributes recorded as ids are not recorded twice.
  const { traceparent: _traceparent, ...untraced } = named;
  const rest = trace === undefined ? named : untraced;
  const { id, source } = rest;
  // Including the subject and all extension attributes.
  const { specversion: _, data: __, ...cloudevent } = rest;
  return {
    eventId: toEventId(source, id),
    eventType: type,
    stratum: "domain",
    attributes: { ...toAttributes(data, base64), cloudevent: cloudevent as JsonObject },
    ...(time === undefined ? {} : { occurredAt: time }),
    ...(jobid === undefined ? {} : { jobId: jobid }),
    ...(taskid === undefined ? {} : { taskId: taskid }),
    ...trace,
  };
}

/** The identity of a CloudEvent is its source and id together. */
function toEventId(source: string, id: string): EventId {
  const digest = createHash("sha256").update(`${source}\n${id}`).digest("hex");
  return `ce_${digest.slice(0, 40)}` as EventId;
}

function toAttributes(data: JsonValue | undefined, base64: string | undefined): JsonObject {
  if (base64 !== undefined) return { data_base64: base64 };
  if (data === undefined) return {};
  return isObject(data) ? data : { data };
}

/** The attributes of a CloudEvent in binary mode: its `ce-*` headers, without the prefix. */
function binaryAttributes(headers: Headers): JsonObject {
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of headers) {
    if (name.startsWith("ce-")) attributes[name.slice(3)] = percentDecoded(value);
  }
  return attributes;
}

/** The HTTP binding of CloudEvents percent-encodes characters that headers cannot contain. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
