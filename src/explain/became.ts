/** What became of a job that another answer mentions. */

import { conditionText, deriveCondition } from "../core/condition.ts";
import { errorText } from "../core/error_text.ts";
import type { LogId } from "../core/ids.ts";
import type { BackingOffTask, JobState } from "../core/job_state.ts";
import { cancelReason } from "./phrases.ts";

/** `is Done since ...`, `failed at ... (Error: no stock)`, `is backing off after Error: 503`. */
export function becameText(job: JobState): string {
  if (job.state === "Done") return `is Done since ${job.endedAt}`;
  const condition = deriveCondition(job);
  if (job.state === "Failed") {
    return condition === "failed"
      ? `failed at ${job.endedAt} (${errorText(job.failure.error)})`
      : `was cancelled at ${job.endedAt}${cancelReason(job.failure)}`;
  }
  const failing = backingOff(job);
  const after = failing === undefined ? "" : ` after ${errorText(failing.error)}`;
  return `is ${conditionText(condition)}${after}`;
}

/** The entry since which it is what it is. */
export function becameBy(job: JobState): LogId {
  if (job.state === "Done") return job.endedBy;
  return job.state === "Failed" ? job.failure.because : backingOff(job)?.lastLogId ?? job.lastLogId;
}

function backingOff({ tasks }: JobState): BackingOffTask | undefined {
  return tasks.find((task): task is BackingOffTask => task.status === "backingOff");
}
