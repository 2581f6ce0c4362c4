/** Describes where `run` disagrees with the record, and what `run` does instead. */

import type { JobParkedAttributes } from "../../../core/framework_events.ts";
import { durationText } from "../../../core/duration.ts";
import {
  findTask,
  isSleep,
  type JobHead,
  type JobState,
  type TimedWait,
} from "../../../core/job_state.ts";
import { askedText, divergedText, type Divergence } from "../../../core/misfit.ts";
import { shortText } from "../../../core/shown_value.ts";
import { findWait } from "../../../core/waits.ts";
import type { RunContext } from "./run_context.ts";
import type { LostStep } from "../attempts/settlements.ts";
import type { AnyJobDefinition } from "../../definition.ts";
import type { SecretGuard } from "../../secrets/secret_guard.ts";
import type { MisfitError, RunEnd } from "./run_call.ts";

/**
 * @param lost What `run` no longer asks for.
 * @param guard Masks the secrets of the job's input.
 */
export function divergenceAt(
  lost: LostStep,
  job: JobState,
  ctx: RunContext,
  end: RunEnd,
  guard: SecretGuard,
): Divergence {
  const instead = () => nextInstead(job, ctx, end, guard);
  if ("expectation" in lost) return divergenceAtWait(lost, job, ctx, instead);
  const { taskId } = lost;
  const task = findTask(job, taskId);
  const step = `${task !== undefined && isSleep(task) ? "sleep" : "task"} ${taskId}`;
  return { taskId, step, logId: task?.firstLogId ?? 0, instead: instead() };
}

function divergenceAtWait(
  { expectation, wait }: Pick<TimedWait, "expectation" | "wait">,
  job: JobState,
  ctx: RunContext,
  otherwise: () => string,
): Divergence {
  const recorded = findWait(job, expectation, wait);
  const length = recorded?.withinMs === undefined ? "" : ` of ${durationText(recorded.withinMs)}`;
  const askedMs = ctx.withinsOf(expectation)[wait - 1];
  const instead = askedMs === undefined
    ? otherwise()
    : `asks for one of ${durationText(askedMs)} instead: the order of its waits has changed`;
  const step = `wait ${wait}${length} for "${expectation}"`;
  return { step, logId: recorded?.setBy ?? 0, instead };
}

/** Parks a job whose `run` disagrees with the record. */
export function divergedParking(
  definition: AnyJobDefinition,
  { definitionVersion }: JobHead,
  divergence: Divergence,
): JobParkedAttributes {
  const message = divergedText(definition, definitionVersion, divergence);
  return { reason: "diverged", message, disagreesWith: divergence.logId };
}

/** Parks a job whose code does not fit how it was created. */
export function misfitParking(
  { type, version }: AnyJobDefinition,
  { firstLogId }: JobHead,
  error: MisfitError,
  guard: SecretGuard,
): JobParkedAttributes {
  const text = `${type} version ${version} ${error.misfit(firstLogId)}`;
  return { reason: "diverged", message: guard.redact(text), disagreesWith: firstLogId };
}

function nextInstead(job: JobState, ctx: RunContext, end: RunEnd, guard: SecretGuard): string {
  if (end.kind === "threw") return `throws ${thrownText(end.error, guard)} instead`;
  if (end.kind === "returned") return "returns instead";
  const open = ctx.openTasks.map(({ taskId }) => taskId);
  const fresh = open.filter((taskId) => findTask(job, taskId) === undefined);
  const tasks = fresh.length > 0 ? fresh : open;
  if (tasks.length > 0) return askedText(tasks);
  if (ctx.awaited.length > 0) return `waits for ${ctx.awaited.join(", ")} instead`;
  return "asks for nothing new: it awaits something other than ctx";
}

const THROWN_LENGTH_MAX = 500;

/** Formats a thrown value on one line. Secrets are masked before it is cut. */
export function thrownText(error: unknown, guard: SecretGuard): string {
  const { name, message } = guard.factOf(error);
  return shortText(`${name}: ${message}`.replace(/\s+/g, " ").trim(), THROWN_LENGTH_MAX);
}
