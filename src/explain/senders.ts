/**
 * The job that was to send an event which nothing on record resembles: one of the type that sent
 * others of its kind, and that was given the value which is expected.
 */

import { type Condition, conditionText, deriveCondition } from "../core/condition.ts";
import type { NextStep, Statement } from "./explanation.ts";
import type { LogId, TaskId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonScalar } from "../core/json.ts";
import { shownScalar, shownText } from "../core/shown_value.ts";
import { manual } from "./next_step.ts";
import { reasonText, taskText } from "./phrases.ts";

export interface Sender {
  /** The task that sent another event of the type, and the entry of its end. */
  readonly taskId: TaskId;
  readonly sentBy: LogId;
  readonly job: JobState;
  /** The expected value that the job was given, and where. */
  readonly value: JsonScalar;
  readonly path: string;
}

/** `shop.Ready is sent by task send of jobs of type shop.make; make-7, which ..., was cancelled`. */
export function senderReason(eventType: string, sender: Sender): Statement<LogId> {
  const { taskId, sentBy, job, value, path } = sender;
  const statement = `${eventType} is sent by ${taskText(taskId)} of jobs of type ` +
    `${job.type ?? ""}; job ${job.jobId}, which has ${shownScalar(value)} at ${shownText(path)}, ` +
    `${becameText(job)}.`;
  const by = job.state === "Failed" ? job.failure.because : job.lastLogId;
  return { statement, cites: [sentBy, job.firstLogId, by] };
}

/** `was cancelled at ... (reason: ...) and has not sent it`. */
function becameText(job: JobState): string {
  const condition = deriveCondition(job);
  switch (job.state) {
    case "Done":
      return `is Done since ${job.endedAt}, and has not sent it`;
    case "Failed": {
      const { error } = job.failure;
      const isCancelled = condition === "cancelled";
      const why = isCancelled && error.message !== "cancelled by an operator"
        ? reasonText(error.message)
        : "";
      return `${isCancelled ? "was cancelled" : "failed"} at ${job.endedAt}${why}, and has not ` +
        "sent it";
    }
    case "Created":
    case "Running":
    case "Compensating":
      return `is ${conditionText(condition)}, and has not sent it yet`;
  }
}

const RETRIED: readonly Condition[] = ["failed", "cancelled"];

/** What makes the job send the event after all. */
export function retrySender({ job }: Sender): readonly NextStep<LogId>[] {
  if (!RETRIED.includes(deriveCondition(job))) return [];
  return [manual(`Retry job ${job.jobId}, which was to send it:`, `/jobs/${job.jobId}/retry`)];
}
