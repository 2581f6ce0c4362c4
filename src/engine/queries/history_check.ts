/**
 * Whether today's definition goes the way that a job has on record. `run` is called and
 * answered from the record alone: no task function and no compensation is ever called,
 * and nothing that is not on record is started.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { findTask, isTerminal, type JobState, type RunningJob } from "../../core/job_state.ts";
import { isPermissionMissing, isThrown } from "../../core/thrown.ts";
import { Answers, DIVERGENCE_GRACE_MS } from "../run/answers.ts";
import { Turns } from "../run/turns.ts";
import type { Asked } from "../run/asked.ts";
import type { AnyJobDefinition } from "../definition.ts";
import { type Divergence, divergenceAt, thrownText } from "../run/divergence.ts";
import type { Clock } from "../ports.ts";
import { undoable } from "../run/undoing.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";
import { callRun, InputMismatchError, type RunEnd } from "../run/run_call.ts";

/** What `run` does when all that is on record has been answered. */
export interface NextSteps {
  /** Tasks that it asks for: new ones, and those on record that are not completed. */
  readonly tasks: readonly TaskId[];
  /** Names of expectations that it waits for. */
  readonly expectations: readonly string[];
  readonly end: RunEnd["kind"];
}

/** `logId` is the entry that today's definition disagrees with; `message` says how. */
export type HistoryVerdict =
  | { readonly kind: "compatible"; readonly next: NextSteps }
  /** `run` does not ask for a task on record. */
  | ({ readonly kind: "diverges"; readonly message: string } & Divergence)
  /** `run` throws, and on record it did not. */
  | { readonly kind: "wouldFail"; readonly logId: LogId; readonly message: string }
  /** A completed task could be undone, and `run` no longer says how. */
  | {
    readonly kind: "cannotCompensate";
    readonly taskId: TaskId;
    readonly logId: LogId;
    readonly message: string;
  }
  /** `run` ended on record, and now goes on. */
  | { readonly kind: "goesOn"; readonly logId: LogId; readonly message: string }
  | { readonly kind: "notChecked"; readonly message: string };

export interface HistorySource {
  readonly clock: Clock;
  /** Entries that counted for an expectation. */
  entriesAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
  /** What of the input may not get on record, where the job has secrets. */
  readonly guard?: SecretGuard;
  /** How long `run` may await something other than `ctx`, each time, in milliseconds. */
  readonly graceMs?: number;
}

/**
 * Checks a job with code against its definition of today. Resolves in bounded time, a
 * grace for each answer on record at the most, whatever `run` awaits; never rejects for
 * what `run` does.
 */
export async function checkHistory(
  definition: AnyJobDefinition,
  job: JobState,
  source: HistorySource,
): Promise<HistoryVerdict> {
  if (isTerminal(job) && findTask(job, MAIN_TASK) === undefined) return NEVER_RAN;
  return judge(await replayed(definition, startedForm(job), source));
}

const NEVER_RAN: HistoryVerdict = {
  kind: "compatible",
  next: { tasks: [], expectations: [], end: "pending" },
};

type StartedJob = Exclude<JobState, { state: "Created" }>;

/** A job that has not started, as if it did now. */
function startedForm(job: JobState): StartedJob {
  if (job.state !== "Created") return job;
  const started: RunningJob = {
    ...job,
    state: "Running",
    startedAt: job.createdAt,
    startedBy: job.firstLogId,
  };
  return started;
}

/** A call of `run` that has got all the answers there are. */
interface Replayed {
  readonly job: StartedJob;
  readonly asked: Asked;
  readonly end: RunEnd;
  /** A task on record that it does not ask for. */
  readonly missing: TaskId | undefined;
  /** The last entry that it has had an answer from. */
  readonly seenLogId: LogId;
  readonly graceMs: number;
}

async function replayed(
  definition: AnyJobDefinition,
  job: StartedJob,
  { clock, entriesAt, guard, graceMs = DIVERGENCE_GRACE_MS }: HistorySource,
): Promise<Replayed> {
  let missing: TaskId | undefined;
  let onIdle = () => {};
  const answers = new Answers({
    clock,
    turns: new Turns(clock),
    entriesAt,
    job: { whole: job, task: (taskId) => findTask(job, taskId) },
    durableLogId: () => job.lastLogId,
    diverged: (taskId) => missing = taskId,
    idle: () => onIdle(),
  }, graceMs);
  const { asked, output } = callRun(definition, job, answers, {
    askedTask: ({ taskId }) => answers.askedFor(`task ${taskId}`),
    askedExpectation: ({ name }) => answers.askedFor(`expectation ${name}`),
  }, guard);
  let end: RunEnd = { kind: "pending" };
  const ended = (how: RunEnd) => {
    end = how;
    answers.close();
  };
  output.then(
    (output) => ended({ kind: "returned", output }),
    (error) => ended({ kind: "threw", error }),
  );
  await clock.nextTurn();
  do {
    const idle = new Promise<void>((resolve) => onIdle = resolve);
    answers.give();
    await idle;
    if (missing !== undefined) break;
    await answers.graceFor(() => answers.waiting || isAtRest(job, asked));
  } while (answers.waiting);
  return { job, asked, end, missing, seenLogId: answers.seenLogId, graceMs };
}

/** Whether nothing but new answers, or its end, can be waited for. */
function isAtRest(job: StartedJob, asked: Asked): boolean {
  // On record this one has returned, so it is given the time to.
  if (hasSucceeded(job)) return false;
  return asked.openTasks.size > 0 || asked.expectations.size > 0;
}

function judge(replayed: Replayed): HistoryVerdict {
  const { job, end } = replayed;
  if (end.kind === "threw" && isPermissionMissing(end.error)) {
    const message = `run does more than ask ctx, and may not here: ${thrownText(end.error)}`;
    return { kind: "notChecked", message };
  }
  return (onlyUndoes(job) ? undefined : disagreement(replayed)) ??
    (isTerminal(job) ? undefined : withoutCompensation(replayed)) ??
    { kind: "compatible", next: nextSteps(replayed) };
}

/** The engine calls `run` of such a job only to learn how its tasks are undone. */
function onlyUndoes(job: StartedJob): boolean {
  return job.state === "Compensating" ||
    (job.state === "Running" && findTask(job, MAIN_TASK)?.status === "completed");
}

function disagreement(replayed: Replayed): HistoryVerdict | undefined {
  const { job, asked, end, missing } = replayed;
  if (end.kind === "threw" && isThrown(end.error, InputMismatchError)) {
    return failsItself(job) ? undefined : inputMismatch(job, end.error);
  }
  if (missing !== undefined) {
    const divergence = divergenceAt(missing, job, asked, end);
    const message = `recorded task ${missing}; run ${divergence.instead}`;
    return { kind: "diverges", ...divergence, message };
  }
  switch (end.kind) {
    case "returned":
      return undefined;
    case "threw":
      return failsItself(job) ? undefined : thrown(replayed, end.error);
    case "pending":
      return stillPending(replayed);
  }
}

function inputMismatch(job: StartedJob, { message }: InputMismatchError): HistoryVerdict {
  const reason = message.replace("Cannot run: the recorded input", "the input; it");
  return { kind: "wouldFail", logId: job.firstLogId, message: `recorded ${reason}` };
}

function thrown({ seenLogId }: Replayed, error: unknown): HistoryVerdict {
  const message = `is the last that run sees before it throws ${thrownText(error)}`;
  return { kind: "wouldFail", logId: seenLogId, message };
}

function stillPending({ job, asked, graceMs }: Replayed): HistoryVerdict | undefined {
  const { tasks, expectations } = nextOf(asked);
  if (tasks.length === 0 && expectations.length === 0) {
    if (job.state === "Failed") return undefined;
    const message = `run awaits something other than ctx, for longer than ${graceMs} ms`;
    return { kind: "notChecked", message };
  }
  if (!hasSucceeded(job)) return undefined;
  const main = findTask(job, MAIN_TASK);
  const logId = main?.status === "completed" ? main.completedBy : job.lastLogId;
  const message = `recorded the end of run; run now ${nextText(nextOf(asked))}`;
  return { kind: "goesOn", logId, message };
}

/** Whether `run` returned, and the job was not compensated. */
function hasSucceeded(job: StartedJob): boolean {
  return job.state === "Done" && job.failure === undefined;
}

/** Whether it is on record that `run` itself failed. */
function failsItself(job: StartedJob): boolean {
  return "failure" in job && job.failure?.taskId === MAIN_TASK;
}

function withoutCompensation({ job, asked, end }: Replayed): HistoryVerdict | undefined {
  const task = undoable(job.tasks)
    .findLast(({ taskId }) => asked.tasks.get(taskId)?.compensate === undefined);
  if (task === undefined) return undefined;
  const { taskId, completedBy: logId } = task;
  const reason = end.kind === "threw" ? `, since it throws ${thrownText(end.error)}` : "";
  const message = `recorded task ${taskId} as one that can be undone; ` +
    `run gives it no compensation now${reason}`;
  return { kind: "cannotCompensate", taskId, logId, message };
}

function nextSteps({ asked, end }: Replayed): NextSteps {
  return { ...nextOf(asked), end: end.kind };
}

function nextOf(asked: Asked): Pick<NextSteps, "tasks" | "expectations"> {
  return { tasks: [...asked.openTasks], expectations: [...asked.expectations.keys()] };
}

/** `asks for ship and waits for paid`. */
export function nextText({ tasks, expectations }: Omit<NextSteps, "end">): string {
  return [
    ...(tasks.length === 0 ? [] : [`asks for ${tasks.join(", ")}`]),
    ...(expectations.length === 0 ? [] : [`waits for ${expectations.join(", ")}`]),
  ].join(" and ");
}
