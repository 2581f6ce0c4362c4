/** The forms in which events come in: one, many, lines, or CloudEvents. */

import type { JsonValue } from "../../core/json.ts";
import type { Bodies } from "../bodies/bodies.ts";
import { decodeUtf8, mediaTypeOf, readText, unsupportedMediaType } from "../bodies/body.ts";
import { binaryAttributesOf, judgeCloudEvent } from "./cloud_events.ts";
import { type JudgedEvent, judgeEvent } from "./event_schema.ts";
import type { PointedIssue } from "./issues.ts";
import { parseJson } from "../bodies/json_document.ts";
import { invalidRequest, Problem } from "../problems/problem.ts";

export interface EventDocument {
  /** A single event that is wrong refuses the request; one of many only itself. */
  readonly single: boolean;
  readonly events: readonly JudgedEvent[];
}

type Judge = (value: JsonValue, at?: string) => JudgedEvent;
type Reader = (text: string, eventsMax: number) => EventDocument;

const READERS: Readonly<Record<string, Reader>> = {
  "application/json": (text, eventsMax) => oneOrMany(parseJson(text), judgeEvent, eventsMax),
  "application/x-ndjson": lines,
  "application/cloudevents+json": (text) => one(judgeCloudEvent(parseJson(text))),
  "application/cloudevents-batch+json": (text, eventsMax) =>
    oneOrMany(arrayOf(text), judgeCloudEvent, eventsMax),
};

/** What bounds the events of one request. */
export interface EventLimits {
  readonly bodies: Bodies;
  readonly eventsMax: number;
}

/** @throws {Problem} 415, 413, or for a document that is not of its form. */
export async function readEvents(
  request: Request,
  { bodies, eventsMax }: EventLimits,
): Promise<EventDocument> {
  if (request.headers.has("ce-specversion")) return one(await binaryEvent(request, bodies));
  const mediaType = mediaTypeOf(request);
  const reader = Object.hasOwn(READERS, mediaType) ? READERS[mediaType] : undefined;
  if (reader === undefined) throw unsupportedMediaType(mediaType, Object.keys(READERS));
  return reader(await readText(request, bodies), eventsMax);
}

function one(event: JudgedEvent): EventDocument {
  return { single: true, events: [event] };
}

function oneOrMany(document: JsonValue, judge: Judge, eventsMax: number): EventDocument {
  if (!Array.isArray(document)) return one(judge(document));
  refuseTooMany(document.length, eventsMax);
  return { single: false, events: document.map((value, index) => judge(value, `/${index}`)) };
}

function arrayOf(text: string): JsonValue {
  const document = parseJson(text);
  if (Array.isArray(document)) return document;
  throw invalidRequest([{ pointer: "", detail: "must be an array" }]);
}

function lines(text: string, eventsMax: number): EventDocument {
  const filled = text.split("\n").filter((line) => line.trim() !== "");
  refuseTooMany(filled.length, eventsMax);
  return { single: false, events: filled.map(judgeLine) };
}

/**
 * A line that is no JSON is refused alone, like any other event of many. Pointers name the
 * event as they do in an array: empty lines do not count.
 */
function judgeLine(line: string, index: number): JudgedEvent {
  const at = `/${index}`;
  try {
    return judgeEvent(parseJson(line), at);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { valid: false, eventId: null, errors: issuesOf(error, at) };
  }
}

function issuesOf(problem: Problem, at: string): readonly PointedIssue[] {
  const pointed = problem.members.errors?.filter((issue) => "pointer" in issue) ?? [];
  if (pointed.length === 0) return [{ pointer: at, detail: problem.message }];
  return pointed.map(({ pointer, detail }) => ({ pointer: at + pointer, detail }));
}

function refuseTooMany(count: number, eventsMax: number): void {
  if (count <= eventsMax) return;
  const detail = `must have at most ${eventsMax} events; it has ${count}`;
  throw invalidRequest([{ pointer: "", detail }]);
}

async function binaryEvent(request: Request, bodies: Bodies): Promise<JudgedEvent> {
  const bytes = await bodies.read(request);
  const data = bytes.length === 0 ? undefined : dataOf(request, bytes);
  const attributes = binaryAttributesOf(request.headers);
  return judgeCloudEvent(data === undefined ? attributes : { ...attributes, data });
}

function dataOf(request: Request, bytes: Uint8Array): JsonValue {
  const [mediaType, text] = [mediaTypeOf(request), decodeUtf8(bytes)];
  const isJson = mediaType === "" || mediaType === "application/json" ||
    mediaType.endsWith("+json");
  return isJson ? parseJson(text) : text;
}
