/**
 * Times in what a failed task had been given: a token that had expired before the task used it, or
 * one that was issued later than that by the clock of its issuer.
 */

import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import type { CompletedTask } from "../../core/job_state.ts";
import { isScalar, type JsonObject, type JsonScalar, type JsonValue } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { type Given, givenBeforeFailure } from "../history/given_values.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { type Place, placePath, placesIn } from "../likeness/elsewhere.ts";
import { attemptsOf } from "../past/attempts.ts";
import type { Reasons } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { later, taskText } from "../words/phrases.ts";

const SHOWN_MAX = 2;
/** Clocks may differ a little. */
const AHEAD_MS = 1_000;

/** Names of ends, without separators. `expiredAt` is not one: it tells of what is over. */
const END = /(?:expir(?:y|es?|ation)?(?:at|on|date|time)?|^exp|validuntil|validto|notafter)$/;
/** In seconds, as OAuth has it. Under other names a length may be in any unit. */
const LENGTH = "expires_in";
const BEGINNING = /(?:issuedat|^iat|notbefore|^nbf)$/;
/** What an error may say if it is about a credential that is not valid yet, or no longer. */
const OF_VALIDITY =
  /expir|no longer|not (?:yet )?valid\b|\b401\b|unauthor|(?<!unexpected )\btoken|\bsession|outdated|stale|too (?:late|old)/i;
/** Names of credentials, or of what is beside them. */
const OF_CREDENTIAL =
  /token|session|credential|signature|access(?!or)|auth(?!or)|login|(?:^|\W)exp(?:$|\W)|expires_in/i;

interface UnfitTime {
  readonly given: Given;
  readonly statement: string;
  /** Whether it expired after it was given, so that the step may return a valid one again. */
  readonly hasExpired: boolean;
}

export function expiredValues(known: OutlinedHistory): Reasons {
  const { started } = lastAttempt(known) ?? {};
  return unfitTimes(known).slice(0, SHOWN_MAX)
    .map(({ given, statement }) => reason(statement, given.by, started));
}

/** The first step whose result had expired, which a retry would reuse. */
export function stepWithExpiredResult(known: OutlinedHistory): CompletedTask | undefined {
  return unfitTimes(known).find(({ hasExpired, given: { task } }) =>
    hasExpired && task !== undefined
  )
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

function unfitTimes(known: OutlinedHistory): readonly UnfitTime[] {
  const { job } = known;
  const used = lastAttempt(known);
  if (used === undefined || job.state !== "Failed") return [];
  if (!OF_VALIDITY.test(errorText(job.failure.error))) return [];
  return givenBeforeFailure(known).flatMap((given) => {
    const { value } = given;
    if (isScalar(value)) return [];
    return placesIn(value as JsonObject).flatMap((place): readonly UnfitTime[] => {
      // Of several alike, code may well have used another one.
      if (isInList(value, place) || !isOfCredential(given, place)) return [];
      const has = `${given.has} ${shownText(placePath(place))} = ${shownScalar(place.value)}`;
      const end = endOf(given, place);
      const agoMs = end === undefined ? 0 : lengthMs(end, used.at);
      if (end !== undefined && agoMs > 0) {
        const passed = `which had passed ${durationText(agoMs)} before ${used.what}`;
        return [{
          given,
          statement: `${has}, ${passed}.`,
          hasExpired: lengthMs(given.at, end) > 0,
        }];
      }
      const begin = BEGINNING.test(looseName(place)) ? timeOf(place.value) : undefined;
      const aheadMs = begin === undefined ? 0 : lengthMs(used.at, begin);
      if (aheadMs <= AHEAD_MS) return [];
      const ahead = `${durationText(aheadMs)} after ${used.what}: a clock may be wrong`;
      return [{ given, statement: `${has}, ${ahead}.`, hasExpired: false }];
    });
  });
}

function isOfCredential({ task, value }: Given, place: Place): boolean {
  const own = `${task?.taskId ?? ""} ${placePath(place)}`;
  const beside = placesIn(value as JsonObject)
    .filter(({ names }) => names.length === place.names.length).map(placePath);
  return /url/i.test(own) || OF_CREDENTIAL.test([own, ...beside].join(" "));
}

function looseName({ names }: Place): string {
  return (names.at(-1) ?? "").toLowerCase().replaceAll(/[_\-\s]/g, "");
}

/** When what was given ends by a value in it; RFC 3339. */
function endOf({ task, at }: Given, place: Place): string | undefined {
  if (place.names.at(-1) === LENGTH) return task && secondsAfter(at, place.value);
  return END.test(looseName(place)) ? timeOf(place.value) : undefined;
}

function isInList(value: JsonValue, { names }: Place): boolean {
  let outer = value;
  for (const name of names) {
    if (Array.isArray(outer)) return true;
    outer = isScalar(outer) ? null : (outer as JsonObject)[name] ?? null;
  }
  return false;
}

/** 2001-09-09: an earlier time, such as one in year 1 or in 1970, stands for none. */
const TIME_MIN = 1e12;
const TIME_MAX = 1e13;

/** A text with a time of day, or seconds or milliseconds since 1970; RFC 3339. */
function timeOf(value: JsonScalar): string | undefined {
  const ms = typeof value === "string"
    ? /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : NaN
    : typeof value !== "number"
    ? NaN
    : value < TIME_MAX / 1_000
    ? value * 1_000
    : value;
  return ms >= TIME_MIN && ms < TIME_MAX ? new Date(ms).toISOString() : undefined;
}

/** A smaller number is more likely in hours or days. */
const SECONDS_MIN = 60;
const YEAR_SECONDS = 31_536_000;

function secondsAfter(at: string, value: JsonScalar): string | undefined {
  const isLength = typeof value === "number" && value >= SECONDS_MIN && value <= YEAR_SECONDS;
  return isLength ? later(at, value * 1_000) : undefined;
}
