/**
 * `/jobs/:id/explain`, `/events/:id/explain`, `/queue/explain` and `/explain?about=`: explanations
 * as JSON or as prose.
 */

import type { Context } from "hono";
import * as v from "valibot";
import { invalidParameter } from "../../documents/refusal.ts";
import type { TextOptions } from "../../explain/explanation_text.ts";
import type { Action, Citation, NextStep } from "../../explain/statements/explanation.ts";
import { type EventId, ID_PATTERN } from "../../core/ids.ts";
import { parseWholeNumber } from "../../documents/fields.ts";
import {
  aboutAnswer,
  eventExplanationAnswer,
  explanationAnswer,
  queueExplanationAnswer,
} from "../../documents/answers/explanation.ts";
import { curlCall } from "../../explain/open/requests_to_send.ts";
import { lookingBack } from "../capacity/limits.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { unknownJob, valueOrThrow } from "../../documents/engine_refusal.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { type Answer, json, type Route } from "../routing/route.ts";
import { Problem, STATUS } from "../responses/problem.ts";
import { prefers, reachedAs, readQuery } from "../requests/request.ts";
import { choice, single } from "../../documents/parameters.ts";
import { textResponse } from "../responses/response.ts";
import { jobIdParameter } from "./jobs.ts";
import { POINT_PARAMETERS } from "./replay.ts";

const EXPLAIN_PARAMETERS = {
  format: single(choice(["json", "text"]), "Takes precedence over Accept."),
};

const JOB_PARAMETERS = { ...EXPLAIN_PARAMETERS, ...POINT_PARAMETERS };

async function explainJob(c: Context, deps: HttpDeps): Promise<Response> {
  const { format, at } = readQuery(c.req.raw, JOB_PARAMETERS);
  const jobId = jobIdParameter(c);
  const explanation = await lookingBack(
    deps,
    async ({ hold }) => {
      const { explainer } = await deps.engine.explanations();
      return at === undefined
        ? await explainer.explain(jobId, hold)
        : valueOrThrow(await explainer.explainAt(jobId, at.point, hold));
    },
  );
  if (explanation === undefined) throw unknownJob(jobId);
  return withCommands(c, deps, format, explanation, (texts) => texts.explanationText);
}

async function explainEvent(c: Context, deps: HttpDeps): Promise<Response> {
  const { format } = readQuery(c.req.raw, EXPLAIN_PARAMETERS);
  const id = c.req.param("id") ?? "";
  const explanation = ID_PATTERN.test(id)
    ? await lookingBack(
      deps,
      async ({ hold }) => {
        const { eventExplainer } = await deps.engine.explanations();
        return await eventExplainer.explain(id as EventId, hold);
      },
    )
    : undefined;
  if (explanation === undefined) throw unknownEvent(id);
  return answer(c, deps, format, explanation, (texts) => texts.eventExplanationText(explanation));
}

const VALUE_LENGTH_MAX = 200;

const ABOUT_PARAMETERS = {
  ...EXPLAIN_PARAMETERS,
  about: {
    ...single(
      v.pipe(
        v.string(),
        v.minLength(1, "must not be empty"),
        v.maxLength(VALUE_LENGTH_MAX, `must be at most ${VALUE_LENGTH_MAX} characters`),
      ),
      "A value in any form: an id, a label, or a scalar of an input or an event.",
    ),
    required: true,
  },
};

async function explainAbout(c: Context, deps: HttpDeps): Promise<Response> {
  const { format, about } = readQuery(c.req.raw, ABOUT_PARAMETERS);
  if (about === undefined) {
    throw invalidParameter(
      "about",
      "is required; GET /queue/explain explains why all work has stopped",
    );
  }
  const explanation = await lookingBack(
    deps,
    async ({ hold }) => await (await deps.engine.explanations()).about.of(about, hold),
  );
  return answer(c, deps, format, explanation, (texts) => texts.aboutText(explanation));
}

/** Explains why all work has stopped, or says that it has not. */
async function explainQueue(c: Context, deps: HttpDeps): Promise<Response> {
  const { format } = readQuery(c.req.raw, EXPLAIN_PARAMETERS);
  const explanation = await lookingBack(
    deps,
    async () => await (await deps.engine.explanations()).queueExplainer.explain(),
  );
  return withCommands(c, deps, format, explanation, (texts) => texts.queueExplanationText);
}

function unknownEvent(id: string): Problem {
  const logId = parseWholeNumber(id);
  const advice = logId === undefined || logId === 0
    ? ""
    : `; if ${id} is a position, GET /events?after=${logId - 1}&limit=1 shows its event id`;
  return new Problem("unknown-event", `Cannot find the event: no entry has this id${advice}`);
}

type Format = "json" | "text" | undefined;

/** Loaded at their first use: no start needs them. */
const explanationTexts = () => import("../../explain/explanation_text.ts");
type ExplanationTexts = Awaited<ReturnType<typeof explanationTexts>>;

/** @param format Takes precedence over the header `Accept`. */
async function answer(
  c: Context,
  deps: HttpDeps,
  format: Format,
  explanation: object,
  toText: (texts: ExplanationTexts) => string,
): Promise<Response> {
  return format === "text" || (format === undefined && prefers(c, "text/plain"))
    ? textResponse(toText(await explanationTexts()), STATUS.ok)
    : largeJsonResponse(deps, explanation, STATUS.ok);
}

/** Adds the curl call for each step that has one. */
function withCommands<Explained extends { readonly next: readonly NextStep<Citation>[] }>(
  c: Context,
  deps: HttpDeps,
  format: Format,
  explanation: Explained,
  toText: (texts: ExplanationTexts) => (explanation: Explained, options: TextOptions) => string,
): Promise<Response> {
  const { origin } = reachedAs(c.req.raw);
  const commandOf = (action: Action) => curlCall(action, origin, deps.needsToken);
  const next = explanation.next.map((step) =>
    step.action === undefined ? step : { ...step, curl: commandOf(step.action) }
  );
  return answer(
    c,
    deps,
    format,
    { ...explanation, next },
    (texts) => toText(texts)(explanation, { commandOf, nowMs: deps.clock.now() }),
  );
}

const PROSE = {
  waiting: 'Job order-42 is waiting for "shipped" (ec.shipment.ShipmentCompleted), 0 of 1.\n',
};

/** As JSON or as prose. */
function answers(schema: v.GenericSchema): Readonly<Record<number, Answer>> {
  return {
    [STATUS.ok]: {
      description: "Every statement cites entries.",
      content: { ...json(schema), "text/plain": { schema: v.string(), examples: PROSE } },
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
      summary: "Explain the state of a job, now or in the past",
      description: "With `at`, as of that point, from what was on record by then. An " +
        "explanation of the past offers no actions.",
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
      summary: "Explain what became of an event",
      description:
        "The jobs that it reached, and its effect there; jobs that wait for a similar event, and the " +
        "clauses that failed; and events refused because they had the same id.",
      query: EXPLAIN_PARAMETERS,
      answers: answers(eventExplanationAnswer),
      problems: ["unknown-event"],
    },
    handle: explainEvent,
  },
  {
    method: "GET",
    path: "/queue/explain",
    by: "leader",
    scope: "read",
    operation: {
      id: "explainQueue",
      tag: "jobs",
      summary: "Explain why all work has stopped, or say that it has not",
      description:
        "What stops all work, such as jobs that hold every worker, a pause, a full disk, or jobs " +
        "that are all parked or suspended; and what would resume it.",
      query: EXPLAIN_PARAMETERS,
      answers: answers(queueExplanationAnswer),
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
      summary: "Find every job and event that carries a value",
      description: "Jobs and events with the value, in any form. With an order number you can " +
        "find out, for example, why it has no job.",
      query: ABOUT_PARAMETERS,
      answers: answers(aboutAnswer),
    },
    handle: explainAbout,
  },
];
