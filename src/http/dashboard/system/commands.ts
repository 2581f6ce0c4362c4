/** Calls of curl for the server as this browser reaches it. */

import type { Context } from "hono";
import type { JsonObject } from "../../../core/json.ts";
import { curlOf, curlOfFile, readCurlOf } from "../../curl.ts";
import type { Edge } from "../../edge.ts";
import { reachedAs } from "../../reached_as.ts";

/** A longer call is for a file: no shell takes it, and no page has to hold it twice. */
const BODY_LENGTH_MAX = 8_000;

export interface Commands {
  get(path: string): string;
  post(path: string, body?: JsonObject): string;
}

export function commandsOf(c: Context, { needsToken }: Edge): Commands {
  const { origin } = reachedAs(c.req.raw);
  return {
    get: (path) => readCurlOf(path, origin, needsToken),
    post: (path, body) => {
      const action = { method: "POST", path } as const;
      if (body === undefined) return curlOf(action, origin, needsToken);
      return JSON.stringify(body).length > BODY_LENGTH_MAX
        ? curlOfFile(action, "body.json", origin, needsToken)
        : curlOf({ ...action, body }, origin, needsToken);
    },
  };
}
