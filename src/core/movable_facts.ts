/** Which entries of a job might have come in another order, and how far. */

import { isCorrelated, type JobEventLogEntry } from "./event.ts";
import { type JobId, MAIN_TASK } from "./ids.ts";
import type { JobState } from "./job_state.ts";
import type { Limits } from "./order_candidates.ts";
import { project } from "./projector.ts";

/**
 * Whether an entry came from outside. What a job's own task emitted was recorded together
 * with its end: it cannot move.
 *
 * @param entries All that entries of the job were caused by, so far as they tell that one
 * came from its own task.
 */
export function outsideFacts(
  jobId: JobId,
  entries: readonly JobEventLogEntry[],
): (entry: JobEventLogEntry) => boolean {
  const byPosition = new Map(entries.map((entry) => [entry.logId, entry]));
  const causeOf = (entry: JobEventLogEntry) => byPosition.get(entry.causedBy ?? 0);
  const isEmitted = (fact: JobEventLogEntry | undefined) => {
    const cause = fact && causeOf(fact);
    return cause?.stratum === "framework" && cause.jobId === jobId;
  };
  return (entry) => {
    if (isCorrelated(entry)) return !isEmitted(causeOf(entry));
    return entry.stratum === "domain" && !isEmitted(entry);
  };
}

/**
 * An event that counted stays before what the job's code began after it: that may have
 * begun only because of the event.
 *
 * @param begin The job before the first of the entries.
 */
export function limitsOf(
  begin: JobState,
  entries: readonly JobEventLogEntry[],
  movable: readonly boolean[],
): Limits {
  const limits = new Map<number, number>();
  let counted: number[] = [];
  let job = begin;
  for (const [index, entry] of entries.entries()) {
    if (isBegunByCode(entry)) {
      for (const fact of counted) limits.set(fact, index);
      counted = [];
    }
    const next = project(job, entry).job;
    if (movable[index] && hasCounted(job, next)) counted.push(index);
    job = next;
  }
  return limits;
}

function hasCounted(before: JobState, after: JobState): boolean {
  return before.state !== after.state ||
    after.expected.some(({ matched }, index) => matched !== before.expected[index]?.matched);
}

/**
 * A task, a wait, the end of `run`, an undoing. Another attempt at the same begins
 * nothing, nor does the end of a task that ran already.
 */
function isBegunByCode(entry: JobEventLogEntry): boolean {
  if (entry.stratum !== "framework") return false;
  switch (entry.eventType) {
    case "job.TaskStarted":
    case "job.CompensationStarted":
      return entry.attributes.attempt === 1;
    case "job.TaskCompleted":
    case "job.TaskFailed":
      return entry.taskId === MAIN_TASK;
    case "job.TaskWaiting":
    case "job.CompensationEnded":
    case "job.RecoveryRequired":
      return true;
    default:
      return false;
  }
}
