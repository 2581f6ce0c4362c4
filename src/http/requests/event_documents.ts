/** Parses bodies with events: one, an array, NDJSON, or CloudEvents. */

import { invalidRequest } from "../../documents/refusal.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Bodies } from "../bodies/bodies.ts";
import { decodeUtf8, parseMediaType, readText, unsupportedMediaType } from "../bodies/body.ts";
import { binaryAttributes, judgeCloudEvent } from "./cloud_events.ts";
import { type JudgedEvent, judgeEvent } from "../../documents/event_schema.ts";
import { parseJson } from "../../documents/json_document.ts";
import {
  type Judging,
  manyInLines,
  type OneOrMany,
  oneOrMany,
  pointedIssues,
} from "../../documents/one_or_many.ts";

export type EventDocument = OneOrMany<JudgedEvent>;

type Reader = (text: string, eventsMax: number) => EventDocument;

const READERS: Readonly<Record<string, Reader>> = {
  "application/json": (text, max) => oneOrMany(parseJson(text), judgingBy(judgeEvent, max)),
  "application/x-ndjson": (text, max) => manyInLines(text, judgingBy(judgeEvent, max)),
  "application/cloudevents+json": (text) => one(judgeCloudEvent(parseJson(text))),
  "application/cloudevents-batch+json": (text, max) =>
    oneOrMany(parseArray(text), judgingBy(judgeCloudEvent, max)),
};

function judgingBy(judge: Judging<JudgedEvent>["judge"], max: number): Judging<JudgedEvent> {
  return {
    judge,
    unread: (problem, at) => ({ valid: false, eventId: null, errors: pointedIssues(problem, at) }),
    what: "events",
    max,
  };
}

/** The limits on the events of one request. */
interface EventLimits {
  readonly bodies: Bodies;
  readonly eventsMax: number;
}

/**
 * @throws {Problem} 415, 413, or if the document does not have the form that its type says.
 */
export async function readEvents(
  request: Request,
  { bodies, eventsMax }: EventLimits,
): Promise<EventDocument> {
  if (request.headers.has("ce-specversion")) return one(await binaryEvent(request, bodies));
  const mediaType = parseMediaType(request);
  const reader = Object.hasOwn(READERS, mediaType) ? READERS[mediaType] : undefined;
  if (reader === undefined) throw unsupportedMediaType(mediaType, Object.keys(READERS));
  return reader(await readText(request, bodies), eventsMax);
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
  const attributes = binaryAttributes(request.headers);
  return judgeCloudEvent(data === undefined ? attributes : { ...attributes, data });
}

function parseData(request: Request, bytes: Uint8Array): JsonValue {
  const [mediaType, text] = [parseMediaType(request), decodeUtf8(bytes)];
  const isJson = mediaType === "" || mediaType === "application/json" ||
    mediaType.endsWith("+json");
  return isJson ? parseJson(text) : text;
}
