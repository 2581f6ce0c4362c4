/** `GET /jobs/:id/log`: what the code of a job logged, which is not part of the journal. */

import * as v from "valibot";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { readQuery } from "../requests/request.ts";
import { single, wholeNumber } from "../../documents/parameters.ts";
import { requireJob } from "./jobs.ts";
import { count, text, time } from "../../documents/answers/parts.ts";

/** The answer of `GET /jobs/:id/log`. */
const jobLogAnswer = v.object({
  lines: v.array(v.object({
    jobId: text,
    taskId: text,
    attempt: count,
    executionId: v.optional(text),
    traceId: v.optional(text),
    spanId: v.optional(text),
    time,
    message: text,
    data: v.optional(v.unknown()),
  })),
  hasMore: v.boolean(),
});

const LINES_DEFAULT = 200;
const LINES_MAX = 2_000;

const LOG_PARAMETERS = {
  limit: single(
    wholeNumber(1, LINES_MAX),
    `How many of the newest lines. Default: ${LINES_DEFAULT}.`,
  ),
};

export const JOB_LOG_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/jobs/:id/log",
  by: "leader",
  scope: "read",
  operation: {
    id: "showJobLog",
    tag: "jobs",
    summary: "Read the newest log lines of a job's code",
    description: "The log is not part of the journal: old lines are dropped, and a crash may " +
      "lose some.",
    query: LOG_PARAMETERS,
    answers: ok("The lines, the oldest first.", jobLogAnswer),
    problems: ["unknown-job"],
  },
  async handle(c, deps) {
    const { jobId } = requireJob(c, deps.engine);
    const { limit = LINES_DEFAULT } = readQuery(c.req.raw, LOG_PARAMETERS);
    return largeJsonResponse(deps, await deps.jobLog.read(jobId, limit), STATUS.ok);
  },
}];
