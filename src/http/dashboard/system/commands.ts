/** Calls of curl for the server as this browser reaches it. */

import type { Context } from "hono";
import type { JsonObject } from "../../../core/json.ts";
import { curlOf, readCurlOf } from "../../curl.ts";
import type { Edge } from "../../edge.ts";

export interface Commands {
  get(path: string): string;
  post(path: string, body?: JsonObject): string;
}

export function commandsOf(c: Context, { needsToken }: Edge): Commands {
  const { origin } = new URL(c.req.url);
  return {
    get: (path) => readCurlOf(path, origin, needsToken),
    post: (path, body) =>
      curlOf({ method: "POST", path, ...(body === undefined ? {} : { body }) }, origin, needsToken),
  };
}
