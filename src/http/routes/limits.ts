/** `/limits`: how many jobs of a type may run at a time, and changes to these limits. */

import { changeLimits, limitsBody, restoreLimits } from "../../documents/controls.ts";
import { limitedTypeAnswer, limitsAnswer } from "../../documents/answers/system.ts";
import { jsonResponse } from "../answers/response.ts";
import { readJson } from "../bodies/body.ts";
import { BODY_PROBLEMS, currentState, json, ok, WRITE_PROBLEMS } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { requestOrigin } from "../requests/headers.ts";
import type { Route } from "../route.ts";

const EXAMPLES = {
  fewer: { maxRunning: 2, reason: "the provider is slow today" },
  rate: { rate: { count: 100, perMs: 60_000 }, reason: "a new contract" },
};

export const LIMIT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/limits",
    by: "leader",
    scope: "read",
    operation: currentState(
      "listLimits",
      "List the limits of job types, with their use",
      limitsAnswer,
      {
        description:
          "For each type with limits: places in use, jobs waiting, and the busiest keys.",
      },
    ),
    handle: (_, { engine }) => jsonResponse({ limits: engine.limits.all }, STATUS.ok),
  },
  {
    method: "PUT",
    path: "/limits/:type",
    scope: "operate",
    operation: {
      id: "changeLimits",
      tag: "system",
      summary: "Replace the limits of the code",
      description:
        "The body replaces all limits: a limit that it leaves out is lifted. The change is recorded, survives " +
        "restarts, and is undone with DELETE. Running jobs are not affected. A rate counts the " +
        "jobs that start from then on, and earlier ones only if the previous rate counted them.",
      body: { required: true, content: json(limitsBody, EXAMPLES) },
      answers: ok("The limits now in force.", limitedTypeAnswer),
      problems: ["unknown-limits", ...BODY_PROBLEMS, ...WRITE_PROBLEMS],
    },
    async handle(c, { bodies, engine, spans }) {
      const body = await readJson(c.req.raw, bodies);
      const type = c.req.param("type") ?? "";
      const changed = await changeLimits(type, body, engine, requestOrigin(c, spans));
      return jsonResponse(changed, STATUS.ok);
    },
  },
  {
    method: "DELETE",
    path: "/limits/:type",
    scope: "operate",
    operation: {
      id: "restoreLimits",
      tag: "system",
      summary: "Restore the limits of the code",
      description: "Undoes changeLimits: the limits in the definition apply again, at once.",
      answers: ok("The limits now in force.", limitedTypeAnswer),
      problems: ["unknown-limits", ...WRITE_PROBLEMS],
    },
    async handle(c, { engine, spans }) {
      const type = c.req.param("type") ?? "";
      const restored = await restoreLimits(type, engine, requestOrigin(c, spans));
      return jsonResponse(restored, STATUS.ok);
    },
  },
];
