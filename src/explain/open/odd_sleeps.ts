/** Sleeps that take far longer than in other jobs, and the number that such a length was made of. */

import { durationText, lengthMs } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import type { SleepingTask } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { unusualText } from "../ended/time_spent.ts";
import { givenUpTo } from "../history/given_values.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { wordsOf } from "../likeness/own_values.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { uncapital } from "../words/phrases.ts";

/** `, where the 12 of its type before it took 40 ms in the median; its ...`, or nothing. */
export function oddSleepText(known: Evidence, sleep: SleepingTask): string {
  const unusual = unusualText(known, lengthMs(sleep.startedAt, sleep.dueAt));
  return unusual === "" ? "" : unusual + sleepOrigin(known, sleep).statement;
}

/**
 * `; its 1 d 1 h are 90000 s: task pull returned retryAfter = 90000`, of an odd sleep whose length
 * is a number that a step before it returned, or of the input, in some unit; or nothing.
 */
export function sleepOrigin(known: Evidence, sleep: SleepingTask): Statement<LogId> {
  const ms = lengthMs(sleep.startedAt, sleep.dueAt);
  if (unusualText(known, ms) === "") return reason("");
  for (const { subject, path, value, isOfTime, by } of numbersBefore(known, sleep)) {
    if (!isOfTime && ms % ROUND_MS === 0) continue;
    const unit = UNITS.find(([, unitMs]) => Math.abs(Number(value) * unitMs - ms) <= LATE_MS)?.[0];
    if (unit === undefined) continue;
    const what = path === "" ? shownScalar(value) : `${shownText(path)} = ${shownScalar(value)}`;
    const statement = `; its ${durationText(ms)} are ${Number(value)} ${unit}: ${subject} ${what}`;
    return reason(statement, by);
  }
  return reason("");
}

const UNITS = [["ms", 1], ["s", 1_000], ["min", 60_000], ["h", 3_600_000]] as const;
/** A sleep is recorded somewhat after the code has computed its end. */
const LATE_MS = 100;

/** Code has such lengths itself, so a number of another name is equal to one by chance. */
const ROUND_MS = 60_000;

/** At most this many steps are searched, the last ones. */
const STEPS_MAX = 32;

/** What the code knew when it began the sleep, the newest first. */
function numbersBefore({ job }: Evidence, { firstLogId }: SleepingTask) {
  return givenUpTo(job, firstLogId).filter(({ task }, at) => task === undefined || at < STEPS_MAX)
    .flatMap(({ has, value, by, task }) =>
      numbersIn(value, task?.taskId).map((number) => {
        const isWhole = task === undefined && number.path === "";
        return { ...number, by, subject: isWhole ? "its input is" : uncapital(has) };
      })
    );
}

/** @param of The name of a number that has none itself. */
function numbersIn(value: JsonValue, of = "") {
  return placesIn({ of: value }).flatMap((place) => {
    const path = placePath({ ...place, names: place.names.slice(1) });
    const isNumber = typeof place.value === "number" ||
      typeof place.value === "string" && /^\d+(?:\.\d+)?$/.test(place.value);
    const words = wordsOf(path || of);
    return isNumber && mayBeTime(words, Number(place.value))
      ? [{ path, value: place.value, isOfTime: OF_TIME.test(words) }]
      : [];
  });
}

/** Names of lengths of time, and of amounts that are none. */
const OF_TIME =
  /(?:^|[^a-z])(?:ms|millis|sec|secs|seconds?|min|mins|minutes?|hours?|days?|after|delay|wait|pause|sleep|back_?off|cool_?down|interval|period|time_?out|ttl|duration|expires_in)$/;
const OF_AMOUNT =
  /(?:^|[^a-z])(?:id|no|nr|number|amount|price|cents|total|sum|fee|tax|balance|count|rows|size|bytes|qty|quantity)$/;
/** A smaller number of another name is a length of time by chance. */
const NUMBER_MIN = 1_000;

function mayBeTime(words: string, number: number): boolean {
  return OF_TIME.test(words) ? number > 1 : number >= NUMBER_MIN && !OF_AMOUNT.test(words);
}
