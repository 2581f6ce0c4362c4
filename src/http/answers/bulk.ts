/** What `POST /jobs/bulk` and `GET /failures` answer. */

import * as v from "valibot";
import { jobSummaryAnswer, searchedAnswer } from "./job.ts";
import { condition, count, position, says, text } from "./parts.ts";

const upTo = says(position, "Jobs that were created after this entry are left alone.");
const searched = v.exactOptional(searchedAnswer);

export const bulkAnswer = v.object({
  upTo,
  done: says(
    v.array(v.object({
      jobId: text,
      newJobId: v.exactOptional(says(text, "Of a retry: the new job.")),
    })),
    "The jobs that it was done to.",
  ),
  refused: says(
    v.array(v.object({
      reason: says(text, "Completes the sentence: it was left alone, since ..."),
      jobIds: v.array(text),
    })),
    "The jobs that were left alone, by the reason.",
  ),
  stopped: v.exactOptional(says(
    v.object({ type: text, detail: text }),
    "Why it ended early, as the type and detail of a problem; what is in `done` is done.",
  )),
  left: says(v.object({ jobs: count, searched }), "How many jobs the action is still for."),
  next: says(
    v.nullable(position),
    "Where to go on: send the same again with this as `before`, and `upTo` as it is here. Null " +
      "when nothing is left.",
  ),
});

export const bulkPreviewAnswer = v.object({
  upTo,
  jobs: says(count, "How many jobs the action is for."),
  byCondition: says(
    v.array(v.object({ condition, jobs: count })),
    "The same by condition; one that has none is left out.",
  ),
  sample: says(v.array(jobSummaryAnswer), "The newest of them, at most 10."),
  retried: says(count, "Failed jobs that would be left alone, since there is a retry of them."),
  byHand: says(
    count,
    "Failed jobs that would be left alone, since somebody has to put right what could not be " +
      "undone.",
  ),
  searched,
});

export const failuresAnswer = v.object({
  failures: v.array(v.object({
    fingerprint: says(text, "The same for failures of one kind; a filter of GET /jobs."),
    type: says(v.nullable(text), "Of the jobs; null for a plan."),
    taskId: says(v.nullable(text), "The task that failed; null where none did."),
    error: says(v.object({ name: text, message: text }), "Of the newest, cut where it is long."),
    jobs: says(count, "Jobs that failed so."),
    retried: says(count, "Those of which there is a retry."),
    open: says(count, "Those that have ended Failed, and of which there is no retry yet."),
    newest: jobSummaryAnswer,
    oldest: jobSummaryAnswer,
  })),
  more: says(count, "Rarer kinds that are not among them."),
  searched,
});
