/** `/events` and `/stream`: facts come in, and the journal is read. */

import type { Context, Hono } from "hono";
import { STRATA } from "../../core/event.ts";
import type { Edge } from "../edge.ts";
import { readEvents } from "../event_documents.ts";
import { feedOf } from "../feed.ts";
import { STATUS } from "../problem.ts";
import { readQuery, refuseQuery } from "../query.ts";
import { deliver } from "../receipts.ts";
import { jsonResponse } from "../response.ts";
import { answerEntries, ENTRY_PAGE_PARAMETERS } from "./entries.ts";
import { afterOf, answerStream, startOf } from "./streams.ts";

export function addEventRoutes(app: Hono, edge: Edge): void {
  app.post("/events", (c) => takeEvents(c, edge));
  app.get("/events", (c) => showEvents(c, edge));
  app.get("/stream", (c) => streamEvents(c, edge));
}

async function takeEvents(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  const document = await readEvents(c.req.raw, edge);
  return jsonResponse({ receipts: await deliver(edge.engine, document) }, STATUS.ok);
}

const ENTRY_PARAMETERS = {
  single: [...ENTRY_PAGE_PARAMETERS, "after", "stratum", "jobId"],
  list: ["eventType"],
};

async function showEvents(c: Context, edge: Edge): Promise<Response> {
  const query = readQuery(c.req.raw, ENTRY_PARAMETERS);
  const jobId = query.jobId("jobId");
  return await answerEntries(c.req.raw, edge, query, {
    feed: feedOf(edge.engine, jobId),
    filter: {
      jobId,
      eventTypes: query.eventTypes("eventType"),
      stratum: query.choice("stratum", STRATA),
    },
    after: afterOf(query, edge.engine) ?? 0,
    scope: "journal",
  });
}

const STREAM_PARAMETERS = { single: ["jobId", "stratum", "only", "after"], list: ["types"] };

function streamEvents(c: Context, edge: Edge): Response {
  const query = readQuery(c.req.raw, STREAM_PARAMETERS);
  const jobId = query.jobId("jobId");
  return answerStream(c.req.raw, edge, {
    feed: feedOf(edge.engine, jobId),
    filter: {
      jobId,
      eventTypes: query.eventTypes("types"),
      stratum: query.choice("stratum", STRATA),
    },
    onlyTransitions: query.choice("only", ["transitions"]) !== undefined,
    after: startOf(c.req.raw, query, edge.engine) ?? edge.engine.headLogId,
  });
}
