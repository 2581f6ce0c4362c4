/** Calls `run` on the record alone: no task or compensation is called, nothing new starts. */

import { type LogId, MAIN_TASK } from "../../../core/ids.ts";
import { JobFold } from "../../../core/job_fold.ts";
import {
  findTask,
  type JobState,
  type RunningJob,
  type StartedJob,
} from "../../../core/job_state.ts";
import { Answers } from "../call/answers.ts";
import type { RunContext, RunListener } from "../call/run_context.ts";
import {
  callRun,
  type CodeHost,
  type CodePlace,
  IN_PROCESS,
  type RunEnd,
} from "../call/run_call.ts";
import type { AnyJobDefinition } from "../../definition.ts";
import type { Clock, EntriesAt } from "../../ports.ts";
import { inNoContext } from "../../async_context.ts";
import { NO_SECRETS, type SecretGuard } from "../../secrets/secret_guard.ts";
import { LoopTurns } from "../scheduler.ts";
import type { LostStep } from "../attempts/settlements.ts";

export interface HistorySource {
  readonly clock: Clock;
  /** Entries that counted for an expectation. */
  readonly entriesAt: EntriesAt;
  /** Guards secrets in the input, which must be neither recorded nor shown. */
  readonly guard?: SecretGuard;
  /** Where `run` is called: in this thread by default. */
  readonly place?: CodePlace;
}

/** The job, as if it started now if it has not started. */
export function startedForm(job: JobState): StartedJob {
  if (job.state !== "Created") return job;
  const started: RunningJob = {
    ...job,
    state: "Running",
    startedAt: job.createdAt,
    startedBy: job.firstLogId,
  };
  return started;
}

/** A call of `run` that has had all answers on record. */
export interface Rehearsal {
  readonly job: StartedJob;
  readonly ctx: RunContext;
  readonly end: RunEnd;
  /** A step on record that `run` does not ask for. */
  readonly missing: LostStep | undefined;
  /** The last entry that gave `run` an answer. */
  readonly seenLogId: LogId;
  readonly guard: SecretGuard;
}

export async function rehearsed(
  definition: AnyJobDefinition,
  job: StartedJob,
  { clock, entriesAt, guard = NO_SECRETS, place = IN_PROCESS }: HistorySource,
): Promise<Rehearsal> {
  const steps = new JobFold(job);
  let missing: LostStep | undefined;
  let onIdle = () => {};
  const answers: Answers = new Answers(
    { clock, turns: new LoopTurns(clock), entriesAt, writer: { durableLogId: job.lastLogId } },
    {
      whole: job,
      task: (taskId) => steps.task(taskId),
      wait: (expectation, wait) => steps.wait(expectation, wait),
    },
    {
      diverged: (step) => missing = step,
      advanceSoon: () => onIdle(),
      get isReacting() {
        return code?.isReacting ?? false;
      },
    },
  );
  const host: RunListener & CodeHost = {
    seenAt: () => answers.seenAtMs,
    asks: (step) => answers.asked(step),
    reacted: () => answers.reacted(),
    ...{ printed: () => {}, uncaught: () => {}, lost: () => {} },
  };
  const { ctx, output, code } = inNoContext(() =>
    callRun(definition, job, answers, host, guard, place)
  );
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
    await answers.graceFor(() => answers.waiting || isAtRest(job, ctx));
  } while (answers.waiting);
  code?.letGo();
  return { job, ctx, end, missing, seenLogId: answers.seenLogId, guard };
}

/** Whether `run` waits for new answers only. */
function isAtRest(job: StartedJob, ctx: RunContext): boolean {
  // On record `run` returned, so it gets time to return.
  if (hasSucceeded(job)) return false;
  return ctx.openTasks.length > 0 || ctx.awaited.length > 0;
}

/** Whether `run` has returned and the job has not ended: it is not called again. */
export function hasReturned(job: JobState): boolean {
  return job.state === "Running" && findTask(job, MAIN_TASK)?.status === "completed";
}

/** Whether `run` returned, and the job was not compensated. */
export function hasSucceeded(job: StartedJob): boolean {
  return job.state === "Done" && job.failure === undefined;
}
