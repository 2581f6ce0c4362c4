/**
 * Results of earlier steps that the error of a failed job names. After a stop of the process they
 * may name what is gone, such as a file on the disk of a container.
 */

import { counted } from "../../core/counted.ts";
import { errorText } from "../../core/error_text.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import type { CompletedTask, JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type Given, givenBeforeFailure } from "../history/given_values.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { OF_DATE } from "../likeness/own_values.ts";
import { attemptsOf } from "../past/attempts.ts";
import { type Meanwhile, processStop, processStopText } from "../past/process_history.ts";
import type { Evidence, ProcessStop } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { capital, taskName, taskText } from "../words/phrases.ts";

interface NamedResult {
  readonly task: CompletedTask;
  /** `file = "/scratch/r-7.csv"`, or the whole result. */
  readonly shown: string;
  /** Whether the error says that there is no such thing. */
  readonly isMissing: boolean;
  /** The last stop of the process between the step and the first attempt that failed. */
  readonly stop: ProcessStop | undefined;
}

/** The first step that returned a text that the error names, if the job had it from nowhere else. */
export function namedResult(known: Meanwhile): NamedResult | undefined {
  const { job } = known;
  // A sealed input is not opened, so it may have the text.
  if (job.state !== "Failed" || job.sealed !== undefined) return undefined;
  const error = errorText(job.failure.error);
  const given = givenBeforeFailure(known);
  for (const { task, value } of given.toSorted((one, other) => one.by - other.by)) {
    if (task === undefined) continue;
    for (const place of placesIn({ result: value })) {
      const text = place.value;
      if (!isTelling(text) || !names(error, text) || isGivenElse(job, given, text)) continue;
      const path = placePath(place).slice("result.".length);
      const shown = `${path === "" ? "" : `${shownText(path)} = `}${shownScalar(text)}`;
      const failed = firstFailing(known);
      const stop = failed === undefined ? undefined : processStop(known, task.completedBy, failed);
      return { task, shown, isMissing: saysMissing(error, text), stop };
    }
  }
  return undefined;
}

/** Whether the input, an event, a label or the id of the job has a text too. */
function isGivenElse(job: JobState, given: readonly Given[], text: string): boolean {
  const others = given.filter(({ task }) => task === undefined).map(({ value }) => value);
  return JSON.stringify([...others, job.labels ?? {}, job.jobId])
    .includes(JSON.stringify(text).slice(1, -1));
}

/** A shorter text, or one of words alone, occurs in an error by chance; and a day is a measure. */
const LENGTH_MIN = 6;
const OF_NAME = /\d|[\\/@:]|\w\.\w/;

/** Whether a value in an error is the name of one thing. */
export function isTelling(value: JsonValue): value is string {
  return typeof value === "string" && value.length >= LENGTH_MIN && OF_NAME.test(value) &&
    !OF_DATE.test(value) && Number.isNaN(Number(value));
}

/** Whether an error has a text that is no part of a longer word or path. */
function names(error: string, text: string): boolean {
  return error.includes(text) &&
    new RegExp(String.raw`(?<![\w-]|\w[./])${RegExp.escape(text)}(?![\w-]|[./]\w)`).test(error);
}

const NO_SUCH = String
  .raw`(?:ENOENT|no such|not ?found|unknown|\b404\b|\b410\b|(?:cannot|could not) (?:find|open))`;
/** Between that and what is missing; other words make it something else that is missing. */
const BETWEEN = String
  .raw`(?:(?!\b(?:while|when|for|in|of|by|after|before|but|and)\b)[^"'\`;]){0,60}`;
const IS_MISSING = String
  .raw`(?:(?:is|was|has|does|did|could) )?(?:not (?:be )?(?:found|exists?)|no longer|gone|missing)`;

function saysMissing(error: string, text: string): boolean {
  const named = String.raw`["'\`]?${RegExp.escape(text)}["'\`]?`;
  return new RegExp(`${NO_SUCH}${BETWEEN}${named}|${named}:? ${IS_MISSING}\\b`, "i").test(error);
}

/** The entry with which the first attempt began that failed; of `run`, the failure. */
export function firstFailing(known: Meanwhile): LogId | undefined {
  const taskId = failingTask(known.job);
  if (taskId === MAIN_TASK) return known.failedBy?.entry.logId;
  return attemptsOf(known, taskId).find(({ ended }) => ended?.kind === "failed")?.started?.logId;
}

export function failingTask(job: JobState): TaskId {
  return job.state === "Failed" ? job.failure.taskId ?? MAIN_TASK : MAIN_TASK;
}

/** No stop is blamed that other jobs went through at the same point. */
export function namedResults(known: Evidence): Reasons {
  const named = namedResult(known);
  if (named === undefined) return [];
  const { task, shown } = named;
  const stop = stopInBetween(known, named);
  const had = `${capital(taskText(task.taskId))} had returned ${shown}`;
  if (stop === undefined) return [reason(`${had}.`, task.completedBy)];
  const { within = 0 } = known.peersAtStops ?? {};
  const failing = failingTask(known.job);
  const end = failing === MAIN_TASK ? "their end" : taskName(failing);
  const others = within === 0
    ? ""
    : `; ${counted(within, "job")} that went through had no stop between ${task.taskId} and ${end}`;
  const statement = `${had} before ${processStopText(stop)}${others}.`;
  return [reason(statement, task.completedBy, stop)];
}

function stopInBetween({ peersAtStops }: Evidence, { stop }: NamedResult) {
  return (peersAtStops?.across ?? 0) > 0 ? undefined : stop;
}

/** The same, if the error says that it is missing. */
export function lostResults(known: Evidence): Reasons {
  return lostResult(known) === undefined ? [] : namedResults(known);
}

/** The step that returned what is missing by the error; and whether the process stopped since. */
export function lostResult(known: Evidence) {
  const named = namedResult(known);
  return named?.isMissing !== true
    ? undefined
    : { task: named.task, isOfStop: stopInBetween(known, named) !== undefined };
}
