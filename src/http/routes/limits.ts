/** `/limits`: how many jobs of a type may be at work at a time, and others in their place. */

import * as v from "valibot";
import type { LimitedType } from "../../engine/requests.ts";
import { limitedTypeAnswer, limitsAnswer } from "../answers/system.ts";
import { jsonResponse } from "../answers/response.ts";
import { readJson } from "../bodies/body.ts";
import type { HttpDeps } from "../http_deps.ts";
import { BODY_PROBLEMS, json, telling, WRITE_PROBLEMS } from "../openapi/operation.ts";
import { valueOf } from "../problems/engine_problem.ts";
import { Problem, STATUS } from "../problems/problem.ts";
import { checked, reasonField, strictObject } from "../requests/fields.ts";
import { placesField, rateField } from "../requests/limit_fields.ts";
import { refuseQuery } from "../requests/query.ts";
import { originOf } from "../requests/headers.ts";
import type { Route } from "../route.ts";

const changeBody = strictObject({
  maxRunning: v.exactOptional(placesField),
  perKey: v.exactOptional(placesField),
  rate: v.exactOptional(rateField),
  reason: v.pipe(reasonField, v.minLength(1, "must say why")),
});

const EXAMPLES = {
  fewer: { maxRunning: 2, reason: "the provider is slow today" },
  rate: { rate: { count: 100, perMs: 60_000 }, reason: "a new contract" },
};

export const LIMIT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/limits",
    scope: "read",
    operation: telling(
      "listLimits",
      "List the limits of types of jobs, and their use",
      limitsAnswer,
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
      summary: "Put other limits in the place of those of the code",
      description:
        "All of them: what the body leaves out is no limit. They are recorded, stay in " +
        "force over restarts, and are taken back with DELETE. What is at work stays so.",
      body: { required: true, content: json(changeBody, EXAMPLES) },
      answers: {
        [STATUS.ok]: {
          description: "The limits as they are now.",
          content: json(limitedTypeAnswer),
        },
      },
      problems: ["unknown-limits", ...BODY_PROBLEMS, ...WRITE_PROBLEMS],
    },
    async handle({ req }, deps) {
      refuseQuery(req.raw);
      const { reason, ...limits } = checked(changeBody, await readJson(req.raw, deps.bodies));
      const type = req.param("type") ?? "";
      const outcome = await deps.engine.limits.change(
        type,
        limits,
        reason,
        originOf(req.raw, deps.spans),
      );
      if (!outcome.ok && outcome.problem.kind === "unknownType") {
        throw new Problem(
          "unknown-limits",
          `Cannot limit ${type}: no definition of this type is loaded`,
        );
      }
      return jsonResponse(valueOf(outcome), STATUS.ok);
    },
  },
  {
    method: "DELETE",
    path: "/limits/:type",
    scope: "operate",
    operation: {
      id: "restoreLimits",
      tag: "system",
      summary: "Take changed limits back: those of the code are in force again",
      answers: {
        [STATUS.ok]: {
          description: "The limits as they are now.",
          content: json(limitedTypeAnswer),
        },
      },
      problems: ["unknown-limits", ...WRITE_PROBLEMS],
    },
    async handle({ req }, deps) {
      refuseQuery(req.raw);
      return jsonResponse(
        await restoreLimits(req.param("type") ?? "", req.raw, deps),
        STATUS.ok,
      );
    },
  },
];

/**
 * Takes changed limits back for whoever the request comes from.
 *
 * @throws {Problem} `unknown-limits`
 */
export async function restoreLimits(
  type: string,
  request: Request,
  { engine, spans }: HttpDeps,
): Promise<LimitedType> {
  const restored = await engine.limits.restore(type, undefined, originOf(request, spans));
  if (restored !== undefined) return restored;
  throw new Problem(
    "unknown-limits",
    `Cannot take back limits of ${type}: none are changed`,
  );
}
