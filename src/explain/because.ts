/**
 * The chain of reasons: from what the job is doing, or how it ended, back to a fact from outside.
 * There is one function for each condition. Nothing here reads more than the evidence.
 */

import { assertNever } from "../core/assert_never.ts";
import { type Condition, deriveCondition } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { Reasons, Statement, WaitingFor } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import { findTask, isSleep, isTerminal, type JobState, type TaskState } from "../core/job_state.ts";
import { showSome } from "./show_some.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { attemptNow, unsuccessfulAttempts } from "./attempts.ts";
import type { Attempt } from "./attempts_noted.ts";
import { endReasons, failureReasons } from "./because_ended.ts";
import { compensationReasons } from "./because_compensating.ts";
import type { Evidence } from "./evidence.ts";
import { explainOrigin } from "./origin.ts";
import { clockReasons } from "./process_facts.ts";
import { parkedReasons } from "./parked.ts";
import { countedTwice, repeatedSteps } from "./retrospect.ts";
import { heldLaterReasons, holdingLater } from "./pause_texts.ts";
import { sleepReasons } from "./times.ts";
import {
  actorText,
  capital,
  progressText,
  reasonText,
  shortened,
  silenceText,
  taskText,
} from "./phrases.ts";
import { backingOff, dueReasons, queuedReasons, whyQueued } from "./because_queued.ts";

export function explainCause(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  const reasons = [
    ...processReasons(outlined, evidence),
    ...conditionReasons(deriveCondition(outlined.job), outlined, evidence, waitingFor),
    ...heldLaterReasons(holdingLater(outlined, evidence)),
    ...isTerminal(outlined.job) ? [] : clockReasons(outlined),
    ...explainOrigin(outlined, evidence),
  ];
  const said = new Set<string>();
  return reasons.filter(({ statement }) => {
    const isNew = !said.has(statement);
    said.add(statement);
    return isNew;
  });
}

/** Obstacles that are not in the journal. */
function processReasons(outlined: OutlinedHistory, { circumstances }: Evidence): Reasons {
  const { job } = outlined;
  if (job.state === "Done" || job.state === "Failed") return [];
  const cites = [outlined.created.logId];
  const reasons: Statement<LogId>[] = [];
  if (circumstances.definition === "missing" && job.parked === undefined) {
    const statement = `This process has no definition of type ${job.type ?? ""}: ` +
      "until one is loaded, none of the job's code runs.";
    reasons.push({ statement, cites });
  }
  if (circumstances.silentSince !== undefined) {
    const silence = capital(silenceText(circumstances.silentSince));
    reasons.push({ statement: `${silence}: nothing can be recorded until it does.`, cites });
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
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  switch (condition) {
    case "created":
      return [{ statement: "Nothing has started it.", cites: [outlined.created.logId] }];
    case "scheduled":
      return [scheduled(outlined)];
    case "queued":
      return queuedReasons(outlined, evidence);
    case "executing":
      return executing(outlined, evidence.causes);
    case "waiting":
      return waiting(outlined, waitingFor);
    case "sleeping":
      return sleepReasons(outlined);
    case "backingOff":
      return [...dueReasons(outlined, evidence), ...backingOff(outlined, evidence.causes)];
    case "suspended":
      return suspended(outlined, evidence, waitingFor);
    case "parked":
      return parkedReasons(outlined, evidence);
    case "compensating":
      return [
        ...dueReasons(outlined, evidence),
        ...compensationReasons(outlined, evidence.causes),
        ...failureReasons(outlined, evidence),
      ];
    case "succeeded":
    case "failed":
    case "cancelled":
      return endReasons(outlined, evidence);
    default:
      return assertNever(condition, "condition");
  }
}

function scheduled({ created }: OutlinedHistory): Statement<LogId> {
  const startAt = created.attributes.startAt ?? "";
  return { statement: `Its start is due at ${startAt}.`, cites: [created.logId] };
}

/** The running tasks, and those that will be retried meanwhile. */
function executing(outlined: OutlinedHistory, causes: Evidence["causes"]): Reasons {
  const since = outlined.conditionSince.logId;
  const running = showSome(runningTasks(outlined.job), since, (task) => {
    const attempts = outlined.attempts.get(task.taskId) ?? [];
    const started = attempts.at(-1)?.started;
    const cites = [started?.logId ?? task.firstLogId];
    if (task.lastLogId > (cites[0] ?? 0)) cites.unshift(task.lastLogId);
    return [
      { statement: executingText(task, attempts, started), cites },
      ...unsuccessfulAttempts(taskText(task.taskId), attempts, causes),
    ];
  });
  return [...running, ...repeatedSteps(outlined, causes), ...backingOff(outlined, causes)];
}

/** The running tasks; `run` itself only when no other task runs. */
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
  const since = started === undefined ? task.startedAt : started.receivedAt;
  if (task.taskId === MAIN_TASK) {
    return `run is executing since ${since}, and no task of it is.`;
  }
  const which = attemptNow(task, attempts);
  return `${capital(taskText(task.taskId))} is in ${which} since ${since}${doneText(task)}.`;
}

/** `, and has done 3 of 10 (rows)`, or nothing. */
function doneText({ progress }: TaskState): string {
  return progress === undefined ? "" : `, and has done ${progressText(progress)}`;
}

const WAITS_SHOWN_MAX = 10;

function waiting(outlined: OutlinedHistory, waitingFor: readonly WaitingFor<LogId>[]): Reasons {
  const waits = waitingFor.slice(0, WAITS_SHOWN_MAX).map(({ statement, cites }) => ({
    statement: `It waits for ${statement}`,
    cites,
  }));
  return [
    ...waits,
    ...countedTwice(outlined),
    ...sleepReasons(outlined),
    ...runReasons(outlined),
  ];
}

/** What `run` is waiting for. */
function runReasons(outlined: OutlinedHistory): Reasons {
  const { job } = outlined;
  const main = findTask(job, MAIN_TASK);
  if (main?.status === "completed") {
    const statement = `run ended at ${main.endedAt}; the plan expects more than its end.`;
    return [{ statement, cites: [main.completedBy] }];
  }
  if (main?.status !== "waiting" || outlined.waiting === undefined) return [];
  const names = main.expectations.filter((name) => name !== MAIN_EXPECTATION_ID);
  if (names.length === 0) return [];
  const asked = shortened(names.map((name) => `"${name}"`), WAITS_SHOWN_MAX);
  const before = job.tasks
    .filter((task) => task.status === "completed")
    .toSorted((left, right) => right.lastLogId - left.lastLogId)[0];
  const after = before === undefined
    ? ""
    : isSleep(before)
    ? `, after sleep ${before.taskId} had ended`
    : `, after ${taskText(before.taskId)} had completed`;
  const statement = `run asked for ${asked} at ${outlined.waiting.receivedAt}${after}.`;
  const cites = [outlined.waiting.logId];
  if (before?.status === "completed") cites.push(before.completedBy);
  return [{ statement, cites }];
}

function suspended(
  outlined: OutlinedHistory,
  evidence: Evidence,
  waitingFor: readonly WaitingFor<LogId>[],
): Reasons {
  const { suspended } = outlined;
  const { suspendedBy: _, ...job } = outlined.job;
  const beneath = deriveCondition(job as JobState);
  const control: Reasons = suspended === undefined ? [] : [{
    statement: `A suspend control${actorText(suspended)} holds it since ${suspended.receivedAt}` +
      `${reasonText(suspended.attributes.reason)}: no new attempt begins, and events still count.`,
    cites: [suspended.logId],
  }];
  const queueless = withoutQueue(evidence);
  return beneath === "queued"
    ? [
      ...control,
      ...whyQueued(outlined, evidence.causes),
      ...backingOff(outlined, evidence.causes),
    ]
    : [...control, ...conditionReasons(beneath, outlined, queueless, waitingFor)];
}

/** The same without the queue: a suspended job waits for no worker. */
export function withoutQueue(evidence: Evidence): Evidence {
  const { queue: _, ...circumstances } = evidence.circumstances;
  return { ...evidence, circumstances };
}
