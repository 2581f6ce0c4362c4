/** Answers entries, as a page or, when NDJSON is asked for, as all their lines. */

import { entriesAnswer } from "../answers/entries.ts";
import { lookingBack } from "../guard/capacity.ts";
import type { CursorScope } from "../requests/cursor.ts";
import type { HttpDeps } from "../http_deps.ts";
import { entryLines, entryPage, type PageRequest } from "../answers/entry_view.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../answers/large_answer.ts";
import { type Contents, json } from "../openapi/operation.ts";
import { permitOf } from "../guard/permit.ts";
import { STATUS } from "../problems/problem.ts";
import type { Query } from "../requests/query.ts";
import { cursor, single, whole } from "../requests/query_parameters.ts";
import { streamResponse } from "../answers/response.ts";
import { generatedBody } from "../stream/generated.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
export const NDJSON = "application/x-ndjson";

/** @param scope Of the list whose cursors are taken. */
export function entryPageParameters(scope: CursorScope) {
  return {
    limit: single(
      whole(1, LIMIT_MAX),
      `Entries on a page, ${LIMIT_DEFAULT} unless it is given, and fewer when they are very ` +
        "large; NDJSON has all of them unless it is given.",
    ),
    cursor: single(cursor(scope), "The nextCursor of the page before."),
  };
}

/** A page, or lines. */
export const ENTRIES: Contents = {
  ...json(entriesAnswer),
  [NDJSON]: {
    schema: {
      json: {
        type: "string",
        description: "For Accept: application/x-ndjson. One entry on each line.",
      },
    },
    item: { $ref: "#/components/schemas/Entry" },
  },
};

type PageQuery = Query<ReturnType<typeof entryPageParameters>>;

/** @param source Where to read, unless a cursor says to go on from elsewhere. */
export async function answerEntries(
  request: Request,
  deps: HttpDeps,
  query: PageQuery,
  source: Omit<PageRequest, "limit" | "reading" | "hold">,
): Promise<Response> {
  const after = query.cursor ?? source.after;
  const { limit } = query;
  if (request.headers.get("accept")?.includes(NDJSON) !== true) {
    return await lookingBack(deps, async ({ hold }) => {
      const wanted = { ...source, after, limit: limit ?? LIMIT_DEFAULT };
      const page = await entryPage({ ...wanted, reading: deps.reading, hold });
      return largeJsonResponse(deps, page, STATUS.ok, {}, PAGE_CHARACTERS_MAX);
    });
  }
  deps.outlets.requireRoom();
  const { reading } = deps;
  const lines = {
    ...source,
    reading,
    after,
    upTo: deps.engine.headLogId,
    limit: limit ?? Infinity,
  };
  // A reader may page through a file as slowly as it likes.
  const options = { keeper: deps.outlets, permit: permitOf(request), isPatient: true };
  const body = generatedBody((signal) => entryLines(lines, signal), options);
  return streamResponse(body, NDJSON, STATUS.ok);
}
