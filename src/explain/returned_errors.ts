/** Steps that completed although their result is an error, as some services answer with 200. */

import { MAIN_TASK } from "../core/ids.ts";
import type { CompletedTask } from "../core/job_state.ts";
import { isScalar, type JsonObject, type JsonValue } from "../core/json.ts";
import { shownText, shownValue } from "../core/shown_value.ts";
import type { Reasons } from "./explanation.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { capital, taskText } from "./phrases.ts";
import { reason } from "./statement.ts";

const TASKS_SHOWN_MAX = 3;
const MEMBERS_SHOWN_MAX = 3;

/** For a job that a task, or `run`, failed: the results before it that say of an error. */
export function returnedErrors(known: OutlinedHistory): Reasons {
  return tasksWithError(known).map(({ taskId, completedBy, result }) => {
    const subject = capital(taskText(taskId));
    const statement = `${subject} completed, but its result is an error: ${errorIn(result)}.`;
    return reason(statement, completedBy);
  });
}

/** The first of the tasks with such a result. */
export function tasksWithError({ job, failedBy }: OutlinedHistory): readonly CompletedTask[] {
  if (failedBy?.entry.eventType !== "job.TaskFailed") return [];
  const { logId } = failedBy.entry;
  return job.tasks.filter((task): task is CompletedTask =>
    task.status === "completed" && task.taskId !== MAIN_TASK && task.completedBy < logId &&
    errorIn(task.result) !== ""
  ).slice(0, TASKS_SHOWN_MAX);
}

/** `status "error", message "quota exceeded"`; empty for a result that says of no error. */
function errorIn(result: JsonValue | undefined): string {
  if (isScalar(result) || result === undefined || Array.isArray(result)) return "";
  const members = Object.entries(result as JsonObject);
  const signs = members.filter(([name, value]) => SIGNS.get(name)?.(value) === true);
  if (signs.length === 0) return "";
  const texts = members.filter(([name]) => DETAILS.has(name));
  return [...new Map([...signs, ...texts])].slice(0, MEMBERS_SHOWN_MAX)
    .map(([name, value]) => `${shownText(name)} ${shownValue(value)}`).join(", ");
}

const isFalse = (value: JsonValue) => value === false;
const isCodeOfError = (value: JsonValue) =>
  typeof value === "number" && value >= 400 && value < 600;
const isStatusOfError = (value: JsonValue) =>
  isCodeOfError(value) || typeof value === "string" && /^(error|failed|failure)$/i.test(value);
const isError = (value: JsonValue) =>
  typeof value === "string" ? value.trim() !== "" : !isScalar(value);
const areErrors = (value: JsonValue) => Array.isArray(value) && value.length > 0;

/** The members that tell an error, and the values with which they do. */
const SIGNS: ReadonlyMap<string, (value: JsonValue) => boolean> = new Map([
  ["error", isError],
  ["errors", areErrors],
  ["ok", isFalse],
  ["success", isFalse],
  ["status", isStatusOfError],
  ["statusCode", isCodeOfError],
]);
const DETAILS: ReadonlySet<string> = new Set(["message", "detail", "reason", "title"]);
