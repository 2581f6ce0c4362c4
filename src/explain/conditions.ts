/**
 * What an explanation says about a job in each condition; and what it says in any: the obstacles in
 * this process, the pauses that will hold it, and its origin. Nothing here reads more than the
 * evidence.
 */

import { silenceText } from "../core/silence.ts";
import { type Condition, deriveCondition } from "../core/condition.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { hasCode, isTerminal, type JobState, runningTasks } from "../core/job_state.ts";
import { endReasons, failureReasons } from "./ended/because_ended.ts";
import {
  compensatingText,
  compensationReasons,
  whatNothingElseEnds,
  whileCompensating,
} from "./open/compensating.ts";
import { executingReasons, executingText, whileExecuting } from "./open/executing.ts";
import type { Case } from "./statements/evidence.ts";
import type { Next, NextStep, Reasons, Statement } from "./statements/explanation.ts";
import { afterFailure } from "./ended/next_after_failure.ts";
import { explainOrigin } from "./past/origin.ts";
import { parkedReasons, parkedSummary, whileParked } from "./open/parked.ts";
import { heldLaterReasons, heldLaterText, holdingLater } from "./queue/pause_texts.ts";
import { actorText, capital, reasonText, shortened, taskText } from "./words/phrases.ts";
import { clockReasons } from "./past/process_history.ts";
import { uncaughtMeanwhile, uncaughtReasons } from "./past/uncaught_errors.ts";
import { queuedReasons, queuedText, whileQueued, whyQueued } from "./open/queued.ts";
import { backingOffText, backoffReasons, wakeUp, whileBackingOff } from "./open/backing_off.ts";
import { dueReasons, laterPauses } from "./queue/turn.ts";
import { automatic, byHand, manual, reason } from "./statements/statement.ts";
import { failedText, succeededText } from "./ended/summary_ended.ts";
import { oddSleepText } from "./open/odd_sleeps.ts";
import {
  deadlineSteps,
  endsByTime,
  openSleeps,
  sleepReasons,
  sleepsText,
  zoneText,
} from "./open/due_times.ts";
import { eventsToSend, waitingReasons, waitingText, whileWaiting } from "./open/waiting.ts";

interface ConditionTexts {
  /** Continues `Job x`, up to a full stop. */
  readonly summary: (known: Case) => string;
  /** The chain of reasons, from the condition back to a fact from outside. */
  readonly because: (known: Case) => Reasons;
  /** What will happen by itself, and what a person can do. */
  readonly next: (known: Case) => Next;
}

const CONDITIONS: Readonly<Record<Condition, ConditionTexts>> = {
  created: {
    summary: () => "is created, and nothing has started it.",
    because: ({ created }) => [reason("Nothing has started it.", created)],
    next: (known) => [
      automatic("Nothing happens by itself."),
      ...laterPauses(known),
      ...controls(known.job),
    ],
  },
  scheduled: {
    summary: (known) => `is scheduled to start at ${startAt(known)}.`,
    because: (known) => [reason(`Its start is due at ${startAt(known)}.`, known.created)],
    next: (known) => [
      automatic(`It starts at ${startAt(known)}.`, known.created),
      ...laterPauses(known),
      ...controls(known.job),
    ],
  },
  queued: {
    summary: queuedText,
    because: queuedReasons,
    next: (known) => [...whileQueued(known), ...controls(known.job)],
  },
  executing: {
    summary: executingText,
    because: executingReasons,
    next: (known) => [...whileExecuting(known), ...controls(known.job)],
  },
  waiting: {
    summary: waitingText,
    because: waitingReasons,
    next: (known) => [...whileWaiting(known), ...laterPauses(known), ...controls(known.job)],
  },
  sleeping: {
    summary: sleepingText,
    because: sleepReasons,
    next: (known) => [...endsByTime(known), ...laterPauses(known), ...controls(known.job)],
  },
  backingOff: {
    summary: backingOffText,
    because: (known) => [...dueReasons(known), ...backoffReasons(known)],
    next: (known) => [
      ...whileBackingOff(known),
      ...laterPauses(known),
      ...wakeUp(known),
      ...deadlineSteps(known),
      ...controls(known.job),
    ],
  },
  suspended: {
    summary: suspendedText,
    because: suspendedReasons,
    next: (known) => [
      ...whileSuspended(known),
      ...endsByTime(known),
      ...eventsToSend(known),
      ...laterPauses(known),
      ...controls(known.job),
    ],
  },
  parked: {
    summary: parkedSummary,
    because: parkedReasons,
    next: (known) => [
      ...whileParked(known),
      ...laterPauses(known),
      ...endsByTime(known),
      ...eventsToSend(known),
    ],
  },
  compensating: {
    summary: compensatingText,
    because: (known) => [
      ...dueReasons(known),
      ...compensationReasons(known),
      ...failureReasons(known),
    ],
    next: (known) => [
      ...whileCompensating(known),
      ...laterPauses(known),
      ...wakeUp(known),
      ...controls(known.job),
      ...whatNothingElseEnds(known.job),
    ],
  },
  succeeded: {
    summary: succeededText,
    because: endReasons,
    next: () => [automatic("Nothing: the job has ended.")],
  },
  failed: { summary: failedText, because: endReasons, next: afterFailure },
  cancelled: { summary: failedText, because: endReasons, next: afterFailure },
};

/** The explanation in one sentence. */
export function summarize(known: Case): string {
  const { job, circumstances: { definition, full, silence } } = known;
  const condition = deriveCondition(job);
  const now = CONDITIONS[condition].summary(known);
  if (isTerminal(job)) return `Job ${job.jobId} ${now}`;
  const asides = [...uncaughtReasons(known).slice(0, 1), ...clockReasons(known)];
  const what = [now, ...asides.map(({ statement }) => statement)].join(" ");
  if (silence !== undefined) {
    return `Job ${job.jobId} cannot continue: ${silenceText(silence)}. It ${what}`;
  }
  if (full) return `Job ${job.jobId} cannot continue: the disk is full. It ${what}`;
  const isMissing = definition === "missing" && job.parked === undefined;
  const notLoaded = `no definition of type ${job.type ?? ""} is loaded.`;
  if (isMissing && condition !== "waiting") {
    return `Job ${job.jobId} cannot run here: ${notLoaded} It ${what}`;
  }
  return [
    `Job ${job.jobId} ${what}`,
    isMissing ? `When it comes, no code can continue: ${notLoaded}` : "",
    heldLaterText(holdingLater(known)),
  ].filter(Boolean).join(" ");
}

/** The chain of reasons; each statement once. */
export function explainCause(known: Case): Reasons {
  const reasons = [
    ...processReasons(known),
    ...CONDITIONS[deriveCondition(known.job)].because(known),
    ...heldLaterReasons(holdingLater(known)),
    ...isTerminal(known.job)
      ? []
      : [...uncaughtReasons(known), ...uncaughtMeanwhile(known), ...clockReasons(known)],
    ...explainOrigin(known),
  ];
  const first = new Map<string, Statement<LogId>>();
  for (const one of reasons) if (!first.has(one.statement)) first.set(one.statement, one);
  return [...first.values()];
}

/** Obstacles that are not in the journal. */
function processReasons({ job, created, circumstances }: Case): Reasons {
  if (isTerminal(job)) return [];
  const { definition, silence, full, draining } = circumstances;
  return [
    definition === "missing" && job.parked === undefined &&
    `This process has no definition of type ${job.type ?? ""}: ` +
      "until one is loaded, none of the job's code runs.",
    silence !== undefined &&
    `${capital(silenceText(silence))}: nothing can be recorded until it does.`,
    full && "The disk is full: nothing can be recorded until there is room.",
    draining && "This process is stopping: nothing new begins before the next start.",
  ].flatMap((statement) => statement === false ? [] : [reason(statement, created)]);
}

export function nextSteps(known: Case): Next {
  const { job, conditionSince, circumstances: { definition, silence, full } } = known;
  const condition = deriveCondition(job);
  const { next } = CONDITIONS[condition];
  if (isTerminal(job)) return next(known);
  if (definition === "missing" && condition !== "parked") {
    return [loadDefinition(known), ...eventsToSend(known), ...controls(job)];
  }
  if (silence === undefined && !full) return next(known);
  const missing = silence === undefined
    ? "there is room on the disk"
    : silence.of === "disk"
    ? "the disk completes its write"
    : "the database answers";
  return [automatic(`Nothing, until ${missing}; then it continues by itself.`, conditionSince)];
}

function loadDefinition({ job, created }: Case): NextStep<LogId> {
  const until = job.suspendedBy === undefined
    ? "until then"
    : "until then, and until it is resumed,";
  const statement = `Start Daybook with a module that defines type ${job.type ?? ""} ` +
    `(--definitions): ${until} none of its code runs.`;
  return byHand(statement, created);
}

/** The controls that the job accepts now. A plan that expects nothing would start as Done. */
function controls({ state, jobId, suspendedBy, plan }: JobState): Next {
  const path = `/jobs/${jobId}`;
  const canCancel = state !== "Compensating" && plan.expected.length > 0;
  return [
    ...state === "Created" ? [manual("Start it now:", `${path}/start`)] : [],
    ...state !== "Created" && suspendedBy !== undefined
      ? [manual("Resume it:", `${path}/resume`)]
      : [],
    ...canCancel ? [manual("Cancel it:", `${path}/cancel`)] : [],
  ];
}

function sleepingText(known: Case): string {
  const [only] = openSleeps(known.job);
  const unusual = only && (zoneText(known.job, only.dueAt) || oddSleepText(known, only));
  return `is sleeping: ${sleepsText(known.job)}${unusual ?? ""}.`;
}

function startAt({ created }: Case): string {
  return created.attributes.startAt ?? "";
}

/** What a suspended job would be doing otherwise; it waits for no worker. */
function beneath(known: Case): { readonly condition: Condition; readonly queueless: Case } {
  const { suspendedBy: _, ...job } = known.job;
  const { queue: __, ...circumstances } = known.circumstances;
  return { condition: deriveCondition(job as JobState), queueless: { ...known, circumstances } };
}

function suspendedText(known: Case): string {
  const { suspended } = known;
  if (suspended === undefined) return "is suspended.";
  const { condition, queueless } = beneath(known);
  return `has been suspended by a control since ${suspended.receivedAt}` +
    `${reasonText(suspended.attributes.reason)}. Otherwise it ${
      CONDITIONS[condition].summary(queueless)
    }`;
}

function suspendedReasons(known: Case): Reasons {
  const { suspended } = known;
  const { condition, queueless } = beneath(known);
  const control: Reasons = suspended === undefined ? [] : [reason(
    `A suspend control${actorText(suspended)} has held it since ${suspended.receivedAt}` +
      `${reasonText(suspended.attributes.reason)}: no new attempt begins, and events still count.`,
    suspended,
  )];
  return condition === "queued"
    ? [...control, ...whyQueued(known), ...backoffReasons(known)]
    : [...control, ...CONDITIONS[condition].because(queueless)];
}

/** What is running continues to its end; the rest waits. */
function whileSuspended(known: Case): Next {
  const { job, suspended } = known;
  if (!hasCode(job)) {
    const statement = "Nothing is held up: the job has no code, and events still move it.";
    return [automatic(statement, suspended)];
  }
  // `run` has begun, but cannot continue while it awaits a step that is backing off.
  const isExecuting = beneath(known).condition === "executing";
  const running = runningTasks(job).flatMap(({ taskId }) =>
    taskId === MAIN_TASK && !isExecuting ? [] : taskText(taskId)
  );
  const nothing = "nothing new begins until it is resumed.";
  if (running.length === 0) return [automatic(capital(nothing), suspended)];
  const toTheirEnd = running.length === 1 ? "continues to its end" : "continue to their end";
  const names = capital(shortened(running));
  return [automatic(`${names} ${toTheirEnd}; ${nothing}`, suspended)];
}
