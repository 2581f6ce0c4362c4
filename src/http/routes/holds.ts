/**
 * /limits and /pauses: how many jobs of a type may run at a time, and what holds many jobs at once.
 */

import {
  limitedTypeAnswer,
  limitsAnswer,
  pauseAnswer,
  pausesAnswer,
} from "../../documents/answers/system.ts";
import {
  beginPause,
  changeLimits,
  endPause,
  limitsBody,
  pauseBody,
  restoreLimits,
} from "../../documents/controls.ts";
import { readJson } from "../bodies/body.ts";
import { currentState, json, ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { requestOrigin } from "../requests/request.ts";
import { jsonResponse } from "../responses/response.ts";

const EXAMPLES = {
  fewer: { maxRunning: 2, reason: "the provider is slow today" },
  rate: { rate: { count: 100, perMs: 60_000 }, reason: "a new contract" },
};

export const HOLD_ROUTES: readonly Route[] = [
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
      problems: ["unknown-limits"],
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
      problems: ["unknown-limits"],
    },
    async handle(c, { engine, spans }) {
      const type = c.req.param("type") ?? "";
      const restored = await restoreLimits(type, engine, requestOrigin(c, spans));
      return jsonResponse(restored, STATUS.ok);
    },
  },
  {
    method: "GET",
    path: "/pauses",
    by: "leader",
    scope: "read",
    operation: currentState("listPauses", "List the pauses, with what each holds", pausesAnswer, {
      description:
        "Each pause in force: when, by whom and why it began, and how many jobs it holds.",
    }),
    handle: (_, { engine }) => jsonResponse({ pauses: engine.pauses.all() }, STATUS.ok),
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
        "given. Running attempts finish and are recorded; no new ones start. Jobs can be created, " +
        "events count, and timers elapse; the jobs that they wake wait for the end of the pause. A " +
        "pause is recorded, and survives restarts. While it is in force, repeating the same request " +
        "(type, label, key, reason and end) returns the same pause, so it is safe to send it again " +
        "if the answer was lost.",
      body: {
        required: true,
        content: json(pauseBody, {
          oneType: { type: "payment.collect", reason: "the bank is down" },
          oneLabel: { label: "shop:berlin", reason: "stocktaking", until: "2027-01-31T18:00:00Z" },
        }),
      },
      answers: {
        [STATUS.ok]: {
          description: "The pause that an earlier equal request began; nothing is recorded.",
          content: json(pauseAnswer),
        },
        [STATUS.created]: { description: "The pause.", content: json(pauseAnswer) },
      },
      problems: ["unknown-type", "over-capacity"],
    },
    async handle(c, deps) {
      const body = await readJson(c.req.raw, deps.bodies);
      const { pause, isNew } = await beginPause(body, deps, requestOrigin(c, deps.spans));
      return jsonResponse(pause, isNew ? STATUS.created : STATUS.ok);
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
      problems: ["unknown-pause"],
    },
    async handle(c, { engine, spans }) {
      const ended = await endPause(c.req.param("id") ?? "", engine, requestOrigin(c, spans));
      return jsonResponse(ended, STATUS.ok);
    },
  },
];
