/**
 * The static files of the dashboard: a fixed map, so that no request path ever refers to the disk.
 * Each name contains a digest of the content, so that a browser can cache the file forever and
 * still gets the new one after an upgrade.
 */

import { createHash } from "node:crypto";
import type { Context } from "hono";
import idiomorph from "idiomorph/dist/idiomorph.min.js" with { type: "text" };
import uPlot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { ageText, distanceText, durationText } from "../core/duration.ts";
import { Problem, STATUS } from "../http/responses/problem.ts";
import type { Route } from "../http/routing/route.ts";
import agesScript from "./parts/ages.js" with { type: "text" };
import jobScript from "./job/job.js" with { type: "text" };
import jobsScript from "./jobs/jobs.js" with { type: "text" };
import liveScript from "./parts/live.js" with { type: "text" };
import overviewScript from "./overview/overview.js" with { type: "text" };
import streamScript from "./stream/stream.js" with { type: "text" };
import pageScript from "./parts/page.js" with { type: "text" };
import timeTravelScript from "./time_travel/time_travel.js" with { type: "text" };
import baseStyle from "./parts/base.css" with { type: "text" };
import jobStyle from "./job/job.css" with { type: "text" };
import jobsStyle from "./jobs/jobs.css" with { type: "text" };
import manualStyle from "./manual/manual.css" with { type: "text" };
import overviewStyle from "./overview/overview.css" with { type: "text" };
import partsStyle from "./parts/parts.css" with { type: "text" };
import streamStyle from "./stream/stream.css" with { type: "text" };
import systemStyle from "./system/system.css" with { type: "text" };
import timeTravelStyle from "./time_travel/time_travel.css" with { type: "text" };

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** Scripts format ages and durations with the same functions as the server. */
const DURATIONS = Object.entries({ ageText, distanceText, durationText })
  .map(([name, format]) => `globalThis.${name} = ${format};\n`).join("");

const SOURCES = {
  "base.css": { type: STYLE, text: baseStyle },
  "manual.css": { type: STYLE, text: manualStyle },
  "parts.css": { type: STYLE, text: partsStyle },
  "job.css": { type: STYLE, text: jobStyle },
  "jobs.css": { type: STYLE, text: jobsStyle },
  "system.css": { type: STYLE, text: systemStyle },
  "idiomorph.js": { type: SCRIPT, text: idiomorph },
  "job.js": { type: SCRIPT, text: jobScript },
  "page.js": { type: SCRIPT, text: pageScript },
  "live.js": { type: SCRIPT, text: liveScript },
  "ages.js": { type: SCRIPT, text: `${DURATIONS}${agesScript}` },
  "jobs.js": { type: SCRIPT, text: jobsScript },
  "overview.js": { type: SCRIPT, text: overviewScript },
  "overview.css": { type: STYLE, text: overviewStyle },
  // Loaded as a module, uPlot would keep its variable to itself; other modules need it.
  "uplot.js": { type: SCRIPT, text: `${uPlot}\nglobalThis.uPlot = uPlot;\n` },
  "uplot.css": { type: STYLE, text: uPlotStyle },
  "stream.css": { type: STYLE, text: streamStyle },
  "stream.js": { type: SCRIPT, text: streamScript },
  "time_travel.css": { type: STYLE, text: timeTravelStyle },
  "time_travel.js": { type: SCRIPT, text: timeTravelScript },
  "icon.svg": {
    type: "image/svg+xml",
    text: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">` +
      `<rect width="16" height="16" rx="3" fill="#1f4e8c"/>` +
      `<path d="M4 4.5h8M4 8h8M4 11.5h5" stroke="#fff" stroke-width="1.5"/></svg>`,
  },
} as const;

export type AssetName = keyof typeof SOURCES;

const PATHS = new Map<AssetName, string>();
const BY_FILE_NAME = new Map<string, { readonly contentType: string; readonly text: string }>();

for (const [name, { type, text }] of Object.entries(SOURCES)) {
  const digest = createHash("sha256").update(text).digest("base64url").slice(0, 10);
  const fileName = name.replace(/\.(\w+)$/, `.${digest}.$1`);
  PATHS.set(name as AssetName, `/ui/assets/${fileName}`);
  BY_FILE_NAME.set(fileName, { contentType: type, text });
}

/** The path from which a page loads a file. */
export function assetPath(name: AssetName): string {
  return PATHS.get(name) ?? "";
}

export const ASSET_ROUTES: readonly Route[] = [
  // Assets contain no secrets, and the sign-in page needs them without a token.
  { method: "GET", path: "/ui/assets/:name", scope: "open", handle: answerAsset },
];

function answerAsset(c: Context): Response {
  const asset = BY_FILE_NAME.get(c.req.param("name") ?? "");
  if (asset === undefined) throw new Problem("not-found", "Cannot find a file of this name");
  return new Response(asset.text, {
    status: STATUS.ok,
    headers: {
      "content-type": asset.contentType,
      "x-content-type-options": "nosniff",
      // The name changes with the content.
      "cache-control": "public, max-age=31536000, immutable",
    },
  });
}
