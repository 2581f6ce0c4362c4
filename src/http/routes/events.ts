/** `/events` and `/stream`: facts come in, and the journal is read. */

import type { Context, Hono } from "hono";
import type { Edge } from "../edge.ts";
import { readEvents } from "../event_documents.ts";
import { feedOf } from "../feed.ts";
import { STATUS } from "../problem.ts";
import { readQuery, refuseQuery } from "../query.ts";
import { eventType, jobId, listOf, single } from "../query_parameters.ts";
import { deliver } from "../receipts.ts";
import { originatedEvents, originOf } from "../request_origin.ts";
import { jsonResponse } from "../response.ts";
import { answerEntries, entryPageParameters } from "./entries.ts";
import {
  AFTER,
  afterOf,
  answerStream,
  startOf,
  STRATUM,
  STREAM_PARAMETERS,
  wantedOf,
} from "./streams.ts";

export function addEventRoutes(app: Hono, edge: Edge): void {
  app.post("/events", (c) => takeEvents(c, edge));
  app.get("/events", (c) => showEvents(c, edge));
  app.get("/stream", (c) => streamEvents(c, edge));
}

async function takeEvents(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  const origin = originOf(c.req.raw, edge.spans);
  const document = originatedEvents(await readEvents(c.req.raw, edge), origin);
  return jsonResponse({ receipts: await deliver(edge.engine, document) }, STATUS.ok);
}

const OF_JOB = single(jobId, "Entries of this job.");

export const ENTRY_PARAMETERS = {
  ...entryPageParameters("journal"),
  after: AFTER,
  stratum: STRATUM,
  jobId: OF_JOB,
  eventType: listOf(eventType, "Entries of these event types."),
};

async function showEvents(c: Context, edge: Edge): Promise<Response> {
  const query = readQuery(c.req.raw, ENTRY_PARAMETERS);
  const { jobId } = query;
  return await answerEntries(c.req.raw, edge, query, {
    feed: feedOf(edge.engine, jobId),
    filter: {
      jobId,
      eventTypes: query.eventType && new Set(query.eventType),
      stratum: query.stratum,
    },
    after: afterOf(query, edge.engine) ?? 0,
    scope: "journal",
  });
}

export const JOURNAL_STREAM_PARAMETERS = { jobId: OF_JOB, ...STREAM_PARAMETERS };

function streamEvents(c: Context, edge: Edge): Response {
  const query = readQuery(c.req.raw, JOURNAL_STREAM_PARAMETERS);
  const after = startOf(c.req.raw, query, edge.engine) ?? edge.engine.headLogId;
  const wanted = { ...wantedOf(query, query.jobId), untilEnd: false };
  return answerStream(c.req.raw, edge, wanted, after);
}
