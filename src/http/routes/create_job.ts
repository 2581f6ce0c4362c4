/** `POST /jobs`: create a job, or many, and answer once they are on disk. */

import type { Context } from "hono";
import * as v from "valibot";
import {
  createAll,
  createJudging,
  idempotencyKeyField,
  type JudgedJob,
  receiptView,
  toIdempotency,
} from "../../documents/jobs.ts";
import { isTerminal } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Work } from "../../core/work.ts";
import type { Created, CreateRequest } from "../../engine/requests.ts";
import { jobAnswer, jobReceiptsAnswer, minimalJobAnswer } from "../../documents/answers/job.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { text } from "../../documents/answers/parts.ts";
import { SMALL_BYTES } from "../bodies/bodies.ts";
import { decodeUtf8, formDocument, parseMediaType, unsupportedMediaType } from "../bodies/body.ts";
import { newJob, parseCreateRequest } from "../../documents/create_request.ts";
import {
  type Judging,
  manyInLines,
  type OneOrMany,
  oneOrMany,
} from "../../documents/one_or_many.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import { parsePreferences, type Preferences, requestOrigin } from "../requests/request.ts";
import { createdAnswer } from "../answers/job_answer.ts";
import { parseJson } from "../../documents/json_document.ts";
import {
  json,
  linesOf,
  listOf,
  LOCATION,
  PREFERENCE_APPLIED,
  type Route,
  WAIT,
} from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { waitForJob } from "../answers/waiting.ts";

const CODED_JOB = { type: "payment.collect", input: { orderId: "42" }, labels: { team: "shop" } };

/** It works with any definitions, since a plan needs no code. */
export const OUTSIDE_JOB = {
  plan: {
    expected: [{
      id: "shipped",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId: "42" } },
    }],
  },
};

const FORM = {
  json: {
    type: "object",
    description: "The job as JSON, and files whose text is added to its input.",
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
      description: "true if the key was already used, so that nothing was created.",
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
    summary: "Create a job, or many",
    description:
      "A job of a type, with its input; or a job with a plan that outside events satisfy. The " +
      "answer is sent when the job is on disk. Many jobs, in an array or NDJSON, are checked one " +
      "by one and recorded in one batch: each gets a receipt, in order, and an invalid one does " +
      "not affect the others.",
    headers: {
      "Idempotency-Key": {
        description:
          "The same key and body create a job only once. For many jobs, the key applies to " +
          "each position: only jobs not created before are created.",
        schema: idempotencyKeyField,
      },
      "Prefer": {
        description: `${WAIT} return=minimal: answer only with ids and links. Both can be ` +
          "combined.",
        schema: v.string(),
      },
    },
    body: {
      required: true,
      content: {
        ...json(v.union([newJob, listOf("NewJob")]), {
          ofType: CODED_JOB,
          ofPlan: OUTSIDE_JOB,
          many: [CODED_JOB, OUTSIDE_JOB],
        }),
        ...linesOf("NewJob", "One job per line."),
        "multipart/form-data": { schema: FORM },
      },
    },
    answers: {
      [STATUS.accepted]: { description: "The job was created.", ...CREATED },
      [STATUS.ok]: {
        ...CREATED,
        description: "The job was created, and ended while the request waited; or, for many " +
          "jobs, a receipt for each.",
        content: json(v.union([jobAnswer, minimalJobAnswer, jobReceiptsAnswer])),
      },
    },
    problems: ["job-exists", "unknown-type", "idempotency-key-reused"],
  },
  handle: createJob,
}];

async function createJob(c: Context, deps: HttpDeps): Promise<Response> {
  const request = c.req.raw;
  const mediaType = mediaTypeTaken(request);
  const bytes = await deps.bodies.read(request);
  if (mediaType === "application/x-ndjson") {
    return await createMany(deps, manyInLines(decodeUtf8(bytes), jobJudging(c, deps)));
  }
  const document = mediaType === "application/json"
    ? parseJson(decodeUtf8(bytes))
    : await formDocument(request, bytes);
  if (Array.isArray(document)) {
    // Parsing many jobs and checking them take about equally long.
    if (bytes.length > SMALL_BYTES) await deps.admission.enterAgain();
    return await createMany(deps, oneOrMany(document, jobJudging(c, deps)));
  }
  const wanted = toRequest(c, document, deps);
  // Checking a large plan and creating its job take about equally long.
  if (bytes.length > SMALL_BYTES) await deps.admission.enterAgain();
  const created = valueOrThrow(await deps.engine.create(wanted));
  const preferences = parsePreferences(request);
  return preferences.waitSeconds === undefined
    ? answer(deps, created, STATUS.accepted, preferences)
    : await answerAfterWait(request, deps, created, preferences);
}

function jobJudging(c: Context, deps: HttpDeps): Judging<JudgedJob> {
  const { clock, eventsMax: jobsMax, maxStartDelayMs } = deps;
  const key = c.req.raw.headers.get("idempotency-key");
  const origin = requestOrigin(c, deps.spans);
  return createJudging({ clock, jobsMax, maxStartDelayMs, key, origin });
}

const TAKEN = ["application/json", "application/x-ndjson", "multipart/form-data"] as const;

/** @throws {Problem} 415. */
function mediaTypeTaken(request: Request): (typeof TAKEN)[number] {
  const given = parseMediaType(request);
  const taken = TAKEN.find((mediaType) => mediaType === given);
  if (taken === undefined) throw unsupportedMediaType(given, TAKEN);
  return taken;
}

async function createMany(deps: HttpDeps, judging: Work<OneOrMany<JudgedJob>>): Promise<Response> {
  const { items } = await deps.admission.inSlices(judging);
  const receipts = await createAll(deps.engine, items);
  return largeJsonResponse(deps, { receipts: receipts.map(receiptView) }, STATUS.ok);
}

function toRequest(c: Context, document: JsonValue, deps: HttpDeps): CreateRequest {
  const { maxStartDelayMs, clock } = deps;
  const creation = parseCreateRequest(document, { now: clock.now(), maxStartDelayMs });
  const idempotency = toIdempotency(
    c.req.raw.headers.get("idempotency-key") ?? undefined,
    document,
  );
  const origin = requestOrigin(c, deps.spans);
  if (idempotency === undefined && origin === undefined) return creation;
  return { ...creation, origin, ...(idempotency === undefined ? {} : { idempotency }) };
}

async function answerAfterWait(
  request: Request,
  deps: HttpDeps,
  { job, replayed }: Created,
  asked: Preferences,
): Promise<Response> {
  // A preference may be ignored; the creation of a job must be acknowledged.
  const applied = deps.waiting.isFull ? { minimal: asked.minimal } : asked;
  const now = await waitForJob(deps, request, job, isTerminal, applied.waitSeconds ?? 0);
  const status = isTerminal(now) ? STATUS.ok : STATUS.accepted;
  return answer(deps, { job: now, replayed }, status, applied);
}

const REPLAYED = { "idempotency-replayed": "true" };

function answer(
  deps: HttpDeps,
  { job, replayed }: Created,
  status: number,
  preferences: Preferences,
): Response {
  return createdAnswer(deps, job, status, preferences, replayed ? REPLAYED : undefined);
}
