/** The tasks of a job, a line each. */

import { counted } from "../../core/counted.ts";
import { progressText } from "../../explain/phrases.ts";
import { columnsOf, fitted, padded, plainText } from "../plain_text.ts";
import type { TaskResource } from "../resources.ts";
import { durationText } from "../../core/duration.ts";
import { millisecondsBetween, type Times } from "../times.ts";
import { type Paint, painted } from "./marks.ts";

export interface TaskLinesOptions {
  readonly paint: Paint;
  readonly times: Times;
  readonly now: number;
  readonly columns: number;
}

export function taskLines(
  tasks: readonly TaskResource[],
  options: TaskLinesOptions,
): readonly string[] {
  const rows = tasks.map((
    task,
  ) => [task.taskId, task.status, attemptsText(task), tookText(task, options)]);
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(0, ...rows.map((row) => columnsOf(row[column] ?? "")))
  );
  return rows.map((row, index) => {
    const [id, status, attempts, took] = row.map((cell, column) =>
      padded(cell, widths[column] ?? 0)
    );
    const task = tasks[index] as TaskResource;
    const used = widths.reduce((sum, width) => sum + width + 2, 2);
    const note = fitted(plainText(noteText(task, options)), options.columns - used);
    const cells = [id, painted(options.paint, task.status, status), attempts, took, note];
    return cells.join("  ").trimEnd();
  });
}

function attemptsText({ attempts }: TaskResource): string {
  return attempts === 0 ? "a sleep" : counted(attempts, "attempt");
}

/** How long it took from its first attempt to its end, or how long it goes on. */
function tookText({ startedAt, endedAt, status }: TaskResource, { now }: TaskLinesOptions): string {
  if (endedAt !== null) return durationText(millisecondsBetween(startedAt, endedAt));
  return status === "abandoned" ? "" : durationText(now - Date.parse(startedAt));
}

function noteText(task: TaskResource, { times }: TaskLinesOptions): string {
  const { progress, retryAt, dueAt, error } = task;
  const parts = [
    retryAt === undefined ? "" : `again at ${times.timeOfDay(retryAt)}`,
    dueAt === undefined ? "" : `until ${times.dayAndTime(dueAt)}`,
    progress === undefined || task.endedAt !== null ? "" : progressText(progress),
    error?.message ?? "",
  ];
  return parts.filter((part) => part !== "").join(": ");
}
