/** `POST /jobs`: create a job, and tell of it once it is on disk. */

import * as v from "valibot";
import { isTerminal } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Created, CreateRequest } from "../../engine/requests.ts";
import { jobAnswer, minimalJobAnswer } from "../answers/job.ts";
import { text } from "../answers/parts.ts";
import { SMALL_BYTES } from "../bodies/bodies.ts";
import { decodeUtf8, mediaTypeOf, unsupportedMediaType } from "../bodies/body.ts";
import { codedJob, createRequestOf, outsideJob } from "../requests/create_request.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../problems/engine_problem.ts";
import { idempotencyKeyField, idempotencyOf } from "../requests/idempotency.ts";
import { createdAnswer } from "../answers/job_answer.ts";
import { parseJson } from "../bodies/json_document.ts";
import { formDocument } from "../bodies/multipart.ts";
import { withinLazy } from "../openapi/json_schema.ts";
import {
  BODY_PROBLEMS,
  json,
  LOCATION,
  PREFERENCE_APPLIED,
  TRACE_HEADERS,
  WAIT,
  WRITE_PROBLEMS,
} from "../openapi/operation.ts";
import { type Preferences, preferencesOf } from "../requests/prefer.ts";
import { STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { originOf } from "../requests/request_origin.ts";
import type { Route } from "../route.ts";
import { waitForJob } from "../answers/waiting.ts";

const CODED_JOB = { type: "payment.collect", input: { orderId: "42" }, labels: { team: "shop" } };

const OUTSIDE_JOB = {
  plan: {
    expected: [{
      id: "shipped",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId: "42" } },
    }],
  },
};

const createBody = v.union([withinLazy(codedJob), withinLazy(outsideJob)]);

const FORM = {
  json: {
    type: "object",
    description: "The job as JSON, and files, whose text becomes members of its input.",
    properties: { job: { type: "string", contentMediaType: "application/json" } },
    required: ["job"],
    additionalProperties: true,
  },
} as const;

const CREATED = {
  content: json(v.union([jobAnswer, minimalJobAnswer])),
  headers: {
    "Location": LOCATION,
    "Idempotency-Replayed": {
      description: "true, when the key came before and nothing was created now.",
      schema: text,
    },
    "Preference-Applied": PREFERENCE_APPLIED,
  },
};

export const CREATE_ROUTES: readonly Route[] = [{
  method: "POST",
  path: "/jobs",
  scope: "submit",
  operation: {
    id: "submitJob",
    tag: "jobs",
    summary: "Create a job",
    description: "Of a type, with its input; or of a plan that events from outside fulfil. The " +
      "answer comes when the job is on disk.",
    headers: {
      "Idempotency-Key": {
        description: "The same key and body create once.",
        schema: idempotencyKeyField,
      },
      "Prefer": {
        description: `${WAIT} return=minimal: only what leads to the job. Both may be asked for.`,
        schema: v.string(),
      },
      ...TRACE_HEADERS,
    },
    body: {
      required: true,
      content: {
        ...json(createBody, { ofType: CODED_JOB, ofPlan: OUTSIDE_JOB }),
        "multipart/form-data": { schema: FORM },
      },
    },
    answers: {
      [STATUS.accepted]: { description: "The job was created.", ...CREATED },
      [STATUS.ok]: { description: "The job was created and waited for, and is over.", ...CREATED },
    },
    problems: [
      ...["job-exists", "unknown-type", "idempotency-key-reused"] as const,
      ...BODY_PROBLEMS,
      ...WRITE_PROBLEMS,
    ],
  },
  handle: ({ req }, edge) => createJob(req.raw, edge),
}];

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
