/** What is said of a job that is queued, or that backs off. */

import { counted } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { errorText, requestedDelayMs } from "../../core/error_text.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type BackingOffTask, findTask, type JobState } from "../../core/job_state.ts";
import { backsOff } from "../../core/task_facts.ts";
import { openWaits } from "../../core/waits.ts";
import {
  attemptFailed,
  attemptsOf,
  attemptToCome,
  causeOf,
  cutShortText,
  unsuccessfulAttempts,
} from "../past/attempts.ts";
import type { Case, Circumstances } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import {
  holdingLater,
  isPaused,
  pauseCause,
  pausesCited,
  pauseSteps,
} from "../queue/pause_texts.ts";
import { capital, reasonText, shortened, taskText } from "../words/phrases.ts";
import {
  behindText,
  blockingEntries,
  cancelHolders,
  changeCited,
  changeReason,
  deadlockText,
  holdersOf,
  holdsThenText,
  priorityText,
  queueHeldText,
  queueText,
  queueThenText,
  rateOpensAt,
  restoreLimit,
  sharedKeyText,
} from "../queue/queue_holders.ts";
import { answerForRun } from "./run_answers.ts";
import { automatic, manual, reason, showSome } from "../statements/statement.ts";
import { besideSleepsText, endsByTime, openSleeps } from "./due_times.ts";

/** How many names a sentence has, and how many tasks and pauses have a step of their own. */
const NAMES_MAX = 5;
const STEPS_MAX = 10;
const PAUSES_MAX = 3;
/** How many holders of workers are cited. */
const HOLDERS_MAX = 3;

type Queue = NonNullable<Circumstances["queue"]>;

export function queuedText(known: Case): string {
  const { job, circumstances: { queue, queueThen } } = known;
  if (queue !== undefined) {
    return [
      `is queued${behindText(queue)}: ${queueHeldText(queue)}${besideText(known)}.`,
      ...(queue.pauses ?? []).slice(0, 1).flatMap(pauseCause).map(({ statement }) => statement),
      ...deadlockText(job, holdersOf(queue.limit, queue.holders)),
      ...sharedKeyText(queue.limit),
      ...priorityText(queue, job.priority),
    ].join(" ");
  }
  const turn = queueThen === undefined ? "it waits for a worker" : queueThenText(queueThen);
  return `is queued${behindText(queueThen)}: ${turn}${besideText(known)}.`;
}

/** `, while task b failed ...`, when something will be retried meanwhile, or sleeps. */
export function besideText(known: Case): string {
  const open = backoffTexts(known, isHeld(known));
  const again = open.length === 0 ? "" : `, while ${shortened(open, NAMES_MAX)}`;
  return again + besideSleepsText(known.job);
}

export function backingOffText(known: Case): string {
  const { circumstances: { queue, definition } } = known;
  const isDue = queue !== undefined || definition === "missing" || isHeld(known) ||
    holdingLater(known).length > 0;
  const texts = shortened(backoffTexts(known, isDue), NAMES_MAX);
  return queue === undefined ? `is backing off: ${texts}.` : `${standingText(queue)}; ${texts}.`;
}

/**
 * `needs a worker: 4 of 4 workers busy`, `needs a place behind 1 job of its key: job a1 holds ...`,
 * or `is held: type mail.send has been paused ...`.
 */
export function standingText(queue: Queue): string {
  const { pauses, limit } = queue;
  if (pauses !== undefined) return `is held: ${queueText(queue)}`;
  return limit === undefined
    ? `needs a worker: ${queueText(queue)}`
    : `needs a place${behindText(queue)}: ${queueHeldText(queue)}`;
}

/** A suspended job retries when it is resumed, whatever time is on record. */
function isHeld({ job }: Case): boolean {
  return job.suspendedBy !== undefined;
}

function backoffTexts(known: Case, isDue: boolean): readonly string[] {
  return backingOffTasks(known.job).map((task) => {
    const { taskId, failures, error } = task;
    const which = attemptFailed(task, attemptsOf(known, taskId));
    const again = againText(task, isDue);
    const asked = requestedDelayMs(error);
    if (asked !== undefined) {
      const pause = `a pause of ${durationText(asked)}`;
      return `${taskText(taskId)} asked with RetryLater for ${pause} in ${which} and ${again}`;
    }
    const before = failures > 2
      ? `, like the ${failures - 1} before it`
      : failures === 2
      ? ", like the one before it"
      : "";
    return `${taskText(taskId)} failed in ${which}${before} (${errorText(error)}) and ${again}`;
  });
}

export function againText({ retryAt }: { readonly retryAt: string }, isDue: boolean): string {
  return `${isDue ? "was to be tried again" : "will be tried again"} at ${retryAt}`;
}

export function queuedReasons(known: Case): Reasons {
  const { circumstances: { queue, queueThen }, conditionSince: since } = known;
  const stands = queue ?? queueThen;
  const turn = `It has been queued since ${since.receivedAt}${behindText(stands)}`;
  const holds = queue === undefined ? holdsThenText(queueThen) : limitedText(queue);
  const statement = holds === undefined ? `${turn}.` : `${turn}: ${holds}.`;
  const began = stands === undefined ? [] : blockingEntries(stands.limit, stands.holders);
  return [
    reason(statement, ...settingsCited(stands), since, ...began.slice(0, HOLDERS_MAX)),
    ...settingReasons(stands),
    ...whyQueued(known),
    ...backoffReasons(known),
  ];
}

/** A retry is due, but cannot begin while it is paused, or without a worker or a place. */
export function dueReasons({ circumstances: { queue }, conditionSince }: Case): Reasons {
  if (queue === undefined) return [];
  const wanted = queue.limit === undefined ? "worker" : "place";
  const stands = queue.pauses === undefined ? `needs a ${wanted}${behindText(queue)}` : "is held";
  const statement = `It ${stands}: ${limitedText(queue)}.`;
  const began = queue.limit === undefined ? [] : blockingEntries(queue.limit);
  return [
    reason(statement, ...settingsCited(queue), conditionSince, ...began.slice(0, HOLDERS_MAX)),
    ...settingReasons(queue),
  ];
}

type Settings = Pick<Queue, "pauses" | "limit"> | undefined;

/** The pauses that hold a job, and the change of the limit that does. */
function settingsCited(settings: Settings): readonly LogId[] {
  return [...pausesCited(settings?.pauses), ...changeCited(settings?.limit)];
}

/** Who set them, and why. */
function settingReasons(settings: Settings): Reasons {
  return [...changeReason(settings?.limit), ...(settings?.pauses ?? []).flatMap(pauseCause)];
}

function limitedText(queue: Queue): string {
  const { pauses, limit, isThreaded, alone } = queue;
  const isOfWorkers = pauses === undefined && limit === undefined && isThreaded !== true &&
    alone === undefined;
  return `${queueText(queue)}${isOfWorkers ? " (the limit is --max-running)" : ""}`;
}

/** Why the job needs a worker. */
export function whyQueued(known: Case): Reasons {
  const { job, resumed, conditionSince, causes } = known;
  if (resumed !== undefined && conditionSince.logId === resumed.logId) {
    const { of, reason: why } = resumed.attributes;
    const what = of === "parked" ? "It stopped being parked at" : "It was resumed at";
    return [reason(`${what} ${resumed.receivedAt}${reasonText(why)}.`, resumed)];
  }
  const interrupted = job.tasks.flatMap(({ taskId, status }) => {
    const attempt = attemptsOf(known, taskId).at(-1);
    return status === "interrupted" && attempt?.ended?.kind === "interrupted"
      ? [{ taskId, attempt: attempt.attempt, ended: attempt.ended }]
      : [];
  });
  if (interrupted.length > 0) {
    return showSome(interrupted, conditionSince, ({ taskId, attempt, ended }) => {
      const { entry } = ended;
      const statement = `${capital(taskText(taskId))} was cut short in attempt ${attempt}, ` +
        `as recorded at ${entry.receivedAt}: ${cutShortText(ended, causes)}.`;
      return [reason(statement, entry, causeOf(entry, causes))];
    });
  }
  const main = findTask(job, MAIN_TASK);
  return main?.status === "waiting" ? answerForRun(known, main) : [];
}

export function backoffReasons(known: Case): Reasons {
  return showSome(backingOffTasks(known.job), known.conditionSince, (task) => {
    const { taskId, retryAt, lastLogId } = task;
    const attempts = attemptsOf(known, taskId);
    const next = attemptToCome(task, attempts);
    const statement = `${capital(taskText(taskId))} waits for ${next}, due at ${retryAt}.`;
    return [
      reason(statement, attempts.at(-1)?.ended?.entry.logId ?? lastLogId),
      ...unsuccessfulAttempts(known, taskId),
    ];
  });
}

export function whileQueued(known: Case): Next {
  const { queue } = known.circumstances;
  return [
    ...once(queue),
    ...dueAttempts(known),
    ...endsByTime(known),
    ...restoreLimit(queue?.limit),
    ...queue === undefined ? [] : cancelHolders(queue.limit, queue.holders),
  ];
}

export function whileBackingOff(known: Case): Next {
  const { circumstances: { queue }, conditionSince } = known;
  // A retry that is due waits for a worker, whatever time is on record.
  return queue === undefined ? dueAttempts(known) : once(queue, conditionSince);
}

/** When it gets a worker. */
export function once(queue: Queue | undefined, cited?: JobEventLogEntry): Next {
  if (queue?.pauses !== undefined) return queue.pauses.slice(0, PAUSES_MAX).flatMap(pauseSteps);
  const opensAt = rateOpensAt(queue?.limit);
  if (queue === undefined || opensAt === undefined) {
    const place = queue?.limit === undefined ? "" : "a place is free and ";
    return [automatic(`It runs when ${place}its turn comes.`, cited)];
  }
  const statement = queue.ahead === 0
    ? `It may begin at ${opensAt}, when its turn has come.`
    : `The rate lets the next job begin at ${opensAt}, and ${
      counted(queue.ahead, "job goes", "jobs go")
    } before this one.`;
  return [automatic(statement, cited)];
}

export function dueAttempts(known: Case): Next {
  const again = tryText(known);
  return backingOffTasks(known.job).slice(0, STEPS_MAX).map((task) => {
    const which = attemptToCome(task, attemptsOf(known, task.taskId));
    const statement = `${capital(taskText(task.taskId))} ${again} at ${task.retryAt}: ${which}.`;
    return automatic(statement, task.lastLogId);
  });
}

export function tryText(known: Case): string {
  return isPaused(known) ? "is due to be tried again" : "will be tried again";
}

/** Ends the backoff early. A retry that is due only waits for a worker. */
export function wakeUp({ job, circumstances: { queue } }: Case): Next {
  if (queue !== undefined || !backsOff(job.tasks)) return [];
  const others = openSleeps(job).length > 0 || openWaits(job).length > 0
    ? "; this also ends its sleeps and its waits until a time"
    : "";
  const statement = `Try it again now, once the cause is fixed${others}:`;
  return [manual(statement, `/jobs/${job.jobId}/wake`)];
}

/** The pauses that will hold what comes next; see `holdingLater`. */
export function laterPauses(known: Case): Next {
  return holdingLater(known).slice(0, PAUSES_MAX).flatMap(pauseSteps);
}

function backingOffTasks({ tasks }: JobState): readonly BackingOffTask[] {
  return tasks.filter((task): task is BackingOffTask => task.status === "backingOff");
}
