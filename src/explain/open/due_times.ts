/** What a job waits for that has a due time: sleeps, waits and deadlines. */

import { durationText, lengthMs } from "../../core/duration.ts";
import type { JobState, SleepingTask } from "../../core/job_state.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { sleeping } from "../../core/task_facts.ts";
import { openWaits } from "../../core/waits.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { placePath, placesIn } from "../likeness/elsewhere.ts";
import { isPaused } from "../queue/pause_texts.ts";
import { later, LIST_MAX, shortened } from "../words/phrases.ts";
import { sleepOrigin } from "./odd_sleeps.ts";
import { automatic, manual, reason, showSome } from "../statements/statement.ts";

/** Of a shorter time, a rate says little. */
const RATE_MS_MIN = 1_000;
/** Later times cannot be written as RFC 3339: the year 9999. */
const SECONDS_MAX = 253_402_300_799;

/** When what is left will be done at the rate of what was done between two times, if that tells. */
export function endAtRate(
  from: string,
  to: string,
  { done, left }: { readonly done: number; readonly left: number },
): string | undefined {
  const ms = lengthMs(from, to);
  if (ms < RATE_MS_MIN || done <= 0 || left <= 0) return undefined;
  const seconds = Math.ceil((Date.parse(to) + left / done * ms) / 1_000);
  return seconds > SECONDS_MAX ? undefined : new Date(seconds * 1_000).toISOString();
}

/** Open sleeps, the first to end first. */
export function openSleeps({ state, tasks }: JobState): readonly SleepingTask[] {
  if (state !== "Running") return [];
  return sleeping(tasks).toSorted((left, right) =>
    Date.parse(left.dueAt) - Date.parse(right.dueAt)
  );
}

/** `sleep overnight ends at 2026-01-04T00:00:00.000Z` for each of them, the first to end first. */
export function sleepsText(job: JobState): string {
  const ends = openSleeps(job).map(({ taskId, dueAt }) => `sleep ${taskId} ends at ${dueAt}`);
  return shortened(ends);
}

/** `, while sleep overnight ends at ...`, when the job does something else as well. */
export function besideSleepsText(job: JobState): string {
  return openSleeps(job).length === 0 ? "" : `, while ${sleepsText(job)}`;
}

export function sleepReasons(known: Evidence): Reasons {
  const { job, created, conditionSince } = known;
  return showSome(openSleeps(job), conditionSince, (sleep) => {
    const { taskId, startedAt, dueAt, firstLogId } = sleep;
    const zone = zoneText(job, dueAt);
    const origin = zone === "" ? sleepOrigin(known, sleep) : reason(zone, created);
    const statement = `Sleep ${taskId} began at ${startedAt} and is due at ${dueAt}` +
      `${origin.statement}.`;
    return [reason(statement, firstLogId, ...origin.cites)];
  });
}

/** A time in another zone than UTC. */
const ZONED =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d(?:\.\d+)?)?[-+](?!00:?00$)(?:0\d|1[0-4]):?[0-5]\d$/;

/**
 * `; its input has sendAt = "...+02:00", ...`, for code that leaves out the zone, or nothing, as
 * when the input has the time in UTC too.
 */
export function zoneText({ input, sealed }: JobState, dueAt: string): string {
  if (sealed !== undefined || input === undefined) return "";
  const places = placesIn({ input });
  const place = places.find(({ value }) =>
    typeof value === "string" &&
    ZONED.exec(value)?.[1] === dueAt.slice(0, "....-..-..T..:..".length)
  );
  const isGiven = places.some(({ value }) => Date.parse(`${value}`) === Date.parse(dueAt));
  if (place === undefined || isGiven) return "";
  const ms = Date.parse(dueAt) - Date.parse(`${place.value}`);
  const path = shownText(placePath(place).replace(/^input\./, ""));
  return `; its input has ${path} = ${shownScalar(place.value)}, the same time of day in another ` +
    `zone: ${durationText(Math.abs(ms))} ${ms < 0 ? "later" : "earlier"}`;
}

/** What ends at its time: sleeps, waits and deadlines of the plan. */
export function endsByTime(known: Evidence): Next {
  const { job } = known;
  const held = onceReleasedText(known);
  const sleeps = openSleeps(job).slice(0, LIST_MAX).map(({ taskId, dueAt, firstLogId }) =>
    automatic(`Sleep ${taskId} ends at ${dueAt}, and its code continues${held}.`, firstLogId)
  );
  const open = job.state === "Running" ? openWaits(job).slice(0, LIST_MAX) : [];
  const waits = open.map(({ expectation, dueAt, setBy }) =>
    automatic(
      `run waits for "${expectation}" until ${dueAt}, and then continues without it${held}.`,
      setBy,
    )
  );
  const ended = [
    ...sleeps.length > 0 ? ["the sleep"] : [],
    ...waits.length > 0 ? ["the wait, without its event,"] : [],
  ].join(" and ");
  const wake = ended === "" ? [] : [manual(`End ${ended} now:`, `/jobs/${job.jobId}/wake`)];
  return [...sleeps, ...waits, ...wake, ...deadlineSteps(known)];
}

/** ` once the job does`, or nothing: what holds the code when its time has come. */
function onceReleasedText(known: Evidence): string {
  const { suspendedBy, parked } = known.job;
  if (suspendedBy !== undefined || parked !== undefined) return " once the job does";
  return isPaused(known) ? " once no pause holds it" : "";
}

/** When the deadlines of the plan pass. */
export function deadlineSteps({ job, created, started }: Evidence): Next {
  if (job.state !== "Running" || started === undefined) return [];
  return openExpectations(job).flatMap(({ expected: { id, within } }) => {
    if (within === undefined) return [];
    const dueAt = later(job.startedAt, within.ms);
    const otherwise = within.otherwise === "fail" ? "the job fails" : "it is waived";
    const statement = `"${id}" has until ${dueAt} to come: otherwise ${otherwise}.`;
    return [automatic(statement, created, started)];
  }).slice(0, LIST_MAX);
}
