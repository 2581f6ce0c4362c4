/** The first sentence about a job that has ended. */

import { assertNever } from "../../core/assert_never.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import { DEADLINE_PASSED, policyMessage } from "../../core/failure.ts";
import { MAIN_TASK, type TaskId } from "../../core/ids.ts";
import {
  compensableTasks,
  type FailedJob,
  type Failure,
  isStep,
  type JobState,
  type TaskState,
  timedOutTask,
} from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText, shownValue } from "../../core/shown_value.ts";
import { attemptsOf, isUndone } from "../past/attempts.ts";
import { isIdentifier, OF_DATE } from "../likeness/own_values.ts";
import {
  causesOfFailure,
  neverRan,
  neverStarted,
  notableReasons,
  repeatedReasons,
} from "./because_ended.ts";
import { isSaidOf } from "./named_fields.ts";
import { eventsTooLate } from "./counted_events.ts";
import { type Place, placePath, placesIn } from "../likeness/elsewhere.ts";
import { isAlmostNumber, misreadNumber } from "../likeness/misread_numbers.ts";
import { CUT_OFF, recodedAs, URL_ESCAPED } from "../likeness/recoding.ts";
import type { Case, Evidence } from "../statements/evidence.ts";
import { wentFirstReasons } from "../queue/going_first.ts";
import { heldUntilDeadline, heldUpReasons } from "../past/hold_up_texts.ts";
import { tookMs } from "../history/outlined_history.ts";
import {
  actorText,
  cancelReason,
  capital,
  namesWord,
  shortened,
  SUMMARY_MAX,
  taskText,
} from "../words/phrases.ts";
import { uncaughtReasons } from "../past/uncaught_errors.ts";
import { lateLimit, lateLimits } from "../past/late_limit.ts";
import { deadlineLateness, lastWaitGivenUp } from "../past/sleeps_and_waits.ts";
import { retryReasons } from "./repeated_work.ts";
import { lateSender, moreText, timeSpent, timeText, usualText } from "./time_spent.ts";

export function succeededText(known: Case): string {
  const { job } = known;
  if (job.state !== "Done") return "is Done.";
  const took = tookText(known);
  const done = job.failure === undefined
    ? `has been Done since ${job.endedAt}${took}.`
    : `has been Done since ${job.endedAt}${took}: it failed (${failureText(job.failure)}), ` +
      "and its policy accepts a compensated end.";
  const [aside] = [
    ...notableReasons(known),
    ...took === "" ? heldUpReasons(known) : [
      ...wentFirstReasons(known.heldUp?.overtaken),
      ...lateSender(known),
    ],
  ];
  return aside === undefined ? done : `${done} ${aside.statement}`;
}

/** `, after 3 d, where the 6 ... took 2 ms in the median: 3 d waiting for "signed" (...)`. */
function tookText(known: Evidence): string {
  const { usual, job } = known;
  const ms = tookMs(known);
  const parts = timeSpent(known);
  if (parts.length === 0 || ms === undefined || usual === undefined) return "";
  return `, after ${durationText(ms)}, ${usualText(usual, job)}: ${timeText(parts)}` +
    moreText(known);
}

export function failedText(known: Case): string {
  const { job, failedBy } = known;
  if (job.state !== "Failed") return "is Failed.";
  const { failure } = job;
  const recovery = failure.recoveryRequired
    ? ` ${capital(uncompensatedText(job))} failed as well: an operator must intervene.`
    : "";
  if (failure.kind === "cancelled") {
    const rival = known.rival === undefined ? "" : ` ${known.rival.statement}`;
    return `was cancelled${actorText(failedBy?.entry ?? {})}${cancelReason(failure)}.${recovery}` +
      rival;
  }
  if (neverStarted(known)) return `could not be started: ${errorText(failure.error)}.`;
  const beside = [
    ...causesOfFailure(known),
    ...failure.kind === "error" && failure.taskId === MAIN_TASK ? lastWaitGivenUp(known) : [],
    ...lateLimit(known),
    ...repeatedReasons(known).slice(0, 1),
    ...eventsTooLate(known),
    ...heldUntilDeadline(known),
    ...retryReasons(known),
  ];
  const later = uncaughtReasons(known, failedBy?.entry.logId);
  return [
    `failed: ${failureText(failure, triesText(known, failure))}${namedInputText(job)}${
      neverRan(known) ? ", before any of its code had run" : ""
    }${usualLengthText(known)}` +
    `${deadlineLateness(known).statement}.${recovery}`,
    ...[...beside, ...later.slice(0, 1)].map(({ statement }) => statement),
  ].join(" ");
}

/** How long others took in the task whose time limit failed the job: it is slow, or the limit tight. */
function usualLengthText(known: Evidence): string {
  const { job, usual } = known;
  const isOfTask = timedOutTask(job) !== undefined && lateLimits(known).length === 0;
  return usual === undefined || !isOfTask ? "" : `, ${usualText(usual, job)}`;
}

/** `DELETE /bookings/undefined answered 404`: the code made a text of a value that it did not have. */
const OF_MISSING = /[/=:"'(\s](?:undefined|null|NaN|\[object Object\])(?![\w-])/;

/** `the compensation of task debit (Error: the bank is closed)`. */
function uncompensatedText(job: JobState): string {
  const failed = compensableTasks(job).flatMap(({ taskId, compensation, result = null }) => {
    if (compensation?.status !== "failed") return [];
    const error = errorText(compensation.error);
    const given = OF_MISSING.test(error) ? `; it was given ${shownValue(result)}` : "";
    return [`${taskText(taskId)} (${error}${given}${undoneBeforeText(job, taskId, error)})`];
  });
  return failed.length === 0
    ? "a compensation"
    : `the compensation of ${shortened(failed, SUMMARY_MAX)}`;
}

/** `; task account, which had returned "acc-7", was undone before it`, if the error names that. */
function undoneBeforeText(job: JobState, failed: TaskId, error: string): string {
  for (const task of compensableTasks(job)) {
    if (task.taskId === failed || !isUndone(task)) continue;
    const { result = null } = task;
    const named = placesIn({ result }).find((place) =>
      isIdentifier(placePath(place), place.value) && namesWord(error, `${place.value}`)
    );
    if (named === undefined) continue;
    return `; ${taskText(task.taskId)}, which had returned ${shownScalar(named.value)}, was ` +
      "undone before it";
  }
  return "";
}

/** ` (3 within 3 s)`, since a retry that comes at once may not help. */
function triesText(known: Evidence, { taskId = MAIN_TASK }: Failure): string {
  const attempts = attemptsOf(known, taskId);
  const [first, last] = [attempts[0], attempts.at(-1)];
  if (first?.started === undefined || last?.ended === undefined || first === last) return "";
  if (first.badBefore !== undefined) return "";
  const ms = lengthMs(first.started.receivedAt, last.ended.entry.receivedAt);
  return ` (${attempts.length} within ${durationText(ms)})`;
}

export function failureText(failure: Failure | undefined, tries = ""): string {
  if (failure === undefined) return "a failure";
  const { kind, taskId, error } = failure;
  switch (kind) {
    case "cancelled":
      return `a cancellation${cancelReason(failure)}`;
    case "deadLetter":
      return `${taskText(taskId ?? MAIN_TASK)} used up its attempts${tries}; the last error was ` +
        errorText(error);
    case "poison":
      return `${taskText(taskId ?? MAIN_TASK)} failed for good with ${errorText(error)}`;
    case "error":
      if (taskId === MAIN_TASK) return `run threw ${errorText(error)}`;
      if (error.name === DEADLINE_PASSED) return error.message;
      return error.message === policyMessage(error.name)
        ? `${error.name} came, which its policy names an error`
        : errorText(error);
    default:
      return assertNever(kind, "kind of failure");
  }
}

const INPUTS_SHOWN_MAX = 2;
/** Shorter names occur as ordinary words. */
const NAME_LENGTH_MIN = 3;

/** What code fails to read as a time. */
function isNoTime(value: JsonScalar): boolean {
  return typeof value === "string" && OF_DATE.test(value) && Number.isNaN(Date.parse(value));
}

/**
 * `; its input has weight = "2,5"`, for the parts of the input that the error names or has in
 * another form, or that are no numbers or times if it is about one.
 */
function namedInputText({ input, sealed, failure, tasks }: FailedJob): string {
  if (sealed !== undefined || input === undefined || isScalar(input)) return "";
  const words = new Set(failure.error.message.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []);
  const tokens = (failure.error.message.match(/[^\s"'`/,;()]+/g) ?? []).slice(0, WORDS_MAX)
    .map((token) => token.replace(/[.:]+$/, ""));
  const named = placesIn({ input } as JsonObject).flatMap((place): readonly string[] => {
    const path = placePath(place).slice("input.".length);
    const shown = `${path} = ${shownScalar(place.value)}`;
    const altered = tokens.map((token) => alteredText(place.value, token)).find((one) =>
      one !== ""
    );
    if (altered !== undefined) return [shown + altered];
    const made = misreadText(place, tasks);
    if (made !== "") return [shown + made];
    const name = path.split(".").at(-1)?.toLowerCase() ?? "";
    const isNamed = name.length >= NAME_LENGTH_MIN && words.has(name) &&
        !saysOther(failure.error.message, name, place.value) ||
      isSaidOf(failure.error, place) ||
      (words.has("number") || words.has("nan")) && isAlmostNumber(place.value) ||
      words.has("invalid") && (words.has("date") || words.has("time")) && isNoTime(place.value);
    return isNamed ? [shown] : [];
  }).slice(0, INPUTS_SHOWN_MAX);
  return named.length === 0 ? "" : `; its input has ${named.join(" and ")}`;
}

/** Whether an error has a number after a name, but not that of the input: `supplier price 81.9`. */
function saysOther(error: string, name: string, value: JsonScalar): boolean {
  const said = new RegExp(
    String.raw`(?<![\p{L}\p{N}_])${RegExp.escape(name)}[\s:=]+(-?\d+(?:\.\d+)?)`,
    "iu",
  ).exec(error);
  return typeof value === "number" && said !== null && Number(said[1]) !== value;
}

/** In how many steps such a number is looked for. */
const MAKERS_MAX = 32;

/** `, of which task parse made 1.299`: as of `1.299,00`. */
function misreadText({ value, names }: Place, tasks: readonly TaskState[]): string {
  const misread = misreadNumber(value);
  if (misread === undefined) return "";
  const maker = tasks.slice(0, MAKERS_MAX).find((task) =>
    isStep(task) &&
    placesIn({ result: task.result ?? null }).some((made) =>
      made.value === misread && (made.names.length === 1 || made.names.at(-1) === names.at(-1))
    )
  );
  return maker === undefined ? "" : `, of which ${taskText(maker.taskId)} made ${misread}`;
}

/** How many words of an error are compared with the input. */
const WORDS_MAX = 32;

/** `, which the error has as 9007...40 (rounded ...)`: the code made another value of it. */
function alteredText(value: JsonScalar, token: string): string {
  const how = recodedAs(value, token);
  return how === undefined || how === URL_ESCAPED || how === CUT_OFF && isPart(`${value}`, token)
    ? ""
    : `, which the error has as ${shownText(token)} (${how})`;
}

/** Whether the beginning of a text means something by itself: a day, or the words before one. */
function isPart(text: string, { length }: string): boolean {
  return OF_DATE.test(text) || !/[\p{L}\p{N}]$/u.test(text.slice(0, length)) ||
    !/^[\p{L}\p{N}]/u.test(text.slice(length));
}
