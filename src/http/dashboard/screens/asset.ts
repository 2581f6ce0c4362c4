/** `/ui/assets/:name`: scripts and styles, from a fixed map. */

import type { Context, Hono } from "hono";
import { Problem, STATUS } from "../../problem.ts";
import { assetOf } from "../assets.ts";

export function addAssets(app: Hono): void {
  app.get("/ui/assets/:name", answerAsset);
}

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
