/** Sleeps that take far longer than in other jobs, and the number that such a length was made of. */

import { durationText, lengthMs } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import { isStep, type SleepingTask } from "../../core/job_state.ts";
import type { JsonScalar, JsonValue } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { unusualText } from "../ended/time_spent.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Statement } from "../statements/explanation.ts";
import { reason } from "../statements/statement.ts";
import { taskText } from "../words/phrases.ts";

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

interface Given {
  readonly subject: string;
  readonly path: string;
  readonly value: JsonScalar;
  /** Whether its name is one of a length of time. */
  readonly isOfTime: boolean;
  readonly by: LogId;
}

/** At most this many steps are searched, the last ones. */
const STEPS_MAX = 32;

/** What the code knew when it began the sleep, the newest first. */
function numbersBefore(
  { job, created }: Evidence,
  { firstLogId }: SleepingTask,
): readonly Given[] {
  const steps = job.tasks.filter(isStep).filter(({ completedBy }) => completedBy < firstLogId)
    .toSorted((one, other) => other.completedBy - one.completedBy).slice(0, STEPS_MAX);
  const returned = steps.flatMap(({ taskId, result, completedBy }) =>
    numbersIn(result, taskId).map((number) => ({
      ...number,
      subject: `${taskText(taskId)} returned`,
      by: completedBy,
    }))
  );
  const input = job.sealed === undefined ? job.input : undefined;
  const given = numbersIn(input).map((number) => ({
    ...number,
    subject: number.path === "" ? "its input is" : "its input has",
    by: created.logId,
  }));
  return [...returned, ...given];
}

/** @param of The name of a number that has none itself. */
function numbersIn(value: JsonValue | undefined, of = "") {
  return placesIn({ of: value ?? null }).flatMap((place) => {
    const path = placePath({ ...place, names: place.names.slice(1) });
    const isNumber = typeof place.value === "number" ||
      typeof place.value === "string" && /^\d+(?:\.\d+)?$/.test(place.value);
    const words = (path || of).replaceAll(/([a-z\d])([A-Z])/g, "$1_$2").toLowerCase();
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
