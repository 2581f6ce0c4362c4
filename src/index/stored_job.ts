/**
 * A whole job as the index stores it: JSON, without what most jobs have in common. A three-task job
 * takes half of the space, and is written faster.
 */

import { crc32 } from "node:zlib";
import type { LogId, TaskId } from "../core/ids.ts";
import { type JobPlan, MAIN_ONLY_PLAN, sharedPlan } from "../core/job_plan.ts";
import type { CompletedTask, JobState, TaskState } from "../core/job_state.ts";
import { shared } from "../core/expectations.ts";
import type { JsonValue } from "../core/json.ts";
import { parseJsonText } from "../core/json_text.ts";
import type { KnownEntry } from "../engine/ports.ts";
import type { Row } from "./database.ts";

/**
 * A task that completed at its first attempt, with nothing else to tell: `taskId`, `startedAt`,
 * `firstLogId`, `endedAt`, `completedBy` and `result`.
 */
type PlainTask = readonly [TaskId, string, LogId, string, LogId, JsonValue];

/** `null` stands for the plan that awaits only `main`. */
type StoredJob = Omit<JobState, "plan" | "tasks"> & {
  readonly plan: JobPlan | null;
  readonly tasks: readonly (TaskState | PlainTask)[];
};

export function storedText(job: JobState): string {
  const plan = job.plan === MAIN_ONLY_PLAN ? null : job.plan;
  return JSON.stringify({ ...job, plan, tasks: job.tasks.map(storedTask) } satisfies StoredJob);
}

/** @throws {SyntaxError} when the text is not JSON. */
export function parseStored(text: string): JobState {
  const stored = parseJsonText(text) as StoredJob;
  return {
    ...stored,
    plan: stored.plan === null ? MAIN_ONLY_PLAN : sharedPlan(stored.plan),
    tasks: stored.tasks.map(restoredTask),
    expected: shared(stored.expected),
  } as JobState;
}

/**
 * The last entry of the job that ended last, up to a position; `undefined` without one, or if it
 * cannot be read whole.
 *
 * @param get Reads one row of the index.
 */
export function knownEntry(
  get: (sql: string, value: LogId) => Row | undefined,
  upTo: LogId,
): KnownEntry | undefined {
  try {
    const row = get(
      "SELECT last, crc, job FROM states WHERE last <= ? ORDER BY last DESC LIMIT 1",
      upTo,
    );
    if (row === undefined || crc32(row["job"] as string) !== row["crc"]) return undefined;
    const { jobId, lastLogId: logId } = parseStored(row["job"] as string);
    return logId === row["last"] ? { logId, jobId } : undefined;
  } catch {
    return undefined; // Reported where the index is used.
  }
}

function storedTask(task: TaskState): TaskState | PlainTask {
  if (task.status !== "completed" || !isPlain(task)) return task;
  const { taskId, startedAt, firstLogId, endedAt, completedBy, result = null } = task;
  return [taskId, startedAt, firstLogId, endedAt, completedBy, result];
}

function isPlain(task: CompletedTask): boolean {
  return task.attempts === 1 && task.failures === 0 && task.interruptions === 0 &&
    !task.compensable && task.lastLogId === task.completedBy && task.result !== undefined &&
    task.progress === undefined && task.reusedFrom === undefined && task.compensation === undefined;
}

/** Its members are in the order in which the projector sets them. */
function restoredTask(stored: TaskState | PlainTask): TaskState {
  if (!isList(stored)) return stored;
  const [taskId, startedAt, firstLogId, endedAt, completedBy, result] = stored;
  return {
    taskId,
    attempts: 1,
    failures: 0,
    interruptions: 0,
    startedAt,
    firstLogId,
    compensable: false,
    status: "completed",
    endedAt,
    completedBy,
    lastLogId: completedBy,
    result,
  };
}

function isList(stored: TaskState | PlainTask): stored is PlainTask {
  return Array.isArray(stored);
}
