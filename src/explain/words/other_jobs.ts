/** What became of another job, in a few words, from its state alone. */

import { type Condition, conditionText, deriveCondition } from "../../core/condition.ts";
import { errorText } from "../../core/error_text.ts";
import type { LogId } from "../../core/ids.ts";
import type { BackingOffTask, JobState } from "../../core/job_state.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import { cancelReason, shortened } from "./phrases.ts";

/**
 * `has been Done since ...`, `failed at ... (Error: no stock)`, `is backing off after Error: 503`,
 * `is waiting for "paid" (shop.Paid)`, `is sleeping until ...`.
 */
export function becameText(job: JobState): string {
  if (job.state === "Done") return `has been Done since ${job.endedAt}`;
  const condition = deriveCondition(job);
  if (job.state === "Failed") {
    return condition === "failed"
      ? `failed at ${job.endedAt} (${errorText(job.failure.error)})`
      : `was cancelled at ${job.endedAt}${cancelReason(job.failure)}`;
  }
  return `is ${conditionText(condition)}${restingText(job, condition)}`;
}

/** How many expectations of another job are named. */
const EXPECTATIONS_MAX = 2;

/** What another job waits for, as far as its own state tells. */
function restingText(job: JobState, condition: Condition): string {
  switch (condition) {
    case "backingOff": {
      const failing = backingOff(job);
      return failing === undefined ? "" : ` after ${errorText(failing.error)}`;
    }
    case "sleeping": {
      const due = job.tasks.flatMap((task) => task.status === "sleeping" ? task.dueAt : []);
      return due.length === 1 ? ` until ${due[0]}` : "";
    }
    case "waiting": {
      const open = openExpectations(job).map(({ expected: { id, matcher } }) =>
        `"${id}" (${matcher.eventType})`
      );
      return open.length === 0 ? "" : ` for ${shortened(open, EXPECTATIONS_MAX)}`;
    }
    default:
      return "";
  }
}

/** The entry since which it is what it is. */
export function becameBy(job: JobState): LogId {
  if (job.state === "Done") return job.endedBy;
  return job.state === "Failed" ? job.failure.because : backingOff(job)?.lastLogId ?? job.lastLogId;
}

function backingOff({ tasks }: JobState): BackingOffTask | undefined {
  return tasks.find((task): task is BackingOffTask => task.status === "backingOff");
}
