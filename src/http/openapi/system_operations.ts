/** What a server tells of itself. */

import type * as v from "valibot";
import { overviewAnswer } from "../answers/overview.ts";
import { definitionsAnswer, indexAnswer, journalAnswer, liveAnswer } from "../answers/system.ts";
import { pauseAnswer, pausesAnswer } from "../answers/system.ts";
import { readyAnswer, systemAnswer, verificationRun } from "../answers/system.ts";
import { anyObject, text } from "../answers/parts.ts";
import { SPAN_PARAMETER } from "../overview.ts";
import { STATUS } from "../problem.ts";
import { verifyBody } from "../routes/journal.ts";
import {
  BODY_PROBLEMS,
  json,
  type Operation,
  type Operations,
  UNSAFE_PROBLEMS,
  WRITE_PROBLEMS,
} from "./operation.ts";

function telling(summary: string, schema: v.GenericSchema): Operation {
  return {
    tag: "system",
    summary,
    answers: { [STATUS.ok]: { description: "As it is now.", content: json(schema) } },
    problems: [],
  };
}

export const SYSTEM_OPERATIONS: Operations = {
  "GET /": telling("Show where everything is", indexAnswer),
  "GET /definitions": telling(
    "List the types of jobs, with the schemas of their inputs",
    definitionsAnswer,
  ),
  "GET /pauses": telling("List what holds every job at once", pausesAnswer),
  "DELETE /pauses/:id": {
    tag: "system",
    summary: "End a pause: what it held begins",
    answers: {
      [STATUS.ok]: { description: "The pause as it was.", content: json(pauseAnswer) },
    },
    problems: ["unknown-pause", ...WRITE_PROBLEMS],
  },
  "GET /overview": {
    ...telling(
      "Show how many jobs there are, what happened of late, and what may need a person",
      overviewAnswer,
    ),
    description: "What the first page of the dashboard shows. The trend and the types that fail " +
      "are counted in memory since the process started, as trend.countedSince says.",
    query: SPAN_PARAMETER,
  },
  "GET /system": {
    ...telling(
      "Show the settings in force, the process, and what is used of the limits",
      systemAnswer,
    ),
    description:
      "The holders of valid tokens are shown to those who may operate; no token or secret is " +
      "told to anybody.",
  },
  "GET /journal": telling("Show where the journal is, and how it was found", journalAnswer),
  "POST /journal/verify": {
    tag: "system",
    summary: "Begin to prove the journal, as journal verify does",
    description: "The proof runs beside the requests; GET /journal shows how far it is in " +
      "verificationRun, and its verdict in lastVerification. One runs at a time. " +
      "lastVerification.proved names the first and the last logId that were proved: every line " +
      "between them was read and checked by that run, and none was taken from a verdict, a " +
      "sidecar, a snapshot or the index, all of which are compared with the lines. It is null " +
      "where there was no line, and absent in what an older version found.",
    body: { required: false, content: json(verifyBody) },
    answers: {
      [STATUS.accepted]: {
        description: "It has begun.",
        content: json(verificationRun),
        headers: { "Location": { description: "Where it shows.", schema: text } },
      },
    },
    problems: ["cannot-verify", ...BODY_PROBLEMS, ...UNSAFE_PROBLEMS],
  },
  "GET /openapi.json": telling("Show this document", anyObject),
  "GET /metrics": {
    tag: "system",
    summary: "Show what Prometheus is to know",
    answers: {
      [STATUS.ok]: {
        description: "The text format of Prometheus.",
        content: { "text/plain": { schema: { json: { type: "string" } } } },
      },
    },
    problems: [],
  },
  "GET /livez": telling("Say that the process is there", liveAnswer),
  "GET /readyz": {
    ...telling("Say whether writes are taken", readyAnswer),
    problems: ["not-ready", "draining"],
  },
};
