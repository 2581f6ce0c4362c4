/** `/events` and `/stream`: deliver events, and read the journal. */

import type { Context } from "hono";
import * as v from "valibot";
import { withinLazy } from "../../documents/fields.ts";
import { receiptsAnswer } from "../../documents/answers/entries.ts";
import { cloudEvent, readEvents } from "../requests/event_documents.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { deliver, incomingEvent } from "../../documents/events.ts";
import { type Header, json, linesOf, listOf, ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { originatedEvents, readQuery, requestOrigin } from "../requests/request.ts";
import { eventType, jobId, listParameter, single } from "../../documents/parameters.ts";
import { jsonResponse } from "../responses/response.ts";
import { answerEntries, ENTRIES, entryPageParameters } from "../answers/entries.ts";
import {
  AFTER,
  answerStream,
  parseAfter,
  resumePosition,
  STRATUM,
  STREAM,
  STREAM_HEADERS,
  STREAM_PARAMETERS,
  toFilter,
} from "../answers/streams.ts";

async function takeEvents(c: Context, deps: HttpDeps): Promise<Response> {
  const origin = requestOrigin(c, deps.spans);
  const document = originatedEvents(await readEvents(c.req.raw, deps), origin);
  return jsonResponse({ receipts: await deliver(deps.engine, document) }, STATUS.ok);
}

const OF_JOB = single(jobId, "Entries of this job.");

const ENTRY_PARAMETERS = {
  ...entryPageParameters("journal"),
  after: AFTER,
  stratum: STRATUM,
  jobId: OF_JOB,
  eventType: listParameter(eventType, "Entries of these event types."),
};

async function showEvents(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, ENTRY_PARAMETERS);
  const { jobId } = query;
  return await answerEntries(c, deps, query, {
    filter: toFilter({ ...query, types: query.eventType }, jobId),
    after: parseAfter(query, deps.engine) ?? 0,
    scope: "journal",
  });
}

export const JOURNAL_STREAM_PARAMETERS = { jobId: OF_JOB, ...STREAM_PARAMETERS };

function streamEvents(c: Context, deps: HttpDeps): Response {
  const query = readQuery(c.req.raw, JOURNAL_STREAM_PARAMETERS);
  const after = resumePosition(c.req.raw, query, deps.engine) ?? deps.engine.headLogId;
  const wanted = { filter: toFilter(query, query.jobId), untilEnd: false };
  return answerStream(c, deps, wanted, after);
}

const SHIPPED = {
  eventType: "shop.ParcelShipped",
  attributes: { orderId: "42" },
  eventId: "parcel-7",
};

const CLOUD_EVENT = {
  specversion: "1.0",
  id: "7",
  source: "/shop",
  type: "shop.ParcelShipped",
  data: { orderId: "42" },
};

/** Headers of a CloudEvent in binary mode, whose data is the body. */
const BINARY_HEADERS: Readonly<Record<string, Header>> = Object.fromEntries(
  Object.entries({
    specversion: "1.0",
    id: "The id of the event.",
    source: "The source of the event.",
    type: "The type of the event.",
    time: "When the event happened, in RFC 3339.",
    subject: "The subject of the event.",
    jobid: "The job that the event is for.",
    taskid: "The task that the event is for.",
  }).map(([name, description]) => [
    `ce-${name}`,
    { description: `Of a CloudEvent in binary mode: ${description}`, schema: v.string() },
  ]),
);

export const EVENT_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/events",
    scope: "submit",
    operation: {
      id: "deliverEvents",
      tag: "events",
      summary: "Deliver one event or many",
      description:
        "If a single event is invalid, the request is refused; of many, each gets a receipt. An event " +
        "beyond a limit is rejected, and its receipt names the limit: send it again. An id that " +
        "is on record with other content is refused, and its receipt names that entry; so is an " +
        "event for a job that does not exist. The refusal is recorded as journal.EventRefused. CloudEvents in binary mode are " +
        "accepted too, with their attributes in ce-* headers.",
      headers: BINARY_HEADERS,
      body: {
        required: true,
        content: {
          ...json(v.union([withinLazy(incomingEvent), listOf("Event")]), {
            one: SHIPPED,
            many: [SHIPPED],
          }),
          ...linesOf("Event", "One event per line."),
          "application/cloudevents+json": {
            schema: cloudEvent,
            examples: { one: CLOUD_EVENT },
          },
          "application/cloudevents-batch+json": {
            schema: listOf("CloudEvent"),
            examples: { many: [CLOUD_EVENT] },
          },
        },
      },
      answers: ok("A receipt for each event, in order.", receiptsAnswer),
      problems: ["unknown-job", "event-id-reused"],
    },
    handle: takeEvents,
  },
  {
    method: "GET",
    path: "/events",
    scope: "read",
    operation: {
      id: "listEntries",
      tag: "events",
      summary: "Read the entries of the journal, the oldest first",
      description:
        "In pages, or as lines with Accept: application/x-ndjson. Filters: type, stratum, job.",
      query: ENTRY_PARAMETERS,
      answers: { [STATUS.ok]: ENTRIES },
    },
    handle: showEvents,
  },
  {
    method: "GET",
    path: "/stream",
    scope: "read",
    operation: {
      id: "streamEntries",
      tag: "events",
      summary: "Follow the journal, from its head or from the position in after",
      description:
        "With after or Last-Event-ID, the stream sends the history first and then live entries, without gaps or repetitions.",
      query: JOURNAL_STREAM_PARAMETERS,
      headers: STREAM_HEADERS,
      answers: { [STATUS.ok]: STREAM },
    },
    handle: streamEvents,
  },
];
