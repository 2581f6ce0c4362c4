/**
 * The chain of reasons: from what the job is doing, or how it ended, back to a fact that came
 * from outside. One function for each condition; nothing in here looks at more than evidence.
 */

import { assertNever } from "../core/assert_never.ts";
import { type Condition, conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { Statement, WaitingFor } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import { findTask, type JobState, type TaskState } from "../core/job_state.ts";
import { alike } from "./alike.ts";
import type { Annals } from "./annals.ts";
import { causeCited, taskSubject, unsuccessfulAttempts } from "./attempts.ts";
import { type Attempt, maxAttemptsOf } from "./attempts_noted.ts";
import { endReasons, failureReasons } from "./because_ended.ts";
import { compensationReasons } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { originOf } from "./origin.ts";
import { parkedReasons } from "./parked.ts";
import { repeatedSteps } from "./retrospect.ts";
import {
  attemptText,
  byWhom,
  capital,
  interruptionText,
  progressText,
  queueText,
  reasonText,
  shortened,
  taskText,
  timeText,
  workersFlag,
} from "./phrases.ts";

type Reasons = readonly Statement<LogId>[];

export function becauseOf(
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  const reasons = [
    ...processReasons(annals, evidence),
    ...conditionReasons(conditionOf(annals.job), annals, evidence, waitingFor),
    ...originOf(annals, evidence),
  ];
  const said = new Set<string>();
  return reasons.filter(({ statement }) => {
    const isNew = !said.has(statement);
    said.add(statement);
    return isNew;
  });
}

/** What stands in the way that is not in the journal. */
function processReasons(annals: Annals, { circumstances }: Evidence): Reasons {
  const { job } = annals;
  if (job.state === "Done" || job.state === "Failed") return [];
  const cites = [annals.created.logId];
  const reasons: Statement<LogId>[] = [];
  if (circumstances.definition === "missing" && job.parked === undefined) {
    const statement = `This process has no definition of type ${job.type ?? ""}: ` +
      "until one is loaded, none of the job's code runs.";
    reasons.push({ statement, cites });
  }
  if (circumstances.full) {
    const statement = "The disk is full: nothing can be recorded until there is room.";
    reasons.push({ statement, cites });
  }
  if (circumstances.draining) {
    const statement = "This process is stopping: nothing new begins before the next start.";
    reasons.push({ statement, cites });
  }
  return reasons;
}

function conditionReasons(
  condition: Condition,
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  switch (condition) {
    case "created":
      return [{ statement: "Nothing has started it.", cites: [annals.created.logId] }];
    case "scheduled":
      return [scheduled(annals)];
    case "queued":
      return queued(annals, evidence);
    case "executing":
      return executing(annals, evidence.causes);
    case "waiting":
      return waiting(annals, waitingFor);
    case "backingOff":
      return [...dueAndQueued(annals, evidence), ...backingOff(annals, evidence.causes)];
    case "suspended":
      return suspended(annals, evidence, waitingFor);
    case "parked":
      return parkedReasons(annals, evidence);
    case "compensating":
      return [
        ...dueAndQueued(annals, evidence),
        ...compensationReasons(annals, evidence.causes),
        ...failureReasons(annals, evidence),
      ];
    case "succeeded":
    case "failed":
    case "cancelled":
      return endReasons(annals, evidence);
    default:
      return assertNever(condition, "condition");
  }
}

function scheduled({ created }: Annals): Statement<LogId> {
  const startAt = created.attributes.startAt ?? "";
  return { statement: `Its start is due at ${startAt}.`, cites: [created.logId] };
}

/** Holders of workers whose begin is cited. */
const HOLDERS_MAX = 3;

function queued(annals: Annals, { circumstances, causes }: Evidence): Reasons {
  const { queue, queueThen } = circumstances;
  const since = annals.conditionSince;
  const turn = `It is in the queue since ${timeText(since)}`;
  const limit = queue === undefined ? `${turn}.` : `${turn}: ${limitText(queue)}.`;
  const stands = queue ?? queueThen;
  const began = stands?.holders?.map(({ startedBy }) => startedBy) ?? [];
  const pause = stands?.pause === undefined ? [] : [stands.pause.by];
  return [
    { statement: limit, cites: [...pause, since.logId, ...began.slice(0, HOLDERS_MAX)] },
    ...whyQueued(annals, causes),
    ...backingOff(annals, causes),
  ];
}

/** What is due again, and cannot begin for want of a worker. */
function dueAndQueued(annals: Annals, { circumstances: { queue } }: Evidence): Reasons {
  if (queue === undefined) return [];
  const statement = `It wants a worker: ${limitText(queue)}.`;
  const pause = queue.pause === undefined ? [] : [queue.pause.by];
  return [{ statement, cites: [...pause, annals.conditionSince.logId] }];
}

function limitText(queue: NonNullable<Evidence["circumstances"]["queue"]>): string {
  const limit = queue.pause === undefined ? ` (the limit is ${workersFlag(queue)})` : "";
  return `${queueText(queue)}${limit}`;
}

/** What a worker is wanted for. */
function whyQueued(annals: Annals, causes: Evidence["causes"]): Reasons {
  const { job, resumed } = annals;
  const since = annals.conditionSince;
  if (resumed !== undefined && since.logId === resumed.logId) {
    const { of, reason } = resumed.attributes;
    const what = of === "parked" ? "It is no longer parked since" : "It was resumed at";
    const statement = `${what} ${timeText(resumed)}${reasonText(reason)}.`;
    return [{ statement, cites: [resumed.logId] }];
  }
  const interrupted = job.tasks.flatMap((task) => interruptionOf(annals, task));
  if (interrupted.length > 0) {
    return alike(interrupted, since.logId, (one) => [interruptionReason(one, causes)]);
  }
  const main = findTask(job, MAIN_TASK);
  if (main?.status !== "waiting") return [];
  const statement = `run can go on with what came at ${timeText(since)}.`;
  return [{ statement, cites: [since.logId, main.lastLogId] }];
}

interface Interrupted {
  readonly task: TaskState;
  readonly attempt: Attempt;
}

function interruptionOf(annals: Annals, task: TaskState): readonly Interrupted[] {
  const attempt = annals.attempts.get(task.taskId)?.at(-1);
  return task.status === "interrupted" && attempt?.ended?.end.kind === "interrupted"
    ? [{ task, attempt }]
    : [];
}

function interruptionReason(
  { task, attempt }: Interrupted,
  causes: Evidence["causes"],
): Statement<LogId> {
  const { ended } = attempt;
  if (ended?.end.kind !== "interrupted") throw new TypeError("Cannot tell of an interruption");
  const statement =
    `${capital(taskText(task.taskId))} was cut short in attempt ${attempt.attempt}, ` +
    `as recorded at ${timeText(ended.entry)}: ${interruptionText(ended.end.reason)}.`;
  return { statement, cites: [ended.entry.logId, ...causeCited(ended.entry, causes)] };
}

/** What runs, and beside it what is to be tried again. */
function executing(annals: Annals, causes: Evidence["causes"]): Reasons {
  const since = annals.conditionSince.logId;
  const running = alike(runningTasks(annals.job), since, (task) => {
    const attempts = annals.attempts.get(task.taskId) ?? [];
    const started = attempts.at(-1)?.started;
    const cites = [started?.logId ?? task.firstLogId];
    if (task.lastLogId > (cites[0] ?? 0)) cites.unshift(task.lastLogId);
    return [
      { statement: executingText(task, attempts, started), cites },
      ...unsuccessfulAttempts(taskSubject(task.taskId), attempts, causes),
    ];
  });
  return [...running, ...repeatedSteps(annals), ...backingOff(annals, causes)];
}

/** The tasks that are running; `run` itself only when no other is. */
export function runningTasks(job: JobState): readonly TaskState[] {
  const running = job.tasks.filter(({ status }) => status === "running");
  const others = running.filter(({ taskId }) => taskId !== MAIN_TASK);
  return others.length > 0 ? others : running;
}

function executingText(
  task: TaskState,
  attempts: readonly Attempt[],
  started: JobEventLogEntry | undefined,
): string {
  const since = started === undefined ? task.startedAt : timeText(started);
  if (task.taskId === MAIN_TASK) {
    return `run is executing since ${since}, and no task of it is.`;
  }
  const which = attemptText(task.failures + 1, maxAttemptsOf(attempts), task.attempts);
  return `${capital(taskText(task.taskId))} is in ${which} since ${since}${doneText(task)}.`;
}

/** `, and has done 3 of 10 (rows)`, or nothing. */
function doneText({ progress }: TaskState): string {
  return progress === undefined ? "" : `, and has done ${progressText(progress)}`;
}

const WAITS_TOLD_MAX = 10;

function waiting(annals: Annals, waitingFor: readonly WaitingFor<LogId>[]): Reasons {
  const waits = waitingFor.slice(0, WAITS_TOLD_MAX).map(({ statement, cites }) => ({
    statement: `It waits for ${statement}`,
    cites,
  }));
  return [...waits, ...runReasons(annals)];
}

/** What `run` has to do with the wait. */
function runReasons(annals: Annals): Reasons {
  const { job } = annals;
  const main = findTask(job, MAIN_TASK);
  if (main?.status === "completed") {
    const statement = `run ended at ${main.endedAt}; the plan expects more than that.`;
    return [{ statement, cites: [main.completedBy] }];
  }
  if (main?.status !== "waiting" || annals.waiting === undefined) return [];
  const names = main.expectations.filter((name) => name !== MAIN_EXPECTATION_ID);
  const asked = shortened(names.map((name) => `"${name}"`), WAITS_TOLD_MAX);
  const before = job.tasks
    .filter((task) => task.status === "completed")
    .toSorted((left, right) => right.lastLogId - left.lastLogId)[0];
  const after = before === undefined ? "" : `, after ${taskText(before.taskId)} had completed`;
  const statement = `run asked for ${asked} at ${timeText(annals.waiting)}${after}.`;
  const cites = [annals.waiting.logId];
  if (before?.status === "completed") cites.push(before.completedBy);
  return [{ statement, cites }];
}

function backingOff(annals: Annals, causes: Evidence["causes"]): Reasons {
  const tasks = annals.job.tasks.filter((task) => task.status === "backingOff");
  return alike(tasks, annals.conditionSince.logId, (task) => {
    const attempts = annals.attempts.get(task.taskId) ?? [];
    const next = attemptText(task.failures + 1, maxAttemptsOf(attempts));
    const last = attempts.at(-1)?.ended?.entry.logId ?? task.lastLogId;
    return [
      {
        statement: `${capital(taskText(task.taskId))} waits for ${next}, due at ${task.retryAt}.`,
        cites: [last],
      },
      ...unsuccessfulAttempts(taskSubject(task.taskId), attempts, causes),
    ];
  });
}

function suspended(
  annals: Annals,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  const { suspended } = annals;
  const { suspendedBy: _, ...job } = annals.job;
  const beneath = conditionOf(job as JobState);
  const control: Reasons = suspended === undefined ? [] : [{
    statement: `A suspend control${byWhom(suspended)} holds it since ${timeText(suspended)}` +
      `${reasonText(suspended.attributes.reason)}: no new attempt begins, and events still count.`,
    cites: [suspended.logId],
  }];
  const queueless = withoutQueue(evidence);
  return beneath === "queued"
    ? [
      ...control,
      ...whyQueued(annals, evidence.causes),
      ...backingOff(annals, evidence.causes),
    ]
    : [...control, ...conditionReasons(beneath, annals, queueless, waitingFor)];
}

/** The same, without a look at the queue: what is suspended waits for no worker. */
export function withoutQueue(evidence: Evidence): Evidence {
  const { queue: _, ...circumstances } = evidence.circumstances;
  return { ...evidence, circumstances };
}
