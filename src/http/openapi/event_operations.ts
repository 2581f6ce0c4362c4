/** Facts from outside, the journal, and looking back at jobs. */

import * as v from "valibot";
import { receiptsAnswer } from "../answers/entries.ts";
import {
  aboutAnswer,
  diffAnswer,
  eventExplanationAnswer,
  explanationAnswer,
  queueExplanationAnswer,
  replayAnswer,
  whatIfAnswer,
} from "../answers/explanation.ts";
import { cloudEvent } from "../cloud_events.ts";
import { incomingEvent } from "../event_schema.ts";
import { STATUS } from "../problem.ts";
import { ENTRY_PARAMETERS, JOURNAL_STREAM_PARAMETERS } from "../routes/events.ts";
import { ABOUT_PARAMETERS, EXPLAIN_JOB_PARAMETERS, EXPLAIN_PARAMETERS } from "../routes/explain.ts";
import { DIFF_PARAMETERS, REPLAY_PARAMETERS, STEP_PARAMETERS } from "../routes/replay.ts";
import { supposition } from "../supposition_schema.ts";
import { ENTRIES, LAST_EVENT_ID, STREAM } from "./job_operations.ts";
import { withinLazy } from "./json_schema.ts";
import {
  BODY_PROBLEMS,
  json,
  type Operations,
  TRACE_HEADERS,
  UNSAFE_PROBLEMS,
  WRITE_PROBLEMS,
} from "./operation.ts";

const SHIPPED = {
  eventType: "shop.ParcelShipped",
  attributes: { orderId: "42" },
  eventId: "parcel-7",
};

const CLOUD_EVENT = {
  specversion: "1.0",
  id: "7",
  source: "/shop",
  type: "shop.ParcelShipped",
  data: { orderId: "42" },
};

const event = withinLazy(incomingEvent);

export const EVENT_OPERATIONS: Operations = {
  "POST /events": {
    tag: "events",
    summary: "Deliver one event or many",
    description: "An event alone that is wrong refuses the request; of many, each has a receipt. " +
      "What goes beyond a limit is rejected, and its receipt names the limit: send it again. " +
      "An id that is on record with other content is refused, and its receipt names that line; " +
      "what was refused is in the journal as journal.EventRefused. " +
      "CloudEvents in binary mode are taken as well, with their attributes in headers ce-*.",
    headers: TRACE_HEADERS,
    body: {
      required: true,
      content: {
        // Alone, or each of many, which are judged one by one: a wrong one refuses only itself.
        ...json(v.union([event, v.array(v.unknown())]), { one: SHIPPED, many: [SHIPPED] }),
        "application/x-ndjson": {
          schema: { json: { type: "string", description: "One event on each line." } },
          item: { $ref: "#/components/schemas/Event" },
        },
        "application/cloudevents+json": {
          schema: cloudEvent,
          examples: { one: CLOUD_EVENT },
        },
        "application/cloudevents-batch+json": {
          schema: v.array(v.unknown()),
          examples: { many: [CLOUD_EVENT] },
        },
      },
    },
    answers: {
      [STATUS.ok]: {
        description: "A receipt for each event, in its place.",
        content: json(receiptsAnswer),
      },
    },
    problems: ["unknown-job", "event-id-reused", ...BODY_PROBLEMS, ...WRITE_PROBLEMS],
  },
  "GET /events": {
    tag: "events",
    summary: "Read the entries of the journal, the oldest first",
    query: ENTRY_PARAMETERS,
    answers: { [STATUS.ok]: { description: "A page, or lines.", content: ENTRIES } },
    problems: [],
  },
  "GET /stream": {
    tag: "events",
    summary: "Follow the journal, from now on unless told otherwise",
    query: JOURNAL_STREAM_PARAMETERS,
    headers: { "Last-Event-ID": LAST_EVENT_ID },
    answers: { [STATUS.ok]: { description: "Server-sent events.", content: STREAM } },
    problems: [],
  },
};

export const REPLAY_OPERATIONS: Operations = {
  "GET /explain": {
    tag: "events",
    summary: "Say what carries a value, or why all work stands still",
    description: "With `about`, jobs that were given a value and events that say it, in whatever " +
      "form: so that somebody who knows an order finds out why there is no job. Without it, what " +
      "holds up the work as a whole, and what would end that.",
    query: ABOUT_PARAMETERS,
    answers: {
      [STATUS.ok]: {
        description: "Every statement cites entries.",
        content: {
          ...json(v.union([aboutAnswer, queueExplanationAnswer])),
          "text/plain": { schema: v.string() },
        },
      },
    },
    problems: [],
  },
  "GET /events/:id/explain": {
    tag: "events",
    summary: "Say what became of an event",
    description: "The jobs that it reached, and what it did there; those that wait for one like " +
      "it, and what it fails; and what was refused since it came with the same id.",
    query: EXPLAIN_PARAMETERS,
    answers: {
      [STATUS.ok]: {
        description: "Every statement cites entries.",
        content: { ...json(eventExplanationAnswer), "text/plain": { schema: v.string() } },
      },
    },
    problems: ["unknown-event"],
  },
  "GET /jobs/:id/explain": {
    tag: "replay",
    summary: "Say why a job is as it is, or was",
    description: "With `at` as of then: from what was on record, wherever in the journal. A look " +
      "back offers nothing to be done.",
    query: EXPLAIN_JOB_PARAMETERS,
    answers: {
      [STATUS.ok]: {
        description: "Every statement cites entries.",
        content: { ...json(explanationAnswer), "text/plain": { schema: v.string() } },
      },
    },
    problems: ["unknown-job", "unknown-point"],
  },
  "GET /jobs/:id/replay": {
    tag: "replay",
    summary: "Show a job as it was, and what each entry did",
    description: "The job as of the point, and a page of the steps up to it. A page has fewer " +
      "steps than asked for when they change very much.",
    query: REPLAY_PARAMETERS,
    answers: { [STATUS.ok]: { description: "The job then.", content: json(replayAnswer) } },
    problems: ["unknown-job", "unknown-point"],
  },
  "GET /jobs/:id/diff": {
    tag: "replay",
    summary: "Show what differs between two points of a job's life",
    query: DIFF_PARAMETERS,
    answers: { [STATUS.ok]: { description: "What differs.", content: json(diffAnswer) } },
    problems: ["unknown-job", "unknown-point"],
  },
  "POST /jobs/:id/what-if": {
    tag: "replay",
    summary: "Show what would have become of a job; nothing is recorded",
    description: "The job as it would be, where that first differs, and a page of the steps.",
    query: STEP_PARAMETERS,
    body: {
      required: true,
      content: json(supposition, {
        without: { without: [7] },
        with: { with: [{ ...SHIPPED, after: 3 }] },
      }),
    },
    answers: { [STATUS.ok]: { description: "As it would be.", content: json(whatIfAnswer) } },
    problems: [
      ...["unknown-job", "unknown-point", "job-too-long"] as const,
      ...BODY_PROBLEMS,
      ...UNSAFE_PROBLEMS,
    ],
  },
};
