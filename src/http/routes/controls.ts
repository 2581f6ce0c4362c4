/** Controls: `/jobs/:id/start`, `cancel`, `suspend`, `resume`, `wake` and `retry`. */

import type { Context, Hono } from "hono";
import * as v from "valibot";
import { decide } from "../../core/decide.ts";
import type { TaskId } from "../../core/ids.ts";
import { retryPreview } from "../../core/retry_preview.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { ControlRequest } from "../../engine/requests.ts";
import { readOptionalJson } from "../body.ts";
import { lookingBack } from "../capacity.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { reasonField, strictObject, taskIdField } from "../fields.ts";
import { checked } from "../issues.ts";
import { changedAnswer, createdAnswer } from "../job_answer.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { originOf } from "../request_origin.ts";
import { jsonResponse } from "../response.ts";
import { sizeFor } from "../turnstile.ts";
import { jobOf } from "./job_id.ts";

const CONTROLS = ["start", "cancel", "suspend", "resume", "wake"] as const;

export const controlBody = strictObject({ reason: v.exactOptional(reasonField) });

export const cancelBody = strictObject({
  reason: v.exactOptional(reasonField),
  leave: v.exactOptional(v.boolean("must be true or false")),
});

export const retryBody = strictObject({
  reason: v.exactOptional(reasonField),
  from: v.exactOptional(taskIdField),
  dryRun: v.exactOptional(v.boolean("must be true or false")),
});

export function addControlRoutes(app: Hono, edge: Edge): void {
  for (const kind of CONTROLS) app.post(`/jobs/:id/${kind}`, (c) => control(c, edge, kind));
  app.post("/jobs/:id/retry", (c) => retry(c, edge));
}

async function control(c: Context, edge: Edge, kind: ControlRequest["kind"]): Promise<Response> {
  refuseQuery(c.req.raw);
  const before = jobOf(c, edge.engine);
  const request = controlRequestOf(kind, await readOptionalJson(c.req.raw, edge.bodies));
  const origin = originOf(c.req.raw, edge.spans);
  await turnFor(before, edge);
  const job = valueOf(await edge.engine.control(before.jobId, { ...request, origin }));
  return changedAnswer(edge, job);
}

/** What is small has had its turn with its body. */
function turnFor(job: JobState, { turnstile }: Edge): Promise<void> | undefined {
  const size = sizeFor(job);
  return size === "small" ? undefined : turnstile.enter(size);
}

/** @throws {Problem} `invalid-request`. */
export function controlRequestOf(kind: ControlRequest["kind"], body: JsonValue): ControlRequest {
  return kind === "cancel"
    ? { kind, ...checked(cancelBody, body) }
    : { kind, ...checked(controlBody, body) };
}

async function retry(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  const before = jobOf(c, edge.engine);
  const origin = originOf(c.req.raw, edge.spans);
  const { dryRun = false, ...request } = checked(
    retryBody,
    await readOptionalJson(c.req.raw, edge.bodies),
  );
  await turnFor(before, edge);
  if (dryRun) return await retryPreviewed(edge, before, request.from);
  const job = valueOf(await edge.engine.retry(before.jobId, { origin, ...request }));
  return createdAnswer(edge, job, STATUS.created);
}

/** What the retry would do, and what somebody has to see to first; nothing is recorded. */
async function retryPreviewed(edge: Edge, job: JobState, from?: TaskId): Promise<Response> {
  const { jobId } = job;
  const about = { newJobId: jobId, attributes: job, facts: [] };
  const decision = decide(job, {
    kind: "retry",
    ...about,
    ...(from === undefined ? {} : { from }),
  });
  if (!decision.accepted) {
    const { rejection } = decision;
    return valueOf<Response>({ ok: false, problem: { kind: "rejected", rejection } });
  }
  const explanation = await lookingBack(edge, ({ hold }) => edge.engine.explain(jobId, hold));
  const first = (explanation?.next ?? [])
    .filter(({ by, action }) => by === "anyone" && action === undefined);
  return jsonResponse({ jobId, ...retryPreview(job, from), first }, STATUS.ok);
}
