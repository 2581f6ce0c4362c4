/** The controls of a job: `/jobs/:id/start`, `cancel`, `suspend`, `resume`, `wake` and `retry`. */

import * as v from "valibot";
import type { Context } from "hono";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import {
  cancelBody,
  controlBody,
  parseControlRequest,
  parseRetryBody,
  retryBody,
  toRetryRequest,
} from "../../documents/controls.ts";
import { CONTROLS, STATE_CONTROLS, type StateControl } from "../../core/controls.ts";
import type { JobId } from "../../core/ids.ts";
import type { Citation, NextStep } from "../../explain/statements/explanation.ts";
import { capital } from "../../explain/words/phrases.ts";
import type { JobState } from "../../core/job_state.ts";
import type { RetryRequest } from "../../engine/requests.ts";
import { retryPreviewAnswer } from "../../documents/answers/explanation.ts";
import { jobAnswer } from "../../documents/answers/job.ts";
import { readOptionalJson } from "../bodies/body.ts";
import { lookingBack } from "../capacity/limits.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { changedAnswer, createdAnswer } from "../answers/job_answer.ts";
import { json, LOCATION, ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { requestOrigin } from "../requests/request.ts";
import { jsonResponse } from "../responses/response.ts";
import { sizeFor } from "../capacity/admission_gate.ts";
import { requireJob, requireMatch } from "./jobs.ts";

const HEADERS = {
  "If-Match": {
    description: "An ETag of the job: nothing is done if it has changed since.",
    schema: v.string(),
  },
};

const REASON = { reason: { reason: "a customer rang" } };

/** Named after the control: `startJob`. */
function controlRoute(kind: StateControl): Route {
  return {
    method: "POST",
    path: `/jobs/:id/${kind}`,
    scope: "operate",
    operation: {
      id: `${kind}Job`,
      tag: "jobs",
      summary: capital(CONTROLS[kind].summary),
      description: kind === "cancel"
        ? `${CONTROLS[kind].effect} ${OF_PARKED}`
        : CONTROLS[kind].effect,
      headers: HEADERS,
      body: { required: false, content: kind === "cancel" ? CANCEL : json(controlBody, REASON) },
      answers: ok("The current state of the job.", jobAnswer),
      problems: ["unknown-job", "not-in-this-state", "precondition-failed"],
    },
    handle: (c, deps) => control(c, deps, kind),
  };
}

const OF_PARKED =
  "The completed steps of a parked job are undone once code that can undo them is " +
  "loaded; with leave nothing is undone, and the answer names what is left in place. It also ends " +
  "a compensation that hangs.";

const CANCEL = json(cancelBody, {
  ...REASON,
  leaveAParkedJob: { leave: true, reason: "settled by hand" },
});

export const CONTROL_ROUTES: readonly Route[] = [
  ...STATE_CONTROLS.map(controlRoute),
  {
    method: "POST",
    path: "/jobs/:id/retry",
    scope: "operate",
    operation: {
      id: "retryJob",
      tag: "jobs",
      summary: capital(CONTROLS.retry.summary),
      description: `${CONTROLS.retry.effect} A job that was already retried is refused, so that ` +
        "a repeated request has no further effect; the refusal names the new job (newJobId). With " +
        "again it is retried once more.",
      headers: HEADERS,
      body: {
        required: false,
        content: json(retryBody, {
          fromATask: { from: "charge", reason: "the bank is back" },
          onceMore: { again: true },
          whatItWouldDo: { dryRun: true },
        }),
      },
      answers: {
        [STATUS.ok]: {
          description:
            "With dryRun: what a retry would reuse, what it would run again, and what to check " +
            "first. Nothing is recorded.",
          content: json(retryPreviewAnswer),
        },
        [STATUS.created]: {
          description: "The new job.",
          content: json(jobAnswer),
          headers: { "Location": LOCATION },
        },
      },
      problems: [
        ...["unknown-job", "not-in-this-state", "input-removed", "unknown-type"] as const,
        "precondition-failed",
      ],
    },
    handle: retry,
  },
];

async function control(c: Context, deps: HttpDeps, kind: StateControl): Promise<Response> {
  const before = requireJob(c, deps.engine);
  const request = parseControlRequest(kind, await readOptionalJson(c.req.raw, deps.bodies));
  const origin = requestOrigin(c, deps.spans);
  await turnFor(before, deps);
  requireMatch(c.req.raw, requireJob(c, deps.engine));
  const job = valueOrThrow(await deps.engine.control(before.jobId, { ...request, origin }));
  return changedAnswer(deps, job);
}

/** A small job needs no further admission after that of the body. */
function turnFor(job: JobState, { admission }: HttpDeps): Promise<void> | undefined {
  const size = sizeFor(job);
  return size === "small" ? undefined : admission.enter(size);
}

async function retry(c: Context, deps: HttpDeps): Promise<Response> {
  const before = requireJob(c, deps.engine);
  const origin = requestOrigin(c, deps.spans);
  const body = parseRetryBody(await readOptionalJson(c.req.raw, deps.bodies), before);
  await turnFor(before, deps);
  requireMatch(c.req.raw, requireJob(c, deps.engine));
  const request = { origin, ...toRetryRequest(body) };
  if (body.dryRun) return await retryPreviewed(deps, before.jobId, request);
  const job = valueOrThrow(await deps.engine.retry(before.jobId, request));
  return createdAnswer(deps, job, STATUS.created);
}

/** What the retry would do, and what must be checked first; nothing is recorded. */
async function retryPreviewed(
  deps: HttpDeps,
  jobId: JobId,
  request: RetryRequest,
): Promise<Response> {
  const job = valueOrThrow(await deps.engine.retriable(jobId, request));
  const explanation = await lookingBack(
    deps,
    async ({ hold }) => await (await deps.engine.explanations()).explainer.explain(jobId, hold),
  );
  const next = explanation?.next ?? [];
  const offer = next.findLastIndex(({ action }) => action?.path.endsWith("/retry"));
  const first = (offer < 0 ? next : next.slice(0, offer)).filter(isBeforehand);
  // Loaded at its first use: no start needs it.
  const { retryPreview } = await import("../../explain/ended/next_after_failure.ts");
  return jsonResponse({ jobId, ...retryPreview(job, request.from), first }, STATUS.ok);
}

/** Whether a person does it before a retry: by hand, or by ending a pause. */
function isBeforehand({ by, action }: NextStep<Citation>): boolean {
  return by === "anyone" && (action === undefined || action.path.startsWith("/pauses/"));
}
