/** `/limits`: how many jobs of a type may be at work at a time, and others in their place. */

import { changeLimits, limitsBody, restoreLimits } from "../../documents/limits.ts";
import { limitedTypeAnswer, limitsAnswer } from "../../documents/answers/system.ts";
import { jsonResponse } from "../answers/response.ts";
import { readJson } from "../bodies/body.ts";
import { BODY_PROBLEMS, currentState, json, WRITE_PROBLEMS } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
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
      "List the limits of types of jobs, and their use",
      limitsAnswer,
      {
        description: "Of each type with limits: places taken, jobs waiting, and the busiest keys.",
      },
    ),
    handle({ req }, { engine }) {
      refuseQuery(req.raw);
      return jsonResponse({ limits: engine.limits.all }, STATUS.ok);
    },
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
        "All of them: a limit that the body leaves out is lifted. They are recorded, survive " +
        "restarts, and are undone with DELETE. Running jobs are not affected. A rate counts the " +
        "jobs that start from then on: earlier ones only as far as the rate before it did.",
      body: { required: true, content: json(limitsBody, EXAMPLES) },
      answers: {
        [STATUS.ok]: {
          description: "The limits as they are now.",
          content: json(limitedTypeAnswer),
        },
      },
      problems: ["unknown-limits", ...BODY_PROBLEMS, ...WRITE_PROBLEMS],
    },
    async handle(c, deps) {
      const { req } = c;
      refuseQuery(req.raw);
      const changed = await changeLimits(
        req.param("type") ?? "",
        await readJson(req.raw, deps.bodies),
        deps.engine,
        requestOrigin(c, deps.spans),
      );
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
      answers: {
        [STATUS.ok]: {
          description: "The limits as they are now.",
          content: json(limitedTypeAnswer),
        },
      },
      problems: ["unknown-limits", ...WRITE_PROBLEMS],
    },
    async handle(c, deps) {
      refuseQuery(c.req.raw);
      const restored = await restoreLimits(
        c.req.param("type") ?? "",
        deps.engine,
        requestOrigin(c, deps.spans),
      );
      return jsonResponse(restored, STATUS.ok);
    },
  },
];
