/** `/journal`: where the journal is, how it was found at the start, and whether it is whole. */

import type { Context, Hono } from "hono";
import { readOptionalJson } from "../body.ts";
import type { Edge } from "../edge.ts";
import { strictObject } from "../fields.ts";
import { checked } from "../issues.ts";
import { Problem, STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";

export const verifyBody = strictObject({});

export function addJournalRoutes(app: Hono, edge: Edge): void {
  app.get("/journal", async (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse({ ...await edge.engine.journalInfo(), ...runOf(edge) }, STATUS.ok);
  });
  app.post("/journal/verify", (c) => verify(c, edge));
}

function runOf({ verification }: Edge) {
  return { verificationRun: verification?.run ?? null };
}

async function verify(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  checked(verifyBody, await readOptionalJson(c.req.raw, edge.bodies));
  startVerification(edge);
  return jsonResponse(runOf(edge), STATUS.accepted, { location: "/journal" });
}

/** @throws {Problem} `cannot-verify`, or `not-found` where nothing can be proved. */
export function startVerification({ verification }: Edge): void {
  if (verification === undefined) {
    throw new Problem("not-found", "Cannot verify: this journal is in no files");
  }
  const start = verification.start();
  if (!start.started) throw new Problem("cannot-verify", `Cannot verify: ${start.reason}`);
}
