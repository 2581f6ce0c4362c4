/** What the code of a job had been given: its input, results of steps, and events. */

import { isFromOutside, isOfType } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, isStep, type JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { capital, taskText } from "../words/phrases.ts";
import type { OutlinedHistory } from "./outlined_history.ts";

export interface Given {
  /** `Task login returned`, `psp.Settled has`, `Its input has`: the beginning of a sentence. */
  readonly has: string;
  readonly value: JsonValue;
  readonly by: LogId;
  /** When it was given; RFC 3339. */
  readonly at: string;
  /** The step whose result it is. */
  readonly task?: CompletedTask;
}

/** How many events of one expectation are looked at: the latest. */
const EVENTS_MAX = 4;

/** The results come first, then events, then the input; none unless a task, or `run`, failed the job. */
export function givenBeforeFailure(known: OutlinedHistory): readonly Given[] {
  const { job, entries, failedBy } = known;
  if (!isOfType(failedBy?.entry, "job.TaskFailed")) return [];
  const events = job.expected.flatMap(({ by }) =>
    by.slice(-EVENTS_MAX).flatMap((logId): readonly Given[] => {
      const entry = entries.get(logId);
      if (entry === undefined || !isFromOutside(entry)) return [];
      const { eventType, attributes } = toMatchable(entry);
      return [{ has: `${eventType} has`, value: attributes, by: logId, at: entry.receivedAt }];
    })
  );
  return [...stepsBeforeEnd(known).map(resultOf), ...events, ...inputOf(job)];
}

/** The results of steps that completed up to a position, the latest first, then the input. */
export function givenUpTo(job: JobState, logId: LogId): readonly Given[] {
  const results = job.tasks.filter(isStep).filter(({ completedBy }) => completedBy <= logId)
    .toSorted((one, other) => other.completedBy - one.completedBy).map(resultOf);
  return [...results, ...inputOf(job)];
}

function resultOf(task: CompletedTask): Given {
  const { taskId, result = null, completedBy, endedAt } = task;
  const has = `${capital(taskText(taskId))} returned`;
  return { has, value: result, by: completedBy, at: endedAt, task };
}

/** A sealed input is not opened for this. */
function inputOf({ input, sealed, firstLogId, createdAt }: JobState): readonly Given[] {
  if (input === undefined || sealed !== undefined) return [];
  return [{ has: "Its input has", value: input, by: firstLogId, at: createdAt }];
}

/** Of a job that succeeded, or that a task, or `run`, failed. */
export function stepsBeforeEnd(
  { job, failedBy, endedBy }: OutlinedHistory,
): readonly CompletedTask[] {
  const end = failedBy ?? endedBy;
  if (failedBy !== undefined && !isOfType(failedBy.entry, "job.TaskFailed")) return [];
  return job.tasks.filter((task): task is CompletedTask =>
    isStep(task) && task.completedBy < (end?.entry.logId ?? 0)
  );
}
