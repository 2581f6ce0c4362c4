/** Where `run` disagrees with the record, and what it does instead. */

import type { JobParkedAttributes } from "../../core/framework_events.ts";
import type { LogId, TaskId } from "../../core/ids.ts";
import { findTask, isSleep, type JobState } from "../../core/job_state.ts";
import type { RunContext } from "./run_context.ts";
import { errorFact } from "../../core/thrown.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";
import type { InputMismatchError, RunEnd } from "./run_call.ts";

export interface Divergence {
  readonly taskId: TaskId;
  /** Such as `task charge` or `sleep overnight`. */
  readonly step: string;
  /** The entry that first named the task, which `run` disagrees with. */
  readonly logId: LogId;
  /** What `run` does, as a predicate: `asks for bill instead`. */
  readonly instead: string;
}

/** @param taskId The task on record that `run` no longer asks for. */
export function divergenceAt(
  taskId: TaskId,
  job: JobState,
  ctx: RunContext,
  end: RunEnd,
): Divergence {
  const task = findTask(job, taskId);
  const step = `${task !== undefined && isSleep(task) ? "sleep" : "task"} ${taskId}`;
  return { taskId, step, logId: task?.firstLogId ?? 0, instead: insteadOf(job, ctx, end) };
}

/** Parks a job whose `run` disagrees with the record. */
export function divergedParking(
  { type, version }: Pick<AnyJobDefinition, "type" | "version">,
  { definitionVersion }: JobState,
  { step, logId, instead }: Divergence,
  guard: SecretGuard,
): JobParkedAttributes {
  const text = `${type} version ${version} no longer asks for ${step}, which entry ${logId} ` +
    `recorded when version ${definitionVersion} ran; it ${instead}`;
  return { reason: "diverged", message: guard.redact(text), disagreesWith: logId };
}

/** Parks a job whose code rejects the input on record, and so is not called. */
export function misfitParking(
  { type, version }: Pick<AnyJobDefinition, "type" | "version">,
  { firstLogId }: JobState,
  { issues }: InputMismatchError,
  guard: SecretGuard,
): JobParkedAttributes {
  const text =
    `${type} version ${version} does not take the input that entry ${firstLogId} recorded: ` +
    issues;
  return { reason: "diverged", message: guard.redact(text), disagreesWith: firstLogId };
}

function insteadOf(job: JobState, ctx: RunContext, end: RunEnd): string {
  if (end.kind === "threw") return `throws ${thrownText(end.error)} instead`;
  if (end.kind === "returned") return "returns instead";
  const open = [...ctx.openTasks];
  const fresh = open.filter((taskId) => findTask(job, taskId) === undefined);
  const tasks = fresh.length > 0 ? fresh : open;
  if (tasks.length > 0) return `asks for ${tasks.join(", ")} instead`;
  const expectations = [...ctx.expectations.keys()];
  if (expectations.length > 0) return `waits for ${expectations.join(", ")} instead`;
  return "asks for nothing new: it awaits something other than ctx";
}

const THROWN_LENGTH_MAX = 500;

/** What was thrown, on one line. */
export function thrownText(error: unknown): string {
  const { name, message } = errorFact(error);
  const text = `${name}: ${message}`.replace(/\s+/g, " ").trim();
  return text.length <= THROWN_LENGTH_MAX ? text : `${text.slice(0, THROWN_LENGTH_MAX)}…`;
}
