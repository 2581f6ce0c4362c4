/** What the code of a job had been given when it failed: its input, results of steps, and events. */

import { isFromOutside, isOfType } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { type CompletedTask, isStep } from "../../core/job_state.ts";
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
  const { job, entries, failedBy, created } = known;
  if (!isOfType(failedBy?.entry, "job.TaskFailed")) return [];
  const results = stepsBeforeEnd(known).map((task): Given => ({
    has: `${capital(taskText(task.taskId))} returned`,
    value: task.result ?? null,
    by: task.completedBy,
    at: task.endedAt,
    task,
  }));
  const events = job.expected.flatMap(({ by }) =>
    by.slice(-EVENTS_MAX).flatMap((logId): readonly Given[] => {
      const entry = entries.get(logId);
      if (entry === undefined || !isFromOutside(entry)) return [];
      const { eventType, attributes } = toMatchable(entry);
      return [{ has: `${eventType} has`, value: attributes, by: logId, at: entry.receivedAt }];
    })
  );
  const { input, sealed } = job;
  const given: readonly Given[] = input === undefined || sealed !== undefined
    ? []
    : [{ has: "Its input has", value: input, by: created.logId, at: created.receivedAt }];
  return [...results, ...events, ...given];
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
