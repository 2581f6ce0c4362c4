/**
 * The job that was to send an event which nothing on record resembles: one of the type that sent
 * others of its kind, and that was given the value which is expected. Or that there is none. If no
 * event of the kind has ever come: a job that was given the value, and failed.
 */

import { type Condition, conditionText, deriveCondition } from "../core/condition.ts";
import { errorText } from "../core/error_text.ts";
import type { LogId, TaskId } from "../core/ids.ts";
import type { BackingOffTask, JobState } from "../core/job_state.ts";
import type { JsonScalar } from "../core/json.ts";
import { shownScalar, shownText } from "../core/shown_value.ts";
import type { NextStep, Statement } from "./explanation.ts";
import { cancelReason, taskText } from "./phrases.ts";
import { resultsWithError } from "./returned_errors.ts";
import { manual, reason } from "./statement.ts";

export interface Sender {
  /** If others of the kind came from jobs: their type and task, and the end of such a task. */
  readonly others?: { readonly type: string; readonly taskId: TaskId; readonly sentBy: LogId };
  /** The expected value. */
  readonly value: JsonScalar;
  /** The job that was given it, and where; absent if no job of the type was. */
  readonly job?: JobState;
  readonly path?: string;
  /** Whether the waiting job was to send it itself, in a task that it has not run. */
  readonly isItself?: boolean;
  /** If that job waits itself: the one at the end of the chain, which waits for no other. */
  readonly last?: JobState | undefined;
}

/** `Others came from task send of jobs of type shop.make; job make-7, which ..., was cancelled`. */
export function senderReason(
  { others, value, job, path = "", isItself = false, last }: Sender,
): Statement<LogId> {
  const { type, taskId, sentBy } = others ?? {};
  const by = taskId === undefined
    ? ""
    : `Others came from ${taskText(taskId)} of jobs of type ${type}`;
  const shown = shownScalar(value);
  if (job === undefined) {
    return reason(`${by}, and no job of that type was given ${shown}.`, sentBy);
  }
  const subject = by === "" ? `Job ${job.jobId} of type ${job.type}` : `${by}; job ${job.jobId}`;
  if (isItself) {
    const statement = `${by}, as this one is, and it waits before it has run that task.`;
    return reason(statement, sentBy, job.firstLogId);
  }
  const behind = last === undefined
    ? ""
    : `; it waits in turn for job ${last.jobId} of type ${last.type}, which ${becameText(last)}`;
  const statement = `${subject}, which has ${shown} at ${shownText(path)}, ` +
    `${becameText(job)}${behind}.`;
  return reason(statement, sentBy, job.firstLogId, whyNot(job), ...last ? [whyNot(last)] : []);
}

/** The entry since which it is what it is. */
function whyNot(job: JobState): LogId {
  return job.state === "Failed" ? job.failure.because : backingOff(job)?.lastLogId ?? job.lastLogId;
}

function backingOff({ tasks }: JobState): BackingOffTask | undefined {
  return tasks.find((task): task is BackingOffTask => task.status === "backingOff");
}

/** `was cancelled at ... (reason: ...), and has not sent it`. */
function becameText(job: JobState): string {
  const not = "and has not sent it";
  if (job.state === "Done") return `is Done since ${job.endedAt}, ${not}${resultText(job)}`;
  const condition = deriveCondition(job);
  if (job.state === "Failed") {
    return condition === "failed"
      ? `failed at ${job.endedAt} (${errorText(job.failure.error)}), ${not}`
      : `was cancelled at ${job.endedAt}${cancelReason(job.failure)}, ${not}`;
  }
  const failing = backingOff(job);
  const after = failing === undefined ? "" : ` after ${errorText(failing.error)}`;
  return `is ${conditionText(condition)}${after}, ${not} yet`;
}

/** `: its task scan completed, but its result is an error: ...`, or nothing. */
function resultText(job: JobState): string {
  const [bad] = resultsWithError(job);
  return bad === undefined ? "" : `: its ${bad}`;
}

const CALLS: Partial<Record<Condition, readonly [verb: string, path: string]>> = {
  failed: ["Retry", "retry"],
  cancelled: ["Retry", "retry"],
  suspended: ["Resume", "resume"],
};

/** What makes the job send the event after all. */
export function moveSender({ others, job, last = job }: Sender): readonly NextStep<LogId>[] {
  const call = last && CALLS[deriveCondition(last)];
  if (last === undefined || call === undefined) return [];
  const [verb, path] = call;
  const was = last !== job
    ? "for which all of them wait"
    : others === undefined
    ? "if it was to send it"
    : "which was to send it";
  return [manual(`${verb} job ${last.jobId}, ${was}:`, `/jobs/${last.jobId}/${path}`)];
}
