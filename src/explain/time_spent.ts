/** Where the time of a slow job went: failed attempts, pauses and waits. */

import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { isSleep } from "../core/job_state.ts";
import { type OutlinedHistory, tookMs } from "./outlined_history.ts";
import { type Attempt, endedBadly } from "./attempts_noted.ts";
import { type ConditionSpan, lengthMs } from "./condition_spans.ts";
import { durationText } from "../core/duration.ts";
import type { Evidence } from "./evidence.ts";
import { holdUpText } from "./hold_up_texts.ts";
import { type HeldUp, isHold } from "./hold_ups.ts";
import { taskText } from "./phrases.ts";
import { lateText, sleepDueAt } from "./times.ts";
import { isFarLonger } from "./usual_time.ts";

/** How many parts are named, and the least share of the time that a named part has. */
const PARTS_MAX = 3;
const SHARE_MIN = 0.1;

interface TimePart {
  readonly ms: number;
  /** `until the time limit of attempt 1 of task send`. */
  readonly text: string;
  readonly cites: readonly LogId[];
}

/** Longest first; empty for a job that did not take far longer than others. */
export function timeSpent(
  outlined: OutlinedHistory,
  { usual, heldUp }: Evidence,
): readonly TimePart[] {
  const totalMs = tookMs(outlined);
  if (totalMs === undefined || !isFarLonger(totalMs, usual)) return [];
  const parts = [
    ...attemptParts(outlined),
    ...spanParts(outlined, heldUp),
    ...(heldUp?.all ?? []).map((holdUp) => ({
      ms: holdUp.ms,
      text: holdUpText(holdUp),
      cites: holdUp.until,
    })),
  ];
  return parts.filter(({ ms }) => ms >= SHARE_MIN * totalMs)
    .toSorted((left, right) => right.ms - left.ms).slice(0, PARTS_MAX);
}

/** `2 min until the time limit of attempt 1 of task upload, 10 s until attempt 2`. */
export function timeText(parts: readonly TimePart[]): string {
  return parts.map(({ ms, text }) => `${durationText(ms)} ${text}`).join(", ");
}

function attemptParts({ attempts }: OutlinedHistory): readonly TimePart[] {
  return [...attempts].flatMap(([taskId, ofTask]) =>
    taskId === MAIN_TASK ? [] : ofTask.flatMap((attempt, at) => [
      ...during(taskId, attempt),
      ...pause(taskId, attempt, ofTask[at + 1]),
    ])
  );
}

function during(taskId: string, attempt: Attempt): readonly TimePart[] {
  const { started, ended, attempt: number } = attempt;
  if (started === undefined || ended === undefined) return [];
  const ms = lengthMs(started.receivedAt, ended.entry.receivedAt);
  const cites = [ended.entry.logId];
  if (!endedBadly(attempt)) return [{ ms, text: `in ${taskText(taskId)}`, cites }];
  const { end } = ended;
  const isLimit = end.kind === "failed" && end.timedOutMs !== undefined;
  const text = isLimit
    ? `until the time limit of attempt ${number} of ${taskText(taskId)}`
    : `in attempt ${number} of ${taskText(taskId)}, which ${
      end.kind === "failed" ? "failed" : "was cut short"
    }`;
  return [{ ms, text, cites }];
}

/** Until the next attempt: a backoff, or a delay that the task asked for. */
function pause(taskId: string, { ended }: Attempt, next: Attempt | undefined): readonly TimePart[] {
  if (ended?.end.kind !== "failed" || next?.started === undefined) return [];
  const ms = lengthMs(ended.entry.receivedAt, next.started.receivedAt);
  const text = `until attempt ${next.attempt} of ${taskText(taskId)}`;
  return [{ ms, text, cites: [next.started.logId] }];
}

const WORDS: Partial<Record<ConditionSpan["condition"], string>> = {
  created: "before it was started",
  scheduled: "before its start",
  queued: "in the queue",
  suspended: "suspended",
  parked: "parked",
  compensating: "for its compensation",
};

/** @param heldUp If known, says more precisely why the job was queued or held. */
function spanParts(outlined: OutlinedHistory, heldUp: HeldUp | undefined): readonly TimePart[] {
  return outlined.spans.flatMap((span, at) => {
    const isHeld = span.condition === "queued" || isHold(span.condition);
    if (span.to === undefined || isHeld && heldUp !== undefined) return [];
    const ms = lengthMs(span.from, span.to);
    const next = outlined.spans[at + 1]?.by ?? outlined.endedBy?.entry.logId;
    const cites = next === undefined ? [span.by] : [next];
    const words = span.condition === "waiting"
      ? waitText(outlined, next)
      : span.condition === "sleeping"
      ? sleptText(outlined, next)
      : WORDS[span.condition];
    return words === undefined ? [] : [{ ms, text: words, cites }];
  });
}

/** `in sleep overnight`, by the entry that ended it. */
function sleptText(outlined: OutlinedHistory, endedBy: LogId | undefined): string {
  const slept = outlined.job.tasks.find((task) =>
    task.status === "completed" && task.completedBy === endedBy && isSleep(task)
  );
  if (slept === undefined) return "asleep";
  const dueAt = sleepDueAt(outlined, slept.firstLogId);
  const ended = outlined.entries.get(endedBy ?? 0);
  const late = dueAt === undefined || ended === undefined
    ? ""
    : lateText(outlined, dueAt, ended, slept.firstLogId);
  return `in sleep ${slept.taskId}${late === "" ? "" : ` (due at ${dueAt})`}`;
}

/** `waiting for "signed" (legal.ContractSigned)`, by the entry that ended the wait. */
function waitText({ job }: OutlinedHistory, endedBy: LogId | undefined): string {
  const at = job.expected.findIndex(({ by }) => by.includes(endedBy ?? 0));
  const expected = job.plan.expected[at];
  return expected === undefined
    ? "waiting"
    : `waiting for "${expected.id}" (${expected.matcher.eventType})`;
}
