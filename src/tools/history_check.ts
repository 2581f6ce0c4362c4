/**
 * Checks whether the current definition still fits the record of a job. `run` is called and
 * answered from the record alone: no task or compensation is called, and nothing new is started. The
 * recorded plan stays in force; how it would differ today breaks nothing by itself, but should be
 * known at a deployment.
 */

import { isDeepStrictEqual } from "node:util";
import { type LogId, MAIN_TASK, type TaskId } from "../core/ids.ts";
import type { ExpectedEvent, JobPlan } from "../core/job_plan.ts";
import {
  findTask,
  hasBegun,
  isTerminal,
  type JobState,
  type StartedJob,
} from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { Divergence } from "../core/misfit.ts";
import { isPermissionMissing, isThrown } from "../core/thrown.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import { planFor } from "../engine/definition_plan.ts";
import { parseInput } from "../engine/parsed_input.ts";
import { tasksToCompensate } from "../engine/run/call/pending_work.ts";
import { divergenceAt, thrownText } from "../engine/run/call/divergence.ts";
import { DIVERGENCE_GRACE_MS } from "../engine/run/call/answers.ts";
import {
  hasReturned,
  hasSucceeded,
  type HistorySource,
  type Rehearsal,
  rehearsed,
  startedForm,
} from "../engine/run/recovery/rehearsal.ts";
import { InputMismatchError, PlanMismatchError, type RunEnd } from "../engine/run/call/run_call.ts";
import type { RunContext, SleepRequest, TaskRequest } from "../engine/run/call/run_context.ts";
import type { SecretGuard } from "../engine/secrets/secret_guard.ts";

/** What `run` does when everything on record has been answered. */
interface NextSteps {
  /** Tasks that it asks for: new ones, and recorded ones that are not completed. */
  readonly tasks: readonly TaskId[];
  /** Names of expectations that it waits for. */
  readonly expectations: readonly string[];
  readonly end: RunEnd["kind"];
}

/** `logId` is the entry that the current definition disagrees with; `message` says how. */
export type HistoryVerdict =
  | { readonly kind: "compatible"; readonly next: NextSteps }
  /** `run` does not ask for a task on record. In flight, the job would be parked. */
  | ({ readonly kind: "diverges"; readonly message: string } & Divergence)
  /** The code rejects the input of a job that has begun. In flight, it would be parked. */
  | { readonly kind: "refusesInput"; readonly logId: LogId; readonly message: string }
  /** `run` waits for what the plan on record lacks. In flight, the job would be parked. */
  | { readonly kind: "refusesPlan"; readonly logId: LogId; readonly message: string }
  /** `run` throws, but did not on record. */
  | { readonly kind: "wouldFail"; readonly logId: LogId; readonly message: string }
  /** A completed task had a compensation, but `run` no longer gives it one. */
  | {
    readonly kind: "cannotCompensate";
    readonly taskId: TaskId;
    readonly logId: LogId;
    readonly message: string;
  }
  /** `run` ended on record, but now continues. */
  | { readonly kind: "goesOn"; readonly logId: LogId; readonly message: string }
  | { readonly kind: "notChecked"; readonly message: string };

/**
 * Checks a job with code against its current definition. Resolves in bounded time, at most one
 * grace period for each answer on record, whatever `run` awaits; never rejects because of `run`.
 */
export async function checkHistory(
  definition: AnyJobDefinition,
  job: JobState,
  source: HistorySource,
): Promise<HistoryVerdict> {
  if (isTerminal(job) && !hasBegun(job)) return NEVER_RAN;
  return judge(await rehearsed(definition, startedForm(job), source), definition.version);
}

const NEVER_RAN: HistoryVerdict = {
  kind: "compatible",
  next: { tasks: [], expectations: [], end: "pending" },
};

function judge(replayed: Rehearsal, version: number): HistoryVerdict {
  const { job, end, guard } = replayed;
  if (end.kind === "threw" && isPermissionMissing(end.error)) {
    const message = `run does more than call ctx, which is not possible here: ${
      thrownText(end.error, guard)
    }`;
    return { kind: "notChecked", message };
  }
  return disagreement(replayed, version) ??
    (isTerminal(job) ? undefined : withoutCompensation(replayed)) ??
    { kind: "compatible", next: { ...nextOf(replayed.ctx), end: replayed.end.kind } };
}

function disagreement(replayed: Rehearsal, version: number): HistoryVerdict | undefined {
  const { job, ctx, end, missing, guard } = replayed;
  if (hasReturned(job)) return undefined;
  if (end.kind === "threw" && isThrown(end.error, InputMismatchError)) {
    return failsItself(job)
      ? undefined
      : inputMismatch(job, version, guard.redact(end.error.message));
  }
  if (end.kind === "threw" && isThrown(end.error, PlanMismatchError)) {
    const message = `recorded a plan that does not fit run: ${end.error.message}`;
    return { kind: "refusesPlan", logId: job.firstLogId, message };
  }
  if (missing !== undefined) {
    const divergence = divergenceAt(missing, job, ctx, end, guard);
    const message = `recorded ${divergence.step}; run ${divergence.instead}`;
    return { kind: "diverges", ...divergence, message };
  }
  // `run` of such a job is called only to learn how to undo its tasks.
  return job.state === "Compensating" ? undefined : otherEnd(replayed);
}

function otherEnd(replayed: Rehearsal): HistoryVerdict | undefined {
  const { job, end } = replayed;
  switch (end.kind) {
    case "returned":
      return undefined;
    case "threw":
      return failsItself(job) ? undefined : thrown(replayed, end.error);
    case "pending":
      return stillPending(replayed);
  }
}

function inputMismatch(job: StartedJob, version: number, message: string): HistoryVerdict {
  const refuses = hasBegun(job) || job.definitionVersion !== version;
  const reason = message.replace("Cannot run: the recorded input", "the input; it");
  const kind = refuses ? "refusesInput" : "wouldFail";
  return { kind, logId: job.firstLogId, message: `recorded ${reason}` };
}

function thrown({ seenLogId, guard }: Rehearsal, error: unknown): HistoryVerdict {
  const message = `is the last that run sees before it throws ${thrownText(error, guard)}`;
  return { kind: "wouldFail", logId: seenLogId, message };
}

function stillPending({ job, ctx }: Rehearsal): HistoryVerdict | undefined {
  const { tasks, expectations } = nextOf(ctx);
  if (tasks.length === 0 && expectations.length === 0) {
    if (job.state === "Failed") return undefined;
    const message =
      `run awaits something other than ctx, for longer than ${DIVERGENCE_GRACE_MS} ms`;
    return { kind: "notChecked", message };
  }
  if (!hasSucceeded(job)) return undefined;
  const main = findTask(job, MAIN_TASK);
  const logId = main?.status === "completed" ? main.completedBy : job.lastLogId;
  const message = `recorded the end of run; run now ${nextText(nextOf(ctx))}`;
  return { kind: "goesOn", logId, message };
}

/** Whether `run` itself failed on record. */
function failsItself(job: StartedJob): boolean {
  return "failure" in job && job.failure?.taskId === MAIN_TASK;
}

function withoutCompensation({ job, ctx, end, guard }: Rehearsal): HistoryVerdict | undefined {
  const task = tasksToCompensate(job)
    .findLast(({ taskId }) => !isUndone(ctx.tasks.get(taskId)));
  if (task === undefined) return undefined;
  const { taskId, completedBy: logId } = task;
  const reason = end.kind === "threw" ? `, since it throws ${thrownText(end.error, guard)}` : "";
  const message = `recorded task ${taskId} as one that can be undone; ` +
    `run gives it no compensation now${reason}`;
  return { kind: "cannotCompensate", taskId, logId, message };
}

function isUndone(step: TaskRequest | SleepRequest | undefined): boolean {
  return step?.kind === "task" && step.compensate !== undefined;
}

function nextOf(ctx: RunContext): Pick<NextSteps, "tasks" | "expectations"> {
  return { tasks: ctx.openTasks.map(({ taskId }) => taskId), expectations: ctx.awaited };
}

/** `asks for ship and waits for paid`. */
export function nextText({ tasks, expectations }: Omit<NextSteps, "end">): string {
  return [
    ...(tasks.length === 0 ? [] : [`asks for ${tasks.join(", ")}`]),
    ...(expectations.length === 0 ? [] : [`waits for ${expectations.join(", ")}`]),
  ].join(" and ");
}

export interface PlanChange {
  readonly change: "added" | "removed" | "changed";
  /** The part that changed: `expectation shipped`, `the list of errors`, `onCompensated`. */
  readonly part: string;
}

/**
 * The changes from the recorded plan to the current one. None for an input that no longer fits,
 * which is reported separately. A text when the definition fails to make a plan.
 *
 * @param guard Masks the secrets of the input.
 */
export function planChanges(
  definition: AnyJobDefinition,
  { input, plan }: JobState,
  guard: SecretGuard,
): readonly PlanChange[] | string {
  const today = planToday(definition, input, guard);
  if (today === undefined || typeof today === "string") return today ?? [];
  return [...expectationChanges(plan, today), ...policyChanges(plan, today)];
}

function planToday(
  definition: AnyJobDefinition,
  input: JsonValue | undefined,
  guard: SecretGuard,
): JobPlan | string | undefined {
  try {
    const parsed = parseInput(definition, input);
    return parsed.ok ? planFor(definition, parsed.value) : undefined;
  } catch (error) {
    return `today's definition makes no plan from the recorded input: ${thrownText(error, guard)}`;
  }
}

function expectationChanges(recorded: JobPlan, today: JobPlan): readonly PlanChange[] {
  const before = byId(recorded);
  const after = byId(today);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const change = kindOfChange(before.get(id), after.get(id));
    return change === undefined ? [] : [{ change, part: `expectation ${id}` }];
  });
}

function byId({ expected }: JobPlan): ReadonlyMap<string, ExpectedEvent> {
  return new Map(expected.map((expectation) => [expectation.id, expectation]));
}

function kindOfChange(
  before: ExpectedEvent | undefined,
  after: ExpectedEvent | undefined,
): PlanChange["change"] | undefined {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return isDeepStrictEqual(matching(before), matching(after)) ? undefined : "changed";
}

/** The parts of an expectation that decide which events it takes, and how many. */
function matching({ matcher, multiplicity, taskId }: ExpectedEvent) {
  return { ...matcher, multiplicity, taskId };
}

function policyChanges({ policy: before }: JobPlan, { policy: after }: JobPlan) {
  const changes: PlanChange[] = [];
  if (!isDeepStrictEqual(before.errors, after.errors)) {
    changes.push({ change: "changed", part: "the list of errors" });
  }
  if (before.onCompensated !== after.onCompensated) {
    changes.push({ change: "changed", part: "onCompensated" });
  }
  return changes;
}
