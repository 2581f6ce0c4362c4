/**
 * Times in what a failed task had been given: a token that had expired before the task used it, or
 * one that was issued later than that by the clock of its issuer.
 */

import { durationText, lengthMs } from "../../core/duration.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import type { CompletedTask } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type Given, givenBeforeFailure } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { attemptsOf } from "../past/attempts.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { later, taskText } from "../words/phrases.ts";

const SHOWN_MAX = 2;
/** Clocks may differ a little. */
const AHEAD_MS = 1_000;

/** Names of ends, without separators. */
const END = /(?:expir(?:y|es|ed|ation)?(?:at|on|date|time)?|^exp|validuntil|validto|notafter)$/;
const LENGTH = /expires?in$/;
const BEGINNING = /(?:issuedat|^iat|notbefore|^nbf)$/;

interface OddTime {
  readonly given: Given;
  readonly statement: string;
  readonly hasExpired: boolean;
}

export function expiredValues(known: OutlinedHistory): Reasons {
  const { started } = lastAttempt(known) ?? {};
  return oddTimes(known).slice(0, SHOWN_MAX)
    .map(({ given, statement }) => reason(statement, given.by, started));
}

/** The first step whose result had expired, which a retry would reuse. */
export function stepWithExpiredResult(known: OutlinedHistory): CompletedTask | undefined {
  return oddTimes(known).find(({ hasExpired, given: { task } }) => hasExpired && task !== undefined)
    ?.given.task;
}

function lastAttempt(known: OutlinedHistory) {
  const { job } = known;
  const taskId = job.state === "Failed" ? job.failure.taskId ?? MAIN_TASK : MAIN_TASK;
  const { started, ended } = attemptsOf(known, taskId).at(-1) ?? {};
  // `run` itself may have been waiting since its own start.
  const at = taskId === MAIN_TASK ? ended?.entry.receivedAt : started?.receivedAt;
  const what = taskId === MAIN_TASK
    ? "run failed"
    : `the last attempt of ${taskText(taskId)} began`;
  return at === undefined ? undefined : { at, what, started };
}

function oddTimes(known: OutlinedHistory): readonly OddTime[] {
  const used = lastAttempt(known);
  if (used === undefined) return [];
  return givenBeforeFailure(known).flatMap((given) => {
    const { value } = given;
    if (isScalar(value)) return [];
    return placesIn(value as JsonObject).flatMap((place): readonly OddTime[] => {
      const name = (place.names.at(-1) ?? "").toLowerCase().replaceAll(/[_\-\s]/g, "");
      const has = `${given.has} ${shownText(placePath(place))} = ${shownScalar(place.value)}`;
      const end = LENGTH.test(name)
        ? secondsAfter(given.at, place.value)
        : END.test(name)
        ? timeOf(place.value)
        : undefined;
      const agoMs = end === undefined ? 0 : lengthMs(end, used.at);
      if (agoMs > 0) {
        const passed = `which had passed ${durationText(agoMs)} before ${used.what}`;
        return [{ given, statement: `${has}, ${passed}.`, hasExpired: true }];
      }
      const begin = BEGINNING.test(name) ? timeOf(place.value) : undefined;
      const aheadMs = begin === undefined ? 0 : lengthMs(used.at, begin);
      if (aheadMs <= AHEAD_MS) return [];
      const ahead = `${durationText(aheadMs)} after ${used.what}: a clock may be wrong`;
      return [{ given, statement: `${has}, ${ahead}.`, hasExpired: false }];
    });
  });
}

/** A text with a time of day, or seconds or milliseconds since 1970; RFC 3339. */
function timeOf(value: JsonScalar): string | undefined {
  if (typeof value === "string") {
    const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : NaN;
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  }
  if (typeof value !== "number") return undefined;
  if (value >= 1e9 && value < 1e10) return new Date(value * 1_000).toISOString();
  return value >= 1e12 && value < 1e13 ? new Date(value).toISOString() : undefined;
}

const YEAR_SECONDS = 31_536_000;

function secondsAfter(at: string, value: JsonScalar): string | undefined {
  const isLength = typeof value === "number" && value > 0 && value <= YEAR_SECONDS;
  return isLength ? later(at, value * 1_000) : undefined;
}
