/** `/journal`: the journal's location, its condition at the start, and its verification. */

import type { Context } from "hono";
import { text } from "../../documents/answers/parts.ts";
import { journalAnswer, verificationRun } from "../../documents/answers/system.ts";
import { readOptionalJson } from "../bodies/body.ts";
import type { HttpDeps } from "../http_deps.ts";
import { checked, strictObject } from "../../documents/fields.ts";
import { BODY_PROBLEMS, currentState, json, UNSAFE_PROBLEMS } from "../openapi/operation.ts";
import { Problem, STATUS } from "../problems/problem.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

const verifyBody = strictObject({});

function verificationAnswer({ verification }: HttpDeps) {
  return { verificationRun: verification?.run ?? null };
}

async function showJournal(deps: HttpDeps): Promise<Response> {
  const shared = deps.standing === undefined ? {} : { shared: deps.standing() };
  // Read first: a run that ends meanwhile must not be shown as ended with the verdict before it.
  const run = verificationAnswer(deps);
  return jsonResponse({ ...await deps.engine.journalInfo(), ...shared, ...run }, STATUS.ok);
}

async function verify(c: Context, deps: HttpDeps): Promise<Response> {
  checked(verifyBody, await readOptionalJson(c.req.raw, deps.bodies));
  startVerification(deps);
  return jsonResponse(verificationAnswer(deps), STATUS.accepted, { location: "/journal" });
}

/**
 * @throws {Problem} `cannot-verify`, or `not-found` if the journal is not in files.
 */
export function startVerification({ verification }: HttpDeps): void {
  if (verification === undefined) {
    throw new Problem("not-found", "Cannot verify: this journal is not in files");
  }
  const start = verification.start();
  if (!start.started) throw new Problem("cannot-verify", `Cannot verify: ${start.reason}`);
}

export const JOURNAL_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/journal",
    scope: "read",
    operation: currentState(
      "showJournal",
      "Show the journal's location and condition",
      journalAnswer,
      {
        description: "Its head and segments, the last recovery, snapshot and verification; for a " +
          "journal that several processes share, who leads it and why, and what its database " +
          "promises.",
      },
    ),
    handle: (_, deps) => showJournal(deps),
  },
  {
    method: "POST",
    path: "/journal/verify",
    // Each process verifies its own copy.
    by: "here",
    scope: "operate",
    operation: {
      id: "verifyJournal",
      tag: "system",
      summary: "Start a verification, as journal verify does",
      description: "The verification runs in the background; GET /journal shows its progress in " +
        "verificationRun, and its verdict in lastVerification. One runs at a time. " +
        "lastVerification.proved has the first and the last logId that were verified: the run read and " +
        "checked every line between them. It relied on no earlier verdict, sidecar, snapshot or " +
        "index, and compared all of these with the lines. It is " +
        "null if there was no line, and absent in verdicts of older versions.",
      body: { required: false, content: json(verifyBody) },
      answers: {
        [STATUS.accepted]: {
          description: "The verification has started.",
          content: json(verificationRun),
          headers: {
            "Location": { description: "The path that shows its progress.", schema: text },
          },
        },
      },
      problems: ["cannot-verify", ...BODY_PROBLEMS, ...UNSAFE_PROBLEMS],
    },
    handle: verify,
  },
];
