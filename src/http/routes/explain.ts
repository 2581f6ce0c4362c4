/**
 * `/jobs/:id/explain`, `/events/:id/explain`, `/queue/explain` and `/explain?about=`: why it is so,
 * as JSON or as prose.
 */

import type { Context } from "hono";
import * as v from "valibot";
import {
  aboutText,
  eventExplanationText,
  queueExplanationText,
} from "../../explain/asked_texts.ts";
import { explanationText } from "../../explain/explanation_text.ts";
import type { Action, Citation, NextStep } from "../../explain/explanation.ts";
import { type EventId, ID_PATTERN } from "../../core/ids.ts";
import {
  aboutAnswer,
  eventExplanationAnswer,
  explanationAnswer,
  queueExplanationAnswer,
} from "../answers/explanation.ts";
import { lookingBack } from "../guard/capacity.ts";
import { curlOf } from "../answers/curl.ts";
import type { HttpDeps } from "../http_deps.ts";
import { unknownJob, valueOf } from "../problems/engine_problem.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { type Answer, json } from "../openapi/operation.ts";
import { Problem, STATUS } from "../problems/problem.ts";
import { invalidParameter, readQuery } from "../requests/query.ts";
import { choice, single } from "../requests/query_parameters.ts";
import { reachedAs } from "../requests/headers.ts";
import { jsonResponse, textResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";
import { jobIdOf } from "./jobs.ts";
import { POINT_PARAMETERS } from "./replay.ts";

const EXPLAIN_PARAMETERS = {
  format: single(choice(["json", "text"]), "Instead of what Accept asks for."),
};

const JOB_PARAMETERS = { ...EXPLAIN_PARAMETERS, ...POINT_PARAMETERS };

async function explainJob(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, JOB_PARAMETERS);
  const format = query.format ?? wantedFormat(c.req.raw);
  const jobId = jobIdOf(c);
  const { origin } = reachedAs(c.req.raw);
  const commandOf = (action: Action) => curlOf(action, origin, deps.needsToken);
  const at = query.at?.point;
  const explanation = await lookingBack(
    deps,
    async ({ hold }) =>
      at === undefined
        ? await deps.engine.explain(jobId, hold)
        : valueOf(await deps.engine.explainAt(jobId, at, hold)),
  );
  if (explanation === undefined) throw unknownJob(jobId);
  return format === "text"
    ? textResponse(explanationText(explanation, { commandOf, nowMs: deps.clock.now() }), STATUS.ok)
    : largeJsonResponse(deps, withCurls(explanation, commandOf), STATUS.ok);
}

async function explainEvent(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, EXPLAIN_PARAMETERS);
  const format = query.format ?? wantedFormat(c.req.raw);
  const id = c.req.param("id") ?? "";
  const explanation = ID_PATTERN.test(id)
    ? await lookingBack(deps, ({ hold }) => deps.engine.explainEvent(id as EventId, hold))
    : undefined;
  if (explanation === undefined) throw unknownEvent();
  return format === "text"
    ? textResponse(eventExplanationText(explanation), STATUS.ok)
    : largeJsonResponse(deps, explanation, STATUS.ok);
}

const VALUE_LENGTH_MAX = 200;

const ABOUT_PARAMETERS = {
  ...EXPLAIN_PARAMETERS,
  about: {
    ...single(
      v.pipe(v.string(), v.minLength(1), v.maxLength(VALUE_LENGTH_MAX)),
      "A value, in whatever form: an id, a label, a scalar of an input or of an event.",
    ),
    required: true,
  },
};

async function explainAbout(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, ABOUT_PARAMETERS);
  const format = query.format ?? wantedFormat(c.req.raw);
  const { about } = query;
  if (about === undefined) {
    throw invalidParameter("about", "is required; what holds up all work, GET /queue/explain says");
  }
  const answer = await lookingBack(deps, ({ hold }) => deps.engine.explainAbout(about, hold));
  return format === "text"
    ? textResponse(aboutText(answer), STATUS.ok)
    : largeJsonResponse(deps, answer, STATUS.ok);
}

/** Why the work as a whole stands still, or that it goes on. */
async function explainQueue(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, EXPLAIN_PARAMETERS);
  const format = query.format ?? wantedFormat(c.req.raw);
  const { origin } = reachedAs(c.req.raw);
  const commandOf = (action: Action) => curlOf(action, origin, deps.needsToken);
  const told = await lookingBack(deps, () => deps.engine.explainQueue());
  return format === "text"
    ? textResponse(queueExplanationText(told, { commandOf, nowMs: deps.clock.now() }), STATUS.ok)
    : jsonResponse(withCurls(told, commandOf), STATUS.ok);
}

function unknownEvent(): Problem {
  return new Problem("unknown-event", "Cannot find the event: no entry has this id");
}

/** Text for whoever asks for it, and does not ask for JSON as well. */
function wantedFormat(request: Request): "json" | "text" {
  const accept = request.headers.get("accept") ?? "";
  return accept.includes("text/plain") && !accept.includes("application/json") ? "text" : "json";
}

/** With the call of curl that does what a step says. */
function withCurls<Told extends { readonly next: readonly NextStep<Citation>[] }>(
  told: Told,
  commandOf: (action: Action) => string,
) {
  return {
    ...told,
    next: told.next.map((step) =>
      step.action === undefined ? step : { ...step, curl: commandOf(step.action) }
    ),
  };
}

/** As JSON or as prose. */
function answers(schema: v.GenericSchema): Readonly<Record<number, Answer>> {
  return {
    [STATUS.ok]: {
      description: "Every statement cites entries.",
      content: { ...json(schema), "text/plain": { schema: v.string() } },
    },
  };
}

export const EXPLAIN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/jobs/:id/explain",
    scope: "read",
    operation: {
      id: "explainJob",
      tag: "replay",
      summary: "Say why a job is as it is, or was",
      description: "With `at` as of then: from what was on record, wherever in the journal. A " +
        "look back offers nothing to be done.",
      query: JOB_PARAMETERS,
      answers: answers(explanationAnswer),
      problems: ["unknown-job", "unknown-point"],
    },
    handle: explainJob,
  },
  {
    method: "GET",
    path: "/events/:id/explain",
    scope: "read",
    operation: {
      id: "explainEvent",
      tag: "events",
      summary: "Say what became of an event",
      description:
        "The jobs that it reached, and what it did there; those that wait for one like " +
        "it, and what it fails; and what was refused since it came with the same id.",
      query: EXPLAIN_PARAMETERS,
      answers: answers(eventExplanationAnswer),
      problems: ["unknown-event"],
    },
    handle: explainEvent,
  },
  {
    method: "GET",
    path: "/queue/explain",
    scope: "read",
    operation: {
      id: "explainQueue",
      tag: "jobs",
      summary: "Say why all work stands still, or that it goes on",
      description:
        "What holds up the work as a whole: who has the workers, a pause, a full disk, " +
        "or jobs that are all parked or suspended; and what would end that.",
      query: EXPLAIN_PARAMETERS,
      answers: answers(queueExplanationAnswer),
      problems: [],
    },
    handle: explainQueue,
  },
  {
    method: "GET",
    path: "/explain",
    scope: "read",
    operation: {
      id: "explainAbout",
      tag: "events",
      summary: "Say what carries a value",
      description: "The jobs that were given it and the events that say it, in whatever form: so " +
        "that somebody who knows an order finds out why there is no job.",
      query: ABOUT_PARAMETERS,
      answers: answers(aboutAnswer),
      problems: [],
    },
    handle: explainAbout,
  },
];
