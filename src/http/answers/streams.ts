/** Answers with server-sent events; see `StreamHub`. */

import type { Context } from "hono";
import {
  choice,
  eventType,
  listParameter,
  notBeyondHead,
  type Query,
  single,
  wholeNumber,
} from "../../documents/parameters.ts";
import { STRATA } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { type Answer, type Header, reference } from "../routing/route.ts";
import { requestPermit } from "../requests/viewer.ts";
import { headerPosition, positionField } from "../requests/request.ts";
import { STATUS } from "../responses/problem.ts";
import { streamResponse } from "../responses/response.ts";
import type { Wanted } from "../stream/channels.ts";
import type { EntryFilter } from "../stream/feed.ts";

export const AFTER = single(
  wholeNumber(0, Number.MAX_SAFE_INTEGER),
  "Entries after this position, which must not be beyond the head of the journal.",
);

export const STRATUM = single(choice(STRATA), "Entries of this stratum.");

export const STREAM_PARAMETERS = {
  stratum: STRATUM,
  only: single(choice(["transitions"]), "Entries that changed the state or condition of a job."),
  after: AFTER,
  types: listParameter(eventType, "Entries of these event types."),
};

export const STREAM_HEADERS: Readonly<Record<string, Header>> = {
  "Last-Event-ID": {
    description:
      "The position after which the stream resumes; takes precedence over the parameter after.",
    schema: positionField,
  },
};

/** The schema of a message, as clients of server-sent events parse it. */
const MESSAGE = {
  type: "object",
  description: "Comments may appear between messages; clients ignore them.",
  properties: {
    id: {
      type: "string",
      pattern: "^[0-9]{1,15}$",
      description:
        "The logId of the entry or, in a message without data, the position read so far.",
    },
    retry: {
      type: "integer",
      description: "Sent once, at the beginning: milliseconds to wait before reconnecting.",
    },
    data: {
      type: "string",
      description: "The entry, and how it changed its job. Messages without data are sent while " +
        "nothing happens.",
      contentMediaType: "application/json",
      contentSchema: reference("StreamedEntry"),
    },
  },
  required: ["id"],
};

export const STREAM: Answer = {
  description: "Server-sent events.",
  content: {
    "text/event-stream": {
      schema: {
        json: {
          type: "string",
          description:
            "Messages of two lines and an empty line: id is the logId of an entry, and " +
            "data is the entry as JSON, with how it changed its job. While nothing happens, a comment " +
            "and an id without data are sent.",
        },
      },
      item: MESSAGE,
    },
  },
};

type StreamQuery = Query<typeof STREAM_PARAMETERS>;

/** What the query parameters select. */
export function toFilter(
  { types, stratum, only }: Partial<Omit<StreamQuery, "after">>,
  jobId: JobId | undefined,
): EntryFilter {
  const eventTypes = types && new Set(types);
  return { jobId, eventTypes, stratum, onlyTransitions: only !== undefined };
}

interface AfterQuery {
  readonly after: LogId | undefined;
}

/** @throws {Problem} `over-capacity`. */
export function answerStream(
  c: Context,
  { hub }: HttpDeps,
  wanted: Wanted,
  after: LogId,
): Response {
  const body = hub.open(wanted, after, requestPermit(c));
  return streamResponse(body, "text/event-stream", STATUS.ok);
}

/**
 * The position after which a client resumes; `undefined` if it gives none. A browser that
 * reconnects repeats the URL, so `Last-Event-ID` takes precedence over `after`.
 */
export function resumePosition(
  request: Request,
  query: AfterQuery,
  engine: JobEngine,
): LogId | undefined {
  const header = "Last-Event-ID";
  const lastEventId = headerPosition(request, header);
  if (lastEventId === undefined) return parseAfter(query, engine);
  return notBeyondHead(lastEventId, engine.headLogId, { header });
}

/** The parameter `after`. @throws {Problem} if it is not a position up to the head. */
export function parseAfter({ after }: AfterQuery, { headLogId }: JobEngine): LogId | undefined {
  return notBeyondHead(after, headLogId, { parameter: "after" });
}
