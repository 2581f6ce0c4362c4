/** `/pauses`: what holds every job at once, and its end. */

import type { HeldPause } from "../../engine/requests.ts";
import { pauseAnswer, pausesAnswer } from "../answers/system.ts";
import type { HttpDeps } from "../http_deps.ts";
import { json, telling, WRITE_PROBLEMS } from "../openapi/operation.ts";
import { pauseView } from "../answers/overview_view.ts";
import { Problem, STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { originOf } from "../requests/headers.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const PAUSE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/pauses",
    scope: "read",
    operation: telling("listPauses", "List what holds every job at once", pausesAnswer),
    handle({ req }, { engine }) {
      refuseQuery(req.raw);
      return jsonResponse({ pauses: engine.pauses().map(pauseView) }, STATUS.ok);
    },
  },
  {
    method: "DELETE",
    path: "/pauses/:id",
    scope: "operate",
    operation: {
      id: "endPause",
      tag: "system",
      summary: "End a pause: what it held begins",
      answers: {
        [STATUS.ok]: { description: "The pause as it was.", content: json(pauseAnswer) },
      },
      problems: ["unknown-pause", ...WRITE_PROBLEMS],
    },
    async handle({ req }, deps) {
      refuseQuery(req.raw);
      return jsonResponse(
        pauseView(await endPause(req.param("id") ?? "", req.raw, deps)),
        STATUS.ok,
      );
    },
  },
];

/**
 * Ends a pause for whoever the request comes from.
 *
 * @returns The pause as it was.
 * @throws {Problem} `unknown-pause`
 */
export async function endPause(
  pauseId: string,
  request: Request,
  { engine, spans }: HttpDeps,
): Promise<HeldPause> {
  const ended = await engine.endPause(pauseId, originOf(request, spans));
  if (ended !== undefined) return ended;
  throw new Problem("unknown-pause", `Cannot end pause ${pauseId}: there is none with this id`);
}
