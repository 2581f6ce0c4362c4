/** `/ui/assets/:name`: scripts and styles, from a fixed map. */

import type { Context } from "hono";
import { Problem, STATUS } from "../../http/problems/problem.ts";
import { assetOf } from "../assets.ts";
import type { Route } from "../../http/route.ts";

export const ASSET_ROUTES: readonly Route[] = [
  // What it looks like is no secret, and how else would one sign in?
  { method: "GET", path: "/ui/assets/:name", scope: "open", handle: answerAsset },
];

function answerAsset(c: Context): Response {
  const asset = assetOf(c.req.param("name") ?? "");
  if (asset === undefined) throw new Problem("not-found", "Cannot find a file of this name");
  return new Response(asset.text, {
    status: STATUS.ok,
    headers: {
      "content-type": asset.contentType,
      "x-content-type-options": "nosniff",
      // Its name changes with its content.
      "cache-control": "public, max-age=31536000, immutable",
    },
  });
}
