/** The explanation in one sentence. */

import { assertNever } from "../core/assert_never.ts";
import { type Condition, deriveCondition } from "../core/condition.ts";
import { counted } from "../core/counted.ts";
import type { FrameworkEntry } from "../core/event.ts";
import type { WaitingFor } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { isTerminal, type JobState, type TaskState } from "../core/job_state.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { attemptFailed, attemptNow, compensationSubject } from "./attempts.ts";
import { runningTasks, withoutQueue } from "./because.ts";
import { compensableTasks } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { openExpectations } from "./open_expectations.ts";
import { durationText } from "../core/duration.ts";
import { errorText, requestedDelayMs } from "../core/error_text.ts";
import {
  capital,
  matchedText,
  reasonText,
  shortened,
  silenceText,
  taskText,
  uncapital,
} from "./phrases.ts";
import { clockReasons } from "./process_facts.ts";
import { parkedSummary } from "./parked.ts";
import { heldLaterText, holdingLater, isPaused } from "./pause_texts.ts";
import { repeatedSteps } from "./retrospect.ts";
import { openSleeps, sleepsText } from "./times.ts";
import {
  behindText,
  overtakenText,
  queueHeldText,
  queueText,
  queueThenText,
} from "./queue_holders.ts";
import { likeliestText } from "./waiting_for.ts";
import { failed, failureText, NAMES_MAX, succeeded } from "./summary_ended.ts";

export function summarize(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  const { job } = outlined;
  const doingWhat = doing(deriveCondition(job), outlined, evidence, waitingFor);
  if (isTerminal(job)) return `Job ${job.jobId} ${doingWhat}`;
  const what = [doingWhat, ...clockReasons(outlined).map(({ statement }) => statement)].join(" ");
  const { definition, full, silentSince } = evidence.circumstances;
  if (silentSince !== undefined) {
    return `Job ${job.jobId} cannot continue: ${silenceText(silentSince)}. It ${what}`;
  }
  if (full) return `Job ${job.jobId} cannot continue: the disk is full. It ${what}`;
  const held = heldLaterText(holdingLater(outlined, evidence));
  if (job.parked !== undefined) return [`Job ${job.jobId} ${what}`, held].filter(Boolean).join(" ");
  if (definition === "missing" && deriveCondition(job) !== "waiting") {
    return `Job ${job.jobId} cannot run here: no definition of type ${job.type ?? ""} is loaded. ` +
      `It ${what}`;
  }
  const missing = definition === "missing"
    ? ` When it comes, no code can continue: no definition of type ${job.type ?? ""} is loaded.`
    : "";
  return [`Job ${job.jobId} ${what}${missing}`, held].filter(Boolean).join(" ");
}

function doing(
  condition: Condition,
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  switch (condition) {
    case "created":
      return "is created, and nothing has started it.";
    case "scheduled":
      return `is scheduled to start at ${outlined.created.attributes.startAt ?? ""}.`;
    case "queued":
      return queued(outlined, evidence);
    case "executing":
      return executing(outlined, evidence);
    case "waiting":
      return waiting(outlined, waitingFor);
    case "sleeping":
      return `is sleeping: ${sleepsText(outlined.job)}.`;
    case "backingOff":
      return backingOff(outlined, evidence);
    case "suspended":
      return suspended(outlined, evidence, waitingFor);
    case "parked":
      return parkedSummary(outlined, evidence);
    case "compensating":
      return compensating(outlined, evidence, waitingFor);
    case "succeeded":
      return succeeded(outlined, evidence);
    case "failed":
    case "cancelled":
      return failed(outlined, evidence);
    default:
      return assertNever(condition, "condition");
  }
}

function queued(
  outlined: OutlinedHistory,
  { circumstances: { queue, queueThen } }: Evidence,
): string {
  if (queue === undefined) {
    const turn = queueThen === undefined ? "it waits for a worker" : queueThenText(queueThen);
    return `is queued${behindText(queueThen ?? {})}: ${turn}${besideText(outlined)}.`;
  }
  return `is queued${behindText(queue)}: ${queueHeldText(queue)}${besideText(outlined)}.${
    overtakenText(queue, outlined.job.priority)
  }`;
}

/** `, while task b failed ...`, when something will be retried meanwhile. */
function besideText(outlined: OutlinedHistory): string {
  const open = backingOffTexts(outlined, isHeld(outlined));
  const again = open.length === 0 ? "" : `, while ${shortened(open, NAMES_MAX)}`;
  return again + sleepingText(outlined.job);
}

/** `, while sleep overnight ends at ...`, when the job does something else as well. */
function sleepingText(job: JobState): string {
  return openSleeps(job).length === 0 ? "" : `, while ${sleepsText(job)}`;
}

function executing(outlined: OutlinedHistory, { causes }: Evidence): string {
  const { job } = outlined;
  const names = runningTasks(job).map((task) => runningText(outlined, task));
  const [again] = repeatedSteps(outlined, causes);
  const twice = again === undefined ? "" : ` ${again.statement}`;
  return `is executing ${shortened(names, NAMES_MAX)}${besideText(outlined)}.${twice}`;
}

/** `task scan, attempt 1 of 3, since ..., without a time limit`. */
function runningText({ attempts }: OutlinedHistory, task: TaskState): string {
  const { taskId } = task;
  const recorded = attempts.get(taskId) ?? [];
  const started = recorded.at(-1)?.started;
  const since = started === undefined ? "" : `, since ${started.receivedAt}`;
  if (taskId === MAIN_TASK) return `run${since}`;
  const which = attemptNow(task, recorded);
  const hasNoLimit = started?.eventType === "job.TaskStarted" &&
    (started as FrameworkEntry<"job.TaskStarted">).attributes.timeoutMs === undefined;
  return `${taskText(taskId)}, ${which}${since}${hasNoLimit ? ", without a time limit" : ""}`;
}

function waiting(outlined: OutlinedHistory, waitingFor: readonly WaitingFor<LogId>[]): string {
  const { job } = outlined;
  const waits = openExpectations(job).map(({ expected, matched }) =>
    `"${expected.id}" (${expected.matcher.eventType}), ${matchedText(expected, matched)}`
  );
  if (waits.length === 0) return "is waiting, and its code will continue with what it has.";
  const ended = job.tasks.some(({ taskId, status }) =>
    taskId === MAIN_TASK && status === "completed"
  );
  return `is waiting for ${shortened(waits, NAMES_MAX)}${ended ? ", its code having ended" : ""}` +
    sleepingText(job) + causeText(waitingFor);
}

function backingOff(outlined: OutlinedHistory, evidence: Evidence): string {
  const { circumstances: { queue, definition } } = evidence;
  const isDue = queue !== undefined || definition === "missing" || isHeld(outlined) ||
    holdingLater(outlined, evidence).length > 0;
  const texts = shortened(backingOffTexts(outlined, isDue), NAMES_MAX);
  return queue === undefined
    ? `is backing off: ${texts}.`
    : `needs a ${neededText(queue)}; ${texts}.`;
}

type Queue = NonNullable<Evidence["circumstances"]["queue"]>;

/** `worker: 4 of 4 workers busy`, `place behind 1 job of its key: job a1 holds ...`. */
function neededText(queue: Queue): string {
  return queue.limit === undefined
    ? `worker: ${queueText(queue)}`
    : `place${behindText(queue)}: ${queueHeldText(queue)}`;
}

/** A suspended job retries when it is resumed, whatever time is on record. */
function isHeld({ job }: OutlinedHistory): boolean {
  return job.suspendedBy !== undefined;
}

function backingOffTexts({ job, attempts }: OutlinedHistory, isDue = false): readonly string[] {
  const tasks = job.tasks.filter((task) => task.status === "backingOff");
  return tasks.map((task) => {
    const { taskId, failures, error } = task;
    const which = attemptFailed(task, attempts.get(taskId) ?? []);
    const again = againText(task, isDue);
    const asked = requestedDelayMs(error);
    if (asked !== undefined) {
      const pause = `a pause of ${durationText(asked)}`;
      return `${taskText(taskId)} asked with RetryLater for ${pause} in ${which} and ${again}`;
    }
    const before = failures > 2
      ? `, as the ${failures - 1} before it`
      : failures === 2
      ? ", as the one before it"
      : "";
    return `${taskText(taskId)} failed in ${which}${before} (${errorText(error)}) and ${again}`;
  });
}

function againText({ retryAt }: { readonly retryAt: string }, isDue: boolean): string {
  return `${isDue ? "was to be tried again" : "is tried again"} at ${retryAt}`;
}

function suspended(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  const { suspended } = outlined;
  if (suspended === undefined) return "is suspended.";
  const { suspendedBy: _, ...job } = outlined.job;
  const beneath = doing(
    deriveCondition(job as JobState),
    outlined,
    withoutQueue(evidence),
    waitingFor,
  );
  return `has been suspended by a control since ${suspended.receivedAt}` +
    `${reasonText(suspended.attributes.reason)}. Otherwise it ${beneath}`;
}

function compensating(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): string {
  const { job } = outlined;
  const { queue } = evidence.circumstances;
  const tasks = compensableTasks(job);
  const undone = tasks.filter(({ compensation }) => compensation?.status === "compensated");
  const progress = tasks.length === 0
    ? ""
    : `: ${undone.length} of ${counted(tasks.length, "task")} undone,`;
  const failure = "failure" in job ? job.failure : undefined;
  const worker = queue === undefined ? "" : ` It needs a ${neededText(queue)}.`;
  const likeliest = likeliestText(waitingFor);
  const awaited = likeliest === undefined ? "" : ` What it waits for nearly came: ${likeliest}`;
  const again = openCompensations(outlined, queue !== undefined || isPaused(evidence));
  return `is compensating${progress} after ${failureText(failure)}.${again}${worker}${awaited}`;
}

/** ` The compensation of task book is in attempt 1 of 5 since ...`, or how it failed. */
function openCompensations({ job, compensations }: OutlinedHistory, isDue: boolean): string {
  const texts = compensableTasks(job).flatMap(({ taskId, compensation }) => {
    const recorded = compensations.get(taskId) ?? [];
    const subject = compensationSubject(taskId);
    const started = recorded.at(-1)?.started;
    if (compensation?.status === "running" && started !== undefined) {
      const which = attemptNow(compensation, recorded);
      return [`${subject} is in ${which} since ${started.receivedAt}, without a time limit`];
    }
    if (compensation?.status !== "backingOff") return [];
    const which = attemptFailed(compensation, recorded);
    const again = againText(compensation, isDue);
    return [`${subject} failed in ${which} (${errorText(compensation.error)}) and ${again}`];
  });
  return texts.length === 0 ? "" : ` ${capital(shortened(texts, NAMES_MAX))}.`;
}

/** `: shop.Paid came at ... and did not count: ...`, or that nothing resembles what is missing. */
function causeText(waitingFor: readonly WaitingFor<LogId>[]): string {
  const likeliest = likeliestText(waitingFor);
  if (likeliest !== undefined) return `: ${likeliest}`;
  const remark = waitingFor[0]?.remark;
  return remark === undefined ? "." : `: ${uncapital(remark)}`;
}
