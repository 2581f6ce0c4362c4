/** `/pauses`: list, begin and end the pauses that hold many jobs at once. */

import { pauseAnswer, pausesAnswer } from "../../documents/answers/system.ts";
import { beginPause, endPause, pauseBody } from "../../documents/controls.ts";
import { readJson } from "../bodies/body.ts";
import {
  BODY_PROBLEMS,
  currentState,
  json,
  ok,
  TRACE_HEADERS,
  WRITE_PROBLEMS,
} from "../openapi/operation.ts";
import { pauseView } from "../answers/overview_view.ts";
import { STATUS } from "../problems/problem.ts";
import { requestOrigin } from "../requests/headers.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const PAUSE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/pauses",
    by: "leader",
    scope: "read",
    operation: currentState("listPauses", "List the pauses, with what each holds", pausesAnswer, {
      description:
        "Each pause in force: when, by whom and why it began, and how many jobs it holds.",
    }),
    handle: (_, { engine }) =>
      jsonResponse({ pauses: engine.pauses.all().map(pauseView) }, STATUS.ok),
  },
  {
    method: "POST",
    path: "/pauses",
    scope: "operate",
    operation: {
      id: "beginPause",
      tag: "system",
      summary: "Pause jobs: no attempt starts until the pause ends",
      description: "A pause holds the jobs that match every given member, or all jobs if none is " +
        "given. Running attempts finish and are recorded; no other starts. Jobs can be created, " +
        "events count, and timers elapse; the jobs that they wake wait for the end of the pause. A " +
        "pause is recorded, and survives restarts. While it is in force, repeating the same request " +
        "(type, label, key, reason and end) returns the same pause, so it is safe to send it again " +
        "if the answer was lost.",
      headers: TRACE_HEADERS,
      body: {
        required: true,
        content: json(pauseBody, {
          oneType: { type: "payment.collect", reason: "the bank is down" },
          oneLabel: {
            label: "shop:berlin",
            reason: "stocktaking",
            until: "2027-01-31T18:00:00Z",
          },
        }),
      },
      answers: {
        [STATUS.ok]: {
          description: "The pause that an earlier equal request began; nothing is recorded.",
          content: json(pauseAnswer),
        },
        [STATUS.created]: { description: "The pause.", content: json(pauseAnswer) },
      },
      problems: [...BODY_PROBLEMS, "unknown-type", "over-capacity", ...WRITE_PROBLEMS],
    },
    async handle(c, deps) {
      const body = await readJson(c.req.raw, deps.bodies);
      const { pause, isNew } = await beginPause(body, deps, requestOrigin(c, deps.spans));
      return jsonResponse(pauseView(pause), isNew ? STATUS.created : STATUS.ok);
    },
  },
  {
    method: "DELETE",
    path: "/pauses/:id",
    scope: "operate",
    operation: {
      id: "endPause",
      tag: "system",
      summary: "End a pause: the jobs it held can start",
      description:
        "The end is recorded with the name of the token. Jobs start as workers become free.",
      answers: ok("The pause that ended.", pauseAnswer),
      problems: ["unknown-pause", ...WRITE_PROBLEMS],
    },
    async handle(c, { engine, spans }) {
      const ended = await endPause(c.req.param("id") ?? "", engine, requestOrigin(c, spans));
      return jsonResponse(pauseView(ended), STATUS.ok);
    },
  },
];
