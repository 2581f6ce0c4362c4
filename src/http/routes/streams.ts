/** Answers server-sent events; see `streamMessages`. */

import type { LogId } from "../../core/ids.ts";
import type { Edge } from "../edge.ts";
import type { EnginePort } from "../engine_port.ts";
import { streamMessages, type StreamRequest } from "../event_stream.ts";
import { permitOf } from "../permit.ts";
import { invalidRequest, type RequestIssue, STATUS } from "../problem.ts";
import { type Query, wholeNumberOf } from "../query.ts";
import { streamResponse } from "../response.ts";
import { streamBody } from "../stream_body.ts";

/** @throws {Problem} `over-capacity`. */
export function answerStream(request: Request, edge: Edge, wanted: StreamRequest): Response {
  edge.streams.requireRoom();
  const limits = { ...edge, permit: permitOf(request) };
  const body = streamBody((signal) => streamMessages(wanted, edge, signal), limits);
  return streamResponse(body, "text/event-stream", STATUS.ok);
}

/**
 * Where a reader wants to go on; `undefined` when it does not say. A browser that
 * reconnects repeats the URL, so its `Last-Event-ID` wins over `after`.
 */
export function startOf(request: Request, query: Query, engine: EnginePort): LogId | undefined {
  const lastEventId = request.headers.get("last-event-id");
  if (lastEventId === null || lastEventId === "") return afterOf(query, engine);
  const logId = wholeNumberOf(lastEventId);
  const issue = { header: "Last-Event-ID", detail: "must be the logId of an entry" };
  if (logId === undefined) throw invalidRequest([issue]);
  return notBeyondHead(logId, engine, { ...issue, detail: beyondHead(engine) });
}

/** The parameter `after`. @throws {Problem} when it is no position up to the head. */
export function afterOf(query: Query, engine: EnginePort): LogId | undefined {
  const after = query.whole("after", 0, Number.MAX_SAFE_INTEGER);
  const issue = { parameter: "after", detail: beyondHead(engine) };
  return after === undefined ? undefined : notBeyondHead(after, engine, issue);
}

/** A position that is not there yet would give a stream with a gap. */
function notBeyondHead(logId: LogId, { headLogId }: EnginePort, issue: RequestIssue): LogId {
  if (logId > headLogId) throw invalidRequest([issue]);
  return logId;
}

function beyondHead({ headLogId }: EnginePort): string {
  return `must not be beyond the head of the journal, which is ${headLogId}`;
}
