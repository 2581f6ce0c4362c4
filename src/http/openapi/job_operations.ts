/** `/jobs` and what is under it, but for looking back. */

import * as v from "valibot";
import { entriesAnswer } from "../answers/entries.ts";
import { inputAnswer, jobAnswer, jobsAnswer, minimalJobAnswer } from "../answers/job.ts";
import { jobLogAnswer } from "../answers/job_log.ts";
import { text } from "../answers/parts.ts";
import { codedJob, outsideJob } from "../create_request.ts";
import { idempotencyKeyField } from "../idempotency.ts";
import { STATUS } from "../problem.ts";
import { retryPreviewAnswer } from "../answers/explanation.ts";
import { cancelBody, controlBody, retryBody } from "../routes/controls.ts";
import { NDJSON } from "../routes/entries.ts";
import { HISTORY_PARAMETERS, JOB_STREAM_PARAMETERS } from "../routes/job.ts";
import { LOG_PARAMETERS } from "../routes/job_log.ts";
import { LIST_PARAMETERS } from "../routes/jobs.ts";
import { lastEventIdField } from "../routes/streams.ts";
import { withinLazy } from "./json_schema.ts";
import {
  BODY_PROBLEMS,
  type Contents,
  json,
  type Operation,
  type Operations,
  TRACE_HEADERS,
  WRITE_PROBLEMS,
} from "./operation.ts";

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
    description: "The job as JSON, and files whose text becomes members of its input.",
    properties: { job: { type: "string", contentMediaType: "application/json" } },
    required: ["job"],
    additionalProperties: { type: "string", format: "binary" },
  },
} as const;

const WAIT = "wait=N: up to N seconds, at most 60, for the end of the job.";
const PREFER_WAIT = { description: WAIT, schema: v.string() };
const PREFER = {
  description: `${WAIT} return=minimal: only what leads to the job. Both may be asked for.`,
  schema: v.string(),
};

const PREFERENCE_APPLIED = { description: "Which preferences were applied.", schema: text };
const LOCATION = { description: "The path of the job.", schema: text };

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

/** A message, as a reader of server-sent events has it. */
const MESSAGE = {
  type: "object",
  description: "Comments come in between, and dispatch nothing.",
  properties: {
    id: {
      type: "string",
      pattern: "^[0-9]{1,15}$",
      description: "A logId: that of the entry; of a message without data, how far was read.",
    },
    retry: {
      type: "integer",
      description: "Once, at the beginning: milliseconds to wait before connecting again.",
    },
    data: {
      type: "string",
      description: "The entry, and what it changed of its job. A message without it comes while " +
        "nothing happens.",
      contentMediaType: "application/json",
      contentSchema: { $ref: "#/components/schemas/StreamedEntry" },
    },
  },
  required: ["id"],
} as const;

export const STREAM: Contents = {
  "text/event-stream": {
    schema: {
      json: {
        type: "string",
        description: "Messages of two lines and an empty one: id is the logId of an entry, and " +
          "data the entry as JSON, with what it changed of its job. A comment and an id without " +
          "data come while nothing happens.",
      },
    },
    item: MESSAGE,
  },
};

export const ENTRIES: Contents = {
  ...json(entriesAnswer),
  [NDJSON]: {
    schema: {
      json: {
        type: "string",
        description: "For Accept: application/x-ndjson. One entry on each line.",
      },
    },
    item: { $ref: "#/components/schemas/Entry" },
  },
};

export const LAST_EVENT_ID = {
  description: "Where a stream goes on; wins over the parameter after.",
  schema: lastEventIdField,
};

function control(summary: string): Operation {
  return {
    tag: "jobs",
    summary,
    headers: TRACE_HEADERS,
    body: {
      required: false,
      content: json(controlBody, { reason: { reason: "a customer rang" } }),
    },
    answers: { [STATUS.ok]: { description: "The job as it is now.", content: json(jobAnswer) } },
    problems: ["unknown-job", "not-in-this-state", ...BODY_PROBLEMS, ...WRITE_PROBLEMS],
  };
}

export const JOB_OPERATIONS: Operations = {
  "POST /jobs": {
    tag: "jobs",
    summary: "Create a job",
    description: "Of a type, with its input; or of a plan that events from outside fulfil. The " +
      "answer comes when the job is on disk.",
    headers: {
      "Idempotency-Key": {
        description: "The same key and body create once.",
        schema: idempotencyKeyField,
      },
      "Prefer": PREFER,
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
  "GET /jobs": {
    tag: "jobs",
    summary: "List jobs, the newest first",
    description:
      "Summaries, or with view=full whole jobs. What one request looks at is bounded, to about " +
      "40,000 jobs where their text is searched. A page that ends before it is full, since so much was looked at, says how " +
      "far in searched, and nextCursor goes on from there.",
    query: LIST_PARAMETERS,
    answers: { [STATUS.ok]: { description: "One page.", content: json(jobsAnswer) } },
    problems: [],
  },
  "GET /jobs/:id": {
    tag: "jobs",
    summary: "Show a job",
    headers: {
      "Prefer": PREFER_WAIT,
      "If-None-Match": { description: "The ETag of what is known already.", schema: v.string() },
    },
    answers: {
      [STATUS.ok]: {
        description: "The job.",
        content: json(jobAnswer),
        headers: {
          "ETag": { description: "Changes with the job.", schema: text },
          "Preference-Applied": PREFERENCE_APPLIED,
        },
      },
      [STATUS.notModified]: { description: "The job is as If-None-Match knows it." },
    },
    problems: ["unknown-job"],
  },
  "GET /jobs/:id/input": {
    tag: "jobs",
    summary: "Show the input that the journal holds under a seal",
    answers: {
      [STATUS.ok]: { description: "With marks for what is secret.", content: json(inputAnswer) },
    },
    problems: ["unknown-job", "input-removed"],
  },
  "GET /jobs/:id/log": {
    tag: "jobs",
    summary: "Read what the code of a job said, the newest lines",
    description: "It is no part of the journal: old lines go in time, and a crash may take some.",
    query: LOG_PARAMETERS,
    answers: { [STATUS.ok]: { description: "Oldest first.", content: json(jobLogAnswer) } },
    problems: ["unknown-job"],
  },
  "GET /jobs/:id/events": {
    tag: "jobs",
    summary: "Read the entries of a job, the oldest first",
    query: HISTORY_PARAMETERS,
    answers: { [STATUS.ok]: { description: "A page, or lines.", content: ENTRIES } },
    problems: ["unknown-job"],
  },
  "GET /jobs/:id/stream": {
    tag: "jobs",
    summary: "Follow the entries of a job, from its first",
    query: JOB_STREAM_PARAMETERS,
    headers: { "Last-Event-ID": LAST_EVENT_ID },
    answers: {
      [STATUS.ok]: { description: "Server-sent events.", content: STREAM },
      [STATUS.noContent]: { description: "The job is over, and all of it was read." },
    },
    problems: ["unknown-job"],
  },
  "POST /jobs/:id/start": control("Start a job that is not to start by itself"),
  "POST /jobs/:id/cancel": {
    ...control("Cancel a job; what it did is undone where it can be"),
    description: "What a parked job did is undone once there is code that knows how; with leave " +
      "nothing of it is undone, and the answer names what is left in place.",
    body: {
      required: false,
      content: json(cancelBody, {
        reason: { reason: "a customer rang" },
        leaveAParkedJob: { leave: true, reason: "settled by hand" },
      }),
    },
  },
  "POST /jobs/:id/suspend": control("Suspend a job: it begins nothing new"),
  "POST /jobs/:id/resume": control("Resume a suspended job, or let a parked one try again"),
  "POST /jobs/:id/wake": {
    ...control("End a backoff early"),
    description:
      "What is to be tried again at a time is tried at once, with the attempts that it " +
      "has left.",
  },
  "POST /jobs/:id/retry": {
    ...control("Retry a failed job, or a parked one that is given up with it, as a new one"),
    body: {
      required: false,
      content: json(retryBody, {
        fromATask: { from: "charge", reason: "the bank is back" },
        whatItWouldDo: { dryRun: true },
      }),
    },
    answers: {
      [STATUS.ok]: {
        description: "With dryRun: what a retry would reuse and run again, and what to see to " +
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
      ...BODY_PROBLEMS,
      ...WRITE_PROBLEMS,
    ],
  },
};
