/** `POST /jobs`: create a job, and tell of it once it is on disk. */

import type { Hono } from "hono";
import { isTerminal } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Created, CreateRequest } from "../../engine/requests.ts";
import { decodeUtf8, mediaTypeOf, unsupportedMediaType } from "../body.ts";
import { createRequestOf } from "../create_request.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { idempotencyOf } from "../idempotency.ts";
import { jobText, minimalText } from "../job_text.ts";
import { jobPath } from "../job_view.ts";
import { parseJson } from "../json_document.ts";
import { formDocument } from "../multipart.ts";
import { appliedHeader, type Preferences, preferencesOf } from "../prefer.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { traceOf } from "../request_trace.ts";
import { createdResponse } from "../response.ts";
import { waitForJob } from "../waiting.ts";

export function addCreateRoute(app: Hono, edge: Edge): void {
  app.post("/jobs", (c) => createJob(c.req.raw, edge));
}

async function createJob(request: Request, edge: Edge): Promise<Response> {
  refuseQuery(request);
  const isForm = isFormTaken(request);
  const bytes = await edge.bodies.read(request);
  const document = isForm
    ? await formDocument(request, bytes)
    : parseJson(decodeUtf8(bytes, request));
  const created = valueOf(await edge.engine.create(requestOf(request, document, edge)));
  const preferences = preferencesOf(request);
  return preferences.waitSeconds === undefined
    ? answer(created, STATUS.accepted, preferences)
    : await answerAfterWait(request, edge, created, preferences);
}

/** Whether the body is a form; else it is JSON. @throws {Problem} when it is neither. */
function isFormTaken(request: Request): boolean {
  const mediaType = mediaTypeOf(request);
  if (mediaType === "application/json") return false;
  if (mediaType === "multipart/form-data") return true;
  throw unsupportedMediaType(mediaType, ["application/json", "multipart/form-data"]);
}

function requestOf(request: Request, document: JsonValue, edge: Edge): CreateRequest {
  const { maxStartDelayMs, clock } = edge;
  const creation = createRequestOf(document, { now: clock.now(), maxStartDelayMs });
  const idempotency = idempotencyOf(request.headers.get("idempotency-key"), document);
  const trace = traceOf(request, edge.spans);
  if (idempotency === undefined && trace === undefined) return creation;
  return { ...creation, trace, ...(idempotency === undefined ? {} : { idempotency }) };
}

async function answerAfterWait(
  request: Request,
  edge: Edge,
  { job, replayed }: Created,
  asked: Preferences,
): Promise<Response> {
  // A preference may be ignored, a job that was created may not be denied.
  const heeded = edge.waiting.isFull ? { minimal: asked.minimal } : asked;
  const now = await waitForJob(edge, request, job, isTerminal, heeded.waitSeconds ?? 0);
  const status = isTerminal(now) ? STATUS.ok : STATUS.accepted;
  return answer({ job: now, replayed }, status, heeded);
}

const REPLAYED = { "idempotency-replayed": "true" };

function answer({ job, replayed }: Created, status: number, preferences: Preferences): Response {
  const text = preferences.minimal ? minimalText(job) : jobText(job);
  const applied = appliedHeader(preferences);
  const headers = replayed ? { ...applied, ...REPLAYED } : applied;
  return createdResponse(text, status, jobPath(job.jobId), headers);
}
