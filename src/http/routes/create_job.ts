/** `POST /jobs`: create a job, and tell of it once it is on disk. */

import type { Hono } from "hono";
import { isTerminal } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Created, CreateRequest } from "../../engine/requests.ts";
import { SMALL_BYTES } from "../bodies.ts";
import { decodeUtf8, mediaTypeOf, unsupportedMediaType } from "../body.ts";
import { createRequestOf } from "../create_request.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { idempotencyOf } from "../idempotency.ts";
import { createdAnswer } from "../job_answer.ts";
import { parseJson } from "../json_document.ts";
import { formDocument } from "../multipart.ts";
import { type Preferences, preferencesOf } from "../prefer.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { originOf } from "../request_origin.ts";
import { waitForJob } from "../waiting.ts";

export function addCreateRoute(app: Hono, edge: Edge): void {
  app.post("/jobs", (c) => createJob(c.req.raw, edge));
}

async function createJob(request: Request, edge: Edge): Promise<Response> {
  refuseQuery(request);
  const isForm = isFormTaken(request);
  const bytes = await edge.bodies.read(request);
  const document = isForm ? await formDocument(request, bytes) : parseJson(decodeUtf8(bytes));
  const wanted = requestOf(request, document, edge);
  // To judge a large plan and to make a job of it take about as long.
  if (bytes.length > SMALL_BYTES) await edge.turnstile.enterAgain();
  const created = valueOf(await edge.engine.create(wanted));
  const preferences = preferencesOf(request);
  return preferences.waitSeconds === undefined
    ? answer(edge, created, STATUS.accepted, preferences)
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
  const origin = originOf(request, edge.spans);
  if (idempotency === undefined && origin === undefined) return creation;
  return { ...creation, origin, ...(idempotency === undefined ? {} : { idempotency }) };
}

async function answerAfterWait(
  request: Request,
  edge: Edge,
  { job, replayed }: Created,
  asked: Preferences,
): Promise<Response> {
  // A preference may be ignored, a job that was created may not be denied.
  const applied = edge.waiting.isFull ? { minimal: asked.minimal } : asked;
  const now = await waitForJob(edge, request, job, isTerminal, applied.waitSeconds ?? 0);
  const status = isTerminal(now) ? STATUS.ok : STATUS.accepted;
  return answer(edge, { job: now, replayed }, status, applied);
}

const REPLAYED = { "idempotency-replayed": "true" };

function answer(
  edge: Edge,
  { job, replayed }: Created,
  status: number,
  preferences: Preferences,
): Response {
  return createdAnswer(edge, job, status, preferences, replayed ? REPLAYED : undefined);
}
