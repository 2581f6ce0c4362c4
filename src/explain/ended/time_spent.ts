/**
 * Where the time of a slow job went: failed attempts, pauses and waits.
 *
 * The rule: a job is compared with at least five similar ones that were created before it and
 * succeeded. It took far longer if it took more than three times their median, and at least a
 * second more. With fewer jobs nothing is said.
 */

import type { Condition } from "../../core/condition.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { isSleep, type JobState } from "../../core/job_state.ts";
import type { Evidence, Rise, UsualTime } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import { holdUpText } from "../past/hold_up_texts.ts";
import { isDelay } from "../history/hold_ups.ts";
import type { Attempt } from "../history/kept_history.ts";
import { tookMs } from "../history/outlined_history.ts";
import { FEW_MAX, shortened, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { shownScalar } from "../../core/shown_value.ts";
import { sleepDueAt, sleepLateness } from "../past/sleeps_and_waits.ts";

const JOBS_MIN = 5;
const TIMES = 3;
const MORE_MS = 1_000;
/** How many parts are named, and the least share of the time that a named part has. */
const PARTS_MAX = 3;
const SHARE_MIN = 0.1;

/** The beginning of the reason that says where the time went. */
export const SPENT = "It spent ";

interface TimePart {
  readonly ms: number;
  /** `until the time limit of attempt 1 of task send`. */
  readonly text: string;
  readonly cites: readonly LogId[];
}

/** `undefined` when there are too few. */
export function usualTime(
  lengthsMs: readonly number[],
): Pick<UsualTime, "jobs" | "medianMs"> | undefined {
  return lengthsMs.length < JOBS_MIN ? undefined : medianOf(lengthsMs);
}

export function medianOf(lengthsMs: readonly number[]) {
  const sorted = lengthsMs.toSorted((left, right) => left - right);
  return { jobs: sorted.length, medianMs: sorted[sorted.length >> 1] ?? 0 };
}

/** A series is cut into groups of at least so many, whose medians are compared. */
const GROUPS = 6;
const GROUP_MIN = 4;
/** How many of these are higher than the one before, by a fifth: a single jump is no trend. */
const HIGHER_MIN = 3;
const HIGHER = 1.2;
/** None is lower by more than this share of the last one. */
const LOWER_MAX = 0.1;
/** Shorter times vary for many reasons. */
const RISEN_MS = 100;

/** How far a series has risen steadily, to more than three times; `undefined` if it has not. */
export function riseOf(lengthsMs: readonly number[]): Rise | undefined {
  const { length } = lengthsMs;
  if (length < GROUPS * GROUP_MIN) return undefined;
  const groups = Array.from({ length: GROUPS }, (_, at) => {
    const [from, to] = [at, at + 1].map((edge) => Math.floor(edge * length / GROUPS));
    return medianOf(lengthsMs.slice(from, to));
  });
  const [first, last] = [groups[0], groups.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const steps = groups.slice(1).map(({ medianMs }, at) =>
    [groups[at]?.medianMs ?? 0, medianMs] as const
  );
  const isSteady = steps.every(([before, ms]) => ms >= before - LOWER_MAX * last.medianMs) &&
    steps.filter(([before, ms]) => ms >= HIGHER * Math.max(1, before)).length >= HIGHER_MIN;
  const isHigh = last.medianMs >= RISEN_MS && last.medianMs > TIMES * first.medianMs;
  return isSteady && isHigh ? { first, last } : undefined;
}

/** Whether a job may have taken far longer than any usual time. */
export function mayBeLong(ms: number): boolean {
  return ms > MORE_MS;
}

/** The same, for a step that takes far longer than in those before it, or may. */
export function unusualText({ usual, job }: Evidence, ms = Infinity): string {
  return usual === undefined || !isFarLonger(ms, usual) ? "" : `, ${usualText(usual, job)}`;
}

export function isFarLonger(ms: number, { medianMs }: Pick<UsualTime, "medianMs">): boolean {
  return ms > TIMES * medianMs && ms > medianMs + MORE_MS;
}

/** `where the 12 of its type before it took 40 ms in the median`. */
export function usualText(
  { jobs, medianMs, rise, slowed = [] }: UsualTime,
  { type }: JobState,
): string {
  const like = type === undefined ? "that waited for the same" : "of its type";
  const before = `where the ${jobs} ${like} before it took`;
  if (rise === undefined) return `${before} ${durationText(medianMs)} in the median`;
  const { first, last } = rise;
  const others = slowed.map((one) =>
    `${taskText(one.taskId)} of ${one.type} (${durationText(one.first.medianMs)}, then ${
      durationText(one.last.medianMs)
    })`
  );
  const too = others.length === 0 ? "" : `, and so did ${shortened(others, FEW_MAX)}`;
  return `${before} longer and longer: ${durationText(first.medianMs)} in the median of the ` +
    `first ${first.jobs}, ${durationText(last.medianMs)} in that of the last ${last.jobs}${too}`;
}

/** `; it has input.rows = 60000, where they have at most 900`, of what takes more time, or nothing. */
export function moreText({ usual }: Evidence): string {
  const more =
    usual?.more.map(({ name, value = null, others = "" }, at) =>
      `${name} = ${shownScalar(value)}, where ${at === 0 ? "they have " : ""}${others}`
    ) ?? [];
  return more.length === 0 ? "" : `; it has ${more.join(", and ")}`;
}

/** Where the time went in an ended job that took far longer than others. */
export function whereTimeWent(known: Evidence): Reasons {
  const parts = timeSpent(known);
  if (parts.length === 0) return [];
  const cites = new Set(parts.flatMap((part) => part.cites));
  return [reason(`${SPENT}${timeText(parts)}.`, ...cites), ...lateSender(known)];
}

/** What held up the job that sent what this one waited for. */
export function lateSender({ senderHeldUp }: Evidence): Reasons {
  return senderHeldUp === undefined ? [] : [senderHeldUp];
}

/** Longest first; empty for a job that did not take far longer than others. */
export function timeSpent(known: Evidence): readonly TimePart[] {
  const { usual, heldUp } = known;
  const totalMs = tookMs(known);
  if (totalMs === undefined || usual === undefined || !isFarLonger(totalMs, usual)) return [];
  const held = (heldUp?.all ?? []).map((holdUp) => ({
    ms: holdUp.ms,
    text: holdUpText(holdUp),
    cites: holdUp.until,
  }));
  return summedUp([...attemptParts(known), ...spanParts(known), ...held], SHARE_MIN * totalMs)
    .toSorted((left, right) => right.ms - left.ms).slice(0, PARTS_MAX);
}

/** Those with a share, and the sums of smaller ones that differ in numbers only. */
function summedUp(parts: readonly TimePart[], shareMs: number): readonly TimePart[] {
  const small = parts.filter(({ ms }) => ms < shareMs);
  const sums = [...Map.groupBy(small, ({ text }) => text.replaceAll(/\d+/g, "")).values()]
    .flatMap((alike) => {
      const [longest, ...others] = alike.toSorted((left, right) => right.ms - left.ms);
      const ms = alike.reduce((sum, one) => sum + one.ms, 0);
      if (longest === undefined || others.length === 0) return [];
      return [{ ...longest, ms, text: `${longest.text} and ${others.length} like it` }];
    });
  return [...parts, ...sums].filter(({ ms }) => ms >= shareMs);
}

/** `2 min until the time limit of attempt 1 of task upload, 10 s until attempt 2`. */
export function timeText(parts: readonly TimePart[]): string {
  return parts.map(({ ms, text }) => `${durationText(ms)} ${text}`).join(", ");
}

function attemptParts({ attempts }: Evidence): readonly TimePart[] {
  return [...attempts].flatMap(([taskId, ofTask]) =>
    taskId === MAIN_TASK ? [] : ofTask.flatMap((attempt, at) => [
      ...during(taskText(taskId), attempt),
      ...pause(taskText(taskId), attempt, ofTask[at + 1]),
    ])
  );
}

function during(task: string, { started, ended, attempt }: Attempt): readonly TimePart[] {
  if (started === undefined || ended === undefined) return [];
  const ms = lengthMs(started.receivedAt, ended.entry.receivedAt);
  const text = ended.kind === "completed"
    ? `in ${task}`
    : ended.kind === "failed" && ended.timedOutMs !== undefined
    ? `until the time limit of attempt ${attempt} of ${task}`
    : `in attempt ${attempt} of ${task}, which ${
      ended.kind === "failed" ? "failed" : "was cut short"
    }`;
  return [{ ms, text, cites: [ended.entry.logId] }];
}

/** Until the next attempt: a backoff, or a delay that the task asked for. */
function pause(task: string, { ended }: Attempt, next: Attempt | undefined): readonly TimePart[] {
  if (ended?.kind !== "failed" || next?.started === undefined) return [];
  const ms = lengthMs(ended.entry.receivedAt, next.started.receivedAt);
  return [{ ms, text: `until attempt ${next.attempt} of ${task}`, cites: [next.started.logId] }];
}

const WORDS: Partial<Record<Condition, string>> = {
  created: "before it was started",
  scheduled: "before its start",
  queued: "in the queue",
  suspended: "suspended",
  parked: "parked",
  compensating: "for its compensation",
};

/** What held the job up says more precisely why it was queued or held, if it is known. */
function spanParts(known: Evidence): readonly TimePart[] {
  return known.spans.flatMap(({ condition, from, to, by, endedBy: next }) => {
    if (to === undefined || isDelay(condition) && known.heldUp !== undefined) return [];
    const text = condition === "waiting"
      ? waitText(known, next)
      : condition === "sleeping"
      ? sleptText(known, next)
      : WORDS[condition];
    return text === undefined ? [] : [{ ms: lengthMs(from, to), text, cites: [next ?? by] }];
  });
}

/** `in sleep overnight`, by the entry that ended it. */
function sleptText(known: Evidence, endedBy: LogId | undefined): string {
  const slept = known.job.tasks.find((task) =>
    task.status === "completed" && task.completedBy === endedBy && isSleep(task)
  );
  if (slept === undefined || endedBy === undefined) return "asleep";
  const { statement } = sleepLateness(known, slept.firstLogId, endedBy);
  const due = statement === "" ? "" : ` (due at ${sleepDueAt(known, slept.firstLogId)})`;
  return `in sleep ${slept.taskId}${due}`;
}

/** `waiting for "signed" (legal.ContractSigned)`, by the entry that ended the wait. */
function waitText({ job }: Evidence, endedBy: LogId | undefined): string {
  const at = job.expected.findIndex(({ by }) => by.includes(endedBy ?? 0));
  const expected = job.plan.expected[at];
  return expected === undefined
    ? "waiting"
    : `waiting for "${expected.id}" (${expected.matcher.eventType})`;
}
