/** `/pauses`: what holds many jobs at once, its beginning and its end. */

import * as v from "valibot";
import { KEY_PATTERN, KEY_RULE } from "../../engine/limits.ts";
import type { Origin } from "../../core/origin.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import type { HeldPause } from "../../engine/requests.ts";
import { type BegunPause, PAUSES_MAX } from "../../engine/run/pause_controls.ts";
import { says } from "../answers/parts.ts";
import { pauseAnswer, pausesAnswer } from "../answers/system.ts";
import { readJson } from "../bodies/body.ts";
import type { HttpDeps } from "../http_deps.ts";
import {
  BODY_PROBLEMS,
  json,
  telling,
  TRACE_HEADERS,
  WRITE_PROBLEMS,
} from "../openapi/operation.ts";
import { pauseView } from "../answers/overview_view.ts";
import { unknownType } from "../problems/engine_problem.ts";
import { invalidRequest, Problem, STATUS } from "../problems/problem.ts";
import {
  checked,
  jobLabelField,
  neededReasonField,
  strictObject,
  timeField,
} from "../requests/fields.ts";
import { refuseQuery } from "../requests/query.ts";
import { originOf } from "../requests/headers.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

const keyField = v.pipe(v.string(), v.regex(KEY_PATTERN, `must be ${KEY_RULE}`));

const pauseBody = strictObject({
  type: v.exactOptional(says(v.string(), "Only jobs of this type.")),
  label: v.exactOptional(says(jobLabelField, "Only jobs with this label, as name:value.")),
  key: v.exactOptional(
    says(keyField, "Only jobs of this key (limits.key of their definition)."),
  ),
  reason: says(neededReasonField, "Why; it is recorded, and shown in explanations."),
  until: v.exactOptional(
    says(timeField, "When it ends automatically; without it, it lasts until someone ends it."),
  ),
});

export const PAUSE_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/pauses",
    by: "leader",
    scope: "read",
    operation: telling("listPauses", "List the pauses, with what each holds", pausesAnswer, {
      description: "Those in force: since when, by whom, why, and how many jobs each holds.",
    }),
    handle({ req }, { engine }) {
      refuseQuery(req.raw);
      return jsonResponse({ pauses: engine.pauses.all().map(pauseView) }, STATUS.ok);
    },
  },
  {
    method: "POST",
    path: "/pauses",
    scope: "operate",
    operation: {
      id: "beginPause",
      tag: "system",
      summary: "Pause jobs: no attempt starts until the pause ends",
      description: "It holds the jobs that match every member given, or all jobs if none is " +
        "given. Running attempts finish and are recorded; no other starts. Jobs can be created, " +
        "events count, and timers elapse: jobs that they wake wait for the end of the pause. A " +
        "pause is recorded, and survives restarts. While it is in force, the same request " +
        "again (type, label, key, reason and end) is answered with it, so it may be sent again " +
        "after an answer that was lost.",
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
          description: "The pause that the same request began before; nothing is recorded.",
          content: json(pauseAnswer),
        },
        [STATUS.created]: { description: "The pause.", content: json(pauseAnswer) },
      },
      problems: [...BODY_PROBLEMS, "unknown-type", "over-capacity", ...WRITE_PROBLEMS],
    },
    async handle(c, deps) {
      refuseQuery(c.req.raw);
      const body = await readJson(c.req.raw, deps.bodies);
      const { pause, isNew } = await beginPause(body, deps, originOf(c, deps.spans));
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
      description: "It is recorded, with who ended it. Jobs start as workers become free.",
      answers: {
        [STATUS.ok]: { description: "The pause as it was.", content: json(pauseAnswer) },
      },
      problems: ["unknown-pause", ...WRITE_PROBLEMS],
    },
    async handle(c, deps) {
      refuseQuery(c.req.raw);
      const ended = await endPause(
        c.req.param("id") ?? "",
        deps.engine,
        originOf(c, deps.spans),
      );
      return jsonResponse(pauseView(ended), STATUS.ok);
    },
  },
];

/**
 * Begins a pause, unless one that is the same is in force.
 *
 * @param body As `POST /pauses` takes it.
 * @throws {Problem} `invalid-request`, `unknown-type`, `over-capacity`
 */
export async function beginPause(
  body: unknown,
  { engine, clock }: Pick<HttpDeps, "engine" | "clock">,
  origin?: Origin,
): Promise<BegunPause> {
  const asked = checked(pauseBody, body);
  const types = [...new Set(engine.definitions().map(({ type }) => type))];
  if (asked.type !== undefined && !types.includes(asked.type)) {
    throw unknownType("pause", asked.type, types);
  }
  if (asked.until !== undefined && Date.parse(asked.until) <= clock.now()) {
    throw invalidRequest([{ pointer: "/until", detail: "must be in the future" }]);
  }
  const begun = await engine.pauses.begin(asked, origin);
  if (begun !== undefined) return begun;
  throw new Problem(
    "over-capacity",
    `Cannot pause: ${PAUSES_MAX} pauses are in force, which is the maximum`,
    {},
    { "retry-after": "5" },
  );
}

/**
 * Ends a pause.
 *
 * @returns The pause as it was.
 * @throws {Problem} `unknown-pause`
 */
export async function endPause(
  pauseId: string,
  engine: JobEngine,
  origin?: Origin,
): Promise<HeldPause> {
  const ended = await engine.pauses.end(pauseId, origin);
  if (ended !== undefined) return ended;
  throw new Problem("unknown-pause", `Cannot end pause ${pauseId}: no pause in force has this id`);
}
