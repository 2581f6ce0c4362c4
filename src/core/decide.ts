/**
 * Decisions: a command and the state of its job give events, or a rejection that says why. Pure:
 * anything that needs a clock, an id or randomness comes in with the command.
 */

import { assertNever } from "./assert_never.ts";
import {
  accept,
  type Command,
  type CreateCommand,
  type Decision,
  type ElapseCommand,
  jobFact,
  reasonOf,
  reject,
  rejectState,
  type RetryCommand,
  type StartAttemptsCommand,
  type StartCompensationCommand,
} from "./command.ts";
import { cancelParked, decideLeave, resumed } from "./decide_parked.ts";
import type { JobEventDraft } from "./event.ts";
import type { ControlAttributes, FrameworkAttributes } from "./framework_events.ts";
import { type JobId, type LogId, MAIN_TASK, startOfExecution, type TaskId } from "./ids.ts";
import { MAIN_EXPECTATION_ID } from "./job_plan.ts";
import {
  type CompensatingJob,
  compensationOf,
  type CompletedTask,
  findTask,
  isHeld,
  isSleep,
  type JobState,
  type RunningJob,
  type TimedWait,
} from "./job_state.ts";
import { isMetAt, isSettled } from "./expectations.ts";
import { backsOff, sleeping } from "./task_facts.ts";
import { findWait, openWaits } from "./waits.ts";

/** @param job `undefined` when it does not exist yet. */
export function decide(job: JobState | undefined, command: Command): Decision {
  const decision = decideAlone(job, command);
  const { origin } = command;
  if (origin === undefined || !decision.accepted) return decision;
  return accept(decision.events.map((event) => ({ ...event, ...origin })));
}

function decideAlone(job: JobState | undefined, command: Command): Decision {
  if (command.kind === "create") return decideCreate(job, command);
  if (job === undefined) return reject(`Cannot ${command.kind} job: it was not created`, []);
  switch (command.kind) {
    case "start":
      return decideStart(job, command);
    case "cancel":
      return decideCancel(job, command);
    case "suspend":
      return decideSuspend(job, command);
    case "resume":
      return decideResume(job, command);
    case "wake":
      return decideWake(job, command);
    case "retry":
      return decideRetry(job, command);
    case "startAttempts":
      return decideStartAttempts(job, command);
    case "startCompensation":
      return decideStartCompensation(job, command);
    case "elapse":
      return decideElapse(job, command);
    default:
      return assertNever(command, "command");
  }
}

function decideCreate(job: JobState | undefined, command: CreateCommand): Decision {
  const { jobId, attributes, start } = command;
  if (job !== undefined) return reject(`Cannot create job ${jobId}: it exists`, []);
  const created = jobFact("job.JobCreated", jobId, attributes);
  return accept(start ? [created, jobFact("job.JobStarted", jobId, {})] : [created]);
}

function decideStart(job: JobState, command: ControlAttributes): Decision {
  return job.state === "Created"
    ? accept([jobFact("job.JobStarted", job.jobId, reasonOf(command))])
    : rejectState(job, "start", ["Created"]);
}

/**
 * Only `JobStarted` leaves Created. So a job that has not started is started and cancelled in one
 * batch, and none of its code runs, unless its plan expects the cancellation.
 */
function decideCancel(
  job: JobState,
  command: ControlAttributes & { readonly leave?: boolean },
): Decision {
  if (command.leave === true) return decideLeave(job, command);
  const cancelled = jobFact("job.JobCancelled", job.jobId, reasonOf(command));
  if (job.state === "Running") return accept(cancelParked(job, cancelled));
  if (job.state !== "Created") {
    return "failure" in job && job.failure?.kind === "cancelled"
      ? reject(`Cannot cancel job ${job.jobId}: it was cancelled already`, ["Created", "Running"])
      : rejectState(job, "cancel", ["Created", "Running"]);
  }
  return job.plan.expected.length === 0
    ? reject(`Cannot cancel job ${job.jobId}: its plan is empty, so it would start as Done`, [])
    : accept([jobFact("job.JobStarted", job.jobId, reasonOf(command)), cancelled]);
}

const SUSPENDABLE = ["Running", "Compensating"] as const;

function isSuspendable(job: JobState): job is RunningJob | CompensatingJob {
  return job.state === "Running" || job.state === "Compensating";
}

function decideSuspend(job: JobState, command: ControlAttributes): Decision {
  if (!isSuspendable(job)) return rejectState(job, "suspend", SUSPENDABLE);
  return job.suspendedBy === undefined
    ? accept([jobFact("job.JobSuspended", job.jobId, reasonOf(command))])
    : reject(`Cannot suspend job ${job.jobId}: it is already suspended`, []);
}

function decideResume(job: JobState, command: ControlAttributes): Decision {
  if (!isSuspendable(job)) {
    return rejectState(job, "resume", SUSPENDABLE, " while suspended or parked");
  }
  const events = resumed(job, command);
  return events.length > 0
    ? accept(events)
    : reject(`Cannot resume job ${job.jobId}: it is neither suspended nor parked`, []);
}

function decideWake(job: JobState, command: ControlAttributes): Decision {
  if (!isSuspendable(job)) return rejectState(job, "wake", SUSPENDABLE);
  const isRunning = job.state === "Running";
  const ends = [
    ...(isRunning ? sleeping(job.tasks) : []).map(({ taskId }) => elapsed(job.jobId, taskId)),
    ...(isRunning ? openWaits(job) : []).map(({ expectation, wait }) =>
      jobFact("job.DeadlinePassed", job.jobId, { expectation, wait })
    ),
  ];
  if (ends.length === 0 && !backsOff(job.tasks)) {
    return reject(
      `Cannot wake job ${job.jobId}: nothing to wake (no backoff, sleep, or wait withinMs)` +
        insteadOfWaking(job),
      [],
    );
  }
  const woken = jobFact("job.JobWoken", job.jobId, reasonOf(command));
  return accept([woken, ...ends.map((end) => ({ ...end, causedBy: CAUSE }))]);
}

/** What ends the waiting of a job that waits only for events. */
function insteadOfWaking(job: JobState): string {
  if (job.state !== "Running") return "";
  const open = job.plan.expected.find(({ id }, index) =>
    id !== MAIN_EXPECTATION_ID && !isMetAt(job, index)
  );
  if (open === undefined) return "";
  return `; "${open.id}" is met by an event of type ${open.matcher.eventType}; to stop waiting, ` +
    "cancel the job";
}

/** The index of the first draft in the group. */
const CAUSE = { draft: 0 };

function elapsed(
  jobId: JobId,
  taskId: TaskId,
  attributes: FrameworkAttributes["job.TimerElapsed"] = {},
): JobEventDraft {
  return { ...jobFact("job.TimerElapsed", jobId, attributes), taskId };
}

/** Timers continue while their job is held. The job may have ended them in another way. */
function decideElapse(job: JobState, { timer }: ElapseCommand): Decision {
  const { jobId } = job;
  if (job.state !== "Running") return rejectState(job, "end a timer of", ["Running"]);
  const over = reject(`Cannot end a timer of job ${jobId}: it has ended`, []);
  if ("taskId" in timer) {
    const isOpen = findTask(job, timer.taskId)?.status === "sleeping";
    return isOpen ? accept([elapsed(jobId, timer.taskId)]) : over;
  }
  const { expectation, wait } = timer;
  const isOpen = !isSettled(job, expectation) &&
    (wait === undefined || findWait(job, expectation, wait)?.passedBy === undefined);
  return isOpen ? accept([jobFact("job.DeadlinePassed", jobId, timer)]) : over;
}

function decideStartAttempts(job: JobState, command: StartAttemptsCommand): Decision {
  if (job.state !== "Running") return rejectState(job, "start a task of", ["Running"]);
  if (isHeld(job)) {
    return reject(`Cannot start a task of job ${job.jobId}: it is held`, []);
  }
  return accept(command.attempts.map((request) => startOf(job, request)));
}

interface StartAttributes {
  readonly attempt: number;
  readonly maxAttempts?: number;
  timeoutMs?: number;
  compensable?: true;
}

function startOf(job: JobState, request: StartAttemptsCommand["attempts"][number]): JobEventDraft {
  const { taskId, executionId, maxAttempts, timeoutMs, compensable, trace } = request;
  // Member by member: spread objects would take a kilobyte for each attempt.
  const attempt = (findTask(job, taskId)?.attempts ?? 0) + 1;
  const attributes: StartAttributes = maxAttempts === undefined
    ? { attempt }
    : { attempt, maxAttempts };
  if (timeoutMs !== undefined) attributes.timeoutMs = timeoutMs;
  if (compensable) attributes.compensable = true;
  const start: JobEventDraft = {
    stratum: "framework",
    eventType: "job.TaskStarted",
    jobId: job.jobId,
    eventId: startOfExecution(executionId),
    taskId,
    executionId,
    attributes,
  };
  return trace === undefined ? start : { ...start, ...trace };
}

function decideStartCompensation(job: JobState, command: StartCompensationCommand): Decision {
  if (job.state !== "Compensating") return rejectState(job, "compensate", ["Compensating"]);
  if (isHeld(job)) {
    return reject(`Cannot compensate job ${job.jobId}: it is held`, []);
  }
  const task = findTask(job, command.taskId);
  const attempts = compensationOf(task)?.attempts ?? 0;
  return accept([{
    stratum: "framework",
    eventType: "job.CompensationStarted",
    jobId: job.jobId,
    eventId: startOfExecution(command.executionId),
    taskId: command.taskId,
    executionId: command.executionId,
    attributes: {
      attempt: attempts + 1,
      ...(command.maxAttempts === undefined ? {} : { maxAttempts: command.maxAttempts }),
    },
  }]);
}

function decideRetry(job: JobState, command: RetryCommand): Decision {
  const { newJobId, attributes, from } = command;
  const given = givenUp(job, command);
  if (given === undefined) {
    const message = `Cannot retry job ${job.jobId}: it is neither failed nor parked`;
    return reject(message, ["Failed"], ", or while parked");
  }
  if (from !== undefined && findTask(job, from) === undefined) {
    const tasks = job.tasks.map(({ taskId }) => taskId).filter((taskId) => taskId !== MAIN_TASK);
    const known = tasks.length === 0 ? "it has none" : `its tasks are ${tasks.join(", ")}`;
    return reject(
      `Cannot retry job ${job.jobId} from task ${from}: it has no such task; ${known}`,
      [],
    );
  }
  const retried = jobFact("job.JobRetried", job.jobId, { newJobId, ...reasonOf(command) });
  const created = decideCreate(undefined, {
    kind: "create",
    jobId: newJobId,
    attributes: { ...attributes, retryOf: job.jobId },
    start: true,
  });
  if (!created.accepted) return created;
  // In the order in which they ended, so that `run` takes the same course again.
  const reused = [
    ...reusableTasks(job, from).map((task) => reusedResult(newJobId, task)),
    ...reusableWaits(job, from).map((wait) => reusedWait(newJobId, wait)),
  ].toSorted((left, right) => left.causedBy - right.causedBy);
  const cause = { draft: given.length };
  const caused = created.events.map((event) => ({ ...event, causedBy: cause }));
  return accept([...given, retried, ...caused, ...reused]);
}

/** How the old job ends when it is retried, if it has not ended: nothing is undone. */
function givenUp(job: JobState, command: ControlAttributes): readonly JobEventDraft[] | undefined {
  if (job.state === "Failed") return [];
  const ended = job.parked && decideLeave(job, command);
  return ended?.accepted ? ended.events : undefined;
}

/** Completed tasks whose effect still stands, in order of completion. Never `main`. */
export function reusableTasks(job: JobState, from?: TaskId): readonly CompletedTask[] {
  const limit = reuseLimit(job, from);
  return job.tasks
    .filter((task): task is CompletedTask =>
      task.status === "completed" && task.taskId !== MAIN_TASK &&
      task.compensation === undefined && task.completedBy < limit
    )
    .toSorted((left, right) => left.completedBy - right.completedBy);
}

/** Tasks completed from this position on run again. */
function reuseLimit(job: JobState, from: TaskId | undefined): LogId {
  return from === undefined ? Infinity : findTask(job, from)?.firstLogId ?? 0;
}

/** Timed waits of `run` that ended without an event. */
function reusableWaits(job: JobState, from: TaskId | undefined): readonly TimedWait[] {
  const limit = reuseLimit(job, from);
  return job.waits?.filter(({ passedBy = Infinity }) => passedBy < limit) ?? [];
}

type Reused = JobEventDraft & { readonly causedBy: LogId };

function reusedWait(
  jobId: JobId,
  { expectation, wait, withinMs, passedBy = 0 }: TimedWait,
): Reused {
  const asked = withinMs === undefined ? {} : { withinMs };
  const attributes = { expectation, wait, reusedFrom: passedBy, ...asked };
  return { ...jobFact("job.DeadlinePassed", jobId, attributes), causedBy: passedBy };
}

function reusedResult(jobId: JobId, task: CompletedTask): Reused {
  const { taskId, attempts, completedBy, result, compensable } = task;
  const reused = { reusedFrom: completedBy };
  if (isSleep(task)) return { ...elapsed(jobId, taskId, reused), causedBy: completedBy };
  const attributes = {
    attempt: attempts,
    ...reused,
    ...(result === undefined ? {} : { result }),
    ...(compensable ? { compensable } as const : {}),
  };
  return { ...jobFact("job.TaskCompleted", jobId, attributes), taskId, causedBy: completedBy };
}
