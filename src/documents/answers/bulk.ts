/** The answers of `POST /jobs/bulk` and `GET /failures`. */

import * as v from "valibot";
import { describe, maybe } from "../fields.ts";
import { jobSummaryAnswer, searchedAnswer } from "./job.ts";
import { condition, count, errorSummary, position, text } from "./parts.ts";

const upTo = describe(position, "Jobs created after this entry are skipped.");
const searched = v.exactOptional(searchedAnswer);

export const bulkAnswer = v.object({
  upTo,
  done: describe(
    v.array(v.object({ jobId: text, newJobId: maybe(text, "For a retry: the new job.") })),
    "The jobs that the action was applied to.",
  ),
  refused: describe(
    v.array(v.object({
      reason: describe(text, "Completes the sentence: it was skipped because ..."),
      jobIds: v.array(text),
    })),
    "The skipped jobs, by reason.",
  ),
  stopped: maybe(
    v.object({ type: text, detail: text }),
    "Why it stopped early, as the type and detail of a problem; the jobs in `done` are done.",
  ),
  left: describe(v.object({ jobs: count, searched }), "How many jobs are left."),
  next: describe(
    v.nullable(position),
    "Where to continue: send the same request again with this as `before`, and with the `upTo` of " +
      "this answer. Null if no job is left.",
  ),
});

export const bulkPreviewAnswer = v.object({
  upTo,
  jobs: describe(count, "How many jobs the action applies to."),
  byCondition: describe(
    v.array(v.object({ condition, jobs: count })),
    "The number of jobs by condition; a condition without jobs is left out.",
  ),
  sample: describe(v.array(jobSummaryAnswer), "The newest of these jobs, at most 10."),
  retried: describe(count, "Failed jobs that would be skipped because they were already retried."),
  byHand: describe(
    count,
    "Failed jobs that would be skipped, because effects that could not be undone have to be fixed " +
      "by hand first.",
  ),
  searched,
});

export const failuresAnswer = v.object({
  summary: describe(
    text,
    "The error that most of these jobs failed with, in whatever types, and what sets its jobs apart.",
  ),
  failures: v.array(v.object({
    fingerprint: describe(
      text,
      "Identifies the kind of failure: equal for all failures of one kind; a filter of GET /jobs.",
    ),
    type: describe(v.nullable(text), "The type of the jobs; null for plans."),
    taskId: describe(v.nullable(text), "The task that failed; null if no task did."),
    error: describe(errorSummary, "The error of the newest job, shortened if it is long."),
    jobs: describe(count, "How many jobs failed this way."),
    retried: describe(count, "How many of them were retried."),
    open: describe(count, "How many of them ended Failed and were not yet retried."),
    newest: jobSummaryAnswer,
    oldest: jobSummaryAnswer,
  })),
  more: describe(count, "How many rarer kinds are not listed."),
  searched,
});
