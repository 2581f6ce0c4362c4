/** Sleeps that take far longer than in other jobs, and what the end or length of one was made of. */

import { durationText, lengthMs } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState, SleepingTask } from "../../core/job_state.ts";
import type { JsonScalar } from "../../core/json.ts";
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
 * `; task find-team returned opensAt = "..."`, of a sleep that ends at a time that a step before it
 * returned, or that the input has; or, of an odd sleep whose length is such a number in some unit,
 * `; its 1 d 1 h are 90000 s: task pull returned retryAfter = 90000`; or nothing.
 */
export function sleepOrigin(known: Evidence, sleep: SleepingTask): Statement<LogId> {
  const end = sleepEnd(known.job, sleep);
  if (end !== undefined) return reason(`; ${end.statement}`, ...end.cites);
  const ms = lengthMs(sleep.startedAt, sleep.dueAt);
  if (unusualText(known, ms) === "") return reason("");
  for (const given of givenBefore(known.job, sleep)) {
    if (!isNumber(given)) continue;
    const number = Number(given.value);
    const unit = UNITS.find(([, unitMs]) => Math.abs(number * unitMs - ms) <= LATE_MS);
    if (unit === undefined || !mayBeLength(given.words, number, unit)) continue;
    const [own, same] = [durationText(ms), `${number} ${unit[0]}`];
    const are = own === same ? "" : `its ${own} are ${same}: `;
    return reason(`; ${are}${shownGiven(given)}`, given.by);
  }
  return reason("");
}

/** `task find-team returned opensAt = "..."`, if a sleep ends at a time that its code was given. */
export function sleepEnd(job: JobState, sleep: SleepingTask): Statement<LogId> | undefined {
  const given = givenBefore(job, sleep).find(({ value }) =>
    momentsOf(value).includes(Date.parse(sleep.dueAt))
  );
  return given && reason(shownGiven(given), given.by);
}

/** A time without a zone is another moment elsewhere. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[-+]\d\d:?\d\d)$/i;

/** The moments that a value may stand for: a number counts milliseconds or seconds. */
function momentsOf(value: JsonScalar): readonly number[] {
  if (typeof value === "number") return [value, value * 1_000];
  return typeof value === "string" && TIME.test(value) ? [Date.parse(value)] : [];
}

/** Code has such lengths itself, so a number of another name is equal to one by chance. */
const [ROUND_MS, HOUR_MS] = [60_000, 3_600_000];

/** With how many milliseconds each is, and how names end that have it. */
const UNITS = [
  ["ms", 1, /(?:^|[^a-z])(?:ms|millis)$/],
  ["s", 1_000, /(?:^|[^a-z])(?:secs?|seconds?)$/],
  ["min", 60_000, /(?:^|[^a-z])(?:mins?|minutes?)$/],
  ["h", HOUR_MS, /(?:^|[^a-z])hours?$/],
] as const;
/** A sleep is recorded somewhat after the code has computed its end. */
const LATE_MS = 100;

/** At most this many steps are searched, the last ones. */
const STEPS_MAX = 32;

interface GivenScalar {
  readonly subject: string;
  readonly path: string;
  /** Of its name, or of the step that returned it alone. */
  readonly words: string;
  readonly value: JsonScalar;
  readonly by: LogId;
}

/** What the code knew when it began the sleep, the newest first. */
function givenBefore(job: JobState, { firstLogId }: SleepingTask): readonly GivenScalar[] {
  return givenUpTo(job, firstLogId).filter(({ task }, at) => task === undefined || at < STEPS_MAX)
    .flatMap(({ has, value, by, task }) =>
      placesIn({ of: value }).map((place) => {
        const path = placePath({ ...place, names: place.names.slice(1) });
        const subject = task === undefined && path === "" ? "its input is" : uncapital(has);
        const words = wordsOf(path || (task?.taskId ?? ""));
        return { subject, path, words, value: place.value, by };
      })
    );
}

/** `task pull returned retryAfter = 90000`. */
function shownGiven({ subject, path, value }: GivenScalar): string {
  return `${subject} ${path === "" ? "" : `${shownText(path)} = `}${shownScalar(value)}`;
}

function isNumber({ value }: GivenScalar): boolean {
  return typeof value === "number" ||
    typeof value === "string" && /^\d+(?:\.\d+)?$/.test(value);
}

/** Names of lengths of time, and of amounts that are none. */
const OF_TIME =
  /(?:^|[^a-z])(?:ms|millis|sec|secs|seconds?|min|mins|minutes?|hours?|days?|after|delay|wait|pause|sleep|back_?off|cool_?down|interval|period|time_?out|ttl|duration|expires_in)$/;
const OF_PAUSE =
  /(?:^|[^a-z])(?:after|delay|wait|pause|sleep|back_?off|cool_?down|interval)(?:$|[^a-z])/;
const OF_AMOUNT =
  /(?:^|[^a-z])(?:id|no|nr|number|amount|price|cents|total|sum|fee|tax|balance|count|rows|size|bytes|qty|quantity)$/;
/** A smaller number of another name is a length of time by chance. */
const NUMBER_MIN = 1_000;

function mayBeLength(words: string, number: number, unit: typeof UNITS[number]): boolean {
  const [, unitMs, isNamed] = unit;
  const ms = number * unitMs;
  if (ms % HOUR_MS === 0) {
    return OF_PAUSE.test(words) && (number >= NUMBER_MIN || isNamed.test(words));
  }
  if (OF_TIME.test(words)) return number > 1;
  return ms % ROUND_MS !== 0 && number >= NUMBER_MIN && !OF_AMOUNT.test(words);
}
