/** About how many characters a job takes as shown; for limits only. */

import type { JobState, TaskState } from "./job_state.ts";
import { messageText } from "./error_text.ts";
import type { JobSummary } from "./job_summary.ts";
import { jsonSize, type JsonValue } from "./json.ts";
import { planEffort } from "./effort.ts";

const JOB = 1_000;
const EXPECTATION = 200;
/** A value of a correlation, with its path. */
const PREDICATE = 40;
const POSITION = 7;
const TASK = 150;

/** Stops counting at `max`. */
export function shownSize(job: JobState, max: number): number {
  let size = JOB + planEffort(job.plan) * PREDICATE + valueSize(job.input);
  for (const { by } of job.expected) {
    if (size > max) return size;
    size += EXPECTATION + by.length * POSITION;
  }
  for (const task of job.tasks) {
    if (size > max) return size;
    size += TASK + valueSize(resultOf(task));
  }
  return size;
}

const SUMMARY = 900;

/** Of a summary's members, only labels may be numerous. */
export function summarySize({ labels, failure }: JobSummary): number {
  let size = SUMMARY + (failure === null ? 0 : messageText(failure.error).length);
  for (const name in labels) size += name.length + (labels[name]?.length ?? 0);
  return size;
}

function resultOf(task: TaskState): JsonValue | undefined {
  return task.status === "completed" ? task.result : undefined;
}

function valueSize(value: JsonValue | undefined): number {
  return value === undefined ? 0 : jsonSize(value);
}
