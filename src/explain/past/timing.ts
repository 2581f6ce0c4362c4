/** How long a job was in each condition, in numbers and words, and when no process was running. */

import { type Condition, conditionText } from "../../core/condition.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { isUncleanEnd } from "../../core/framework_events.ts";
import type { LogId } from "../../core/ids.ts";
import { present } from "../../core/json.ts";
import type { Causes } from "../statements/evidence.ts";
import type { Explanation, Timing } from "../statements/explanation.ts";
import type { HeldUp, HoldUp } from "../history/hold_ups.ts";
import type { Attempt, ConditionSpan } from "../history/kept_history.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { capital } from "../words/phrases.ts";

/**
 * @param downtimes While the process was down the job did nothing, even if its entries suggest
 * otherwise.
 */
export function jobTiming(
  outlined: OutlinedHistory,
  downtimes: readonly Downtime[] = [],
  heldUp?: HeldUp,
): Timing {
  const { spans, passedMs } = outlined;
  const ended = downtimes.filter(({ during }) => during.to !== undefined);
  const down = (condition: Condition) =>
    sum(ended.filter(({ during }) => during.condition === condition));
  const total = (condition: Condition) =>
    spent(spans, condition) + (passedMs.get(condition) ?? 0) - down(condition);
  const first = spans[0]?.from ?? outlined.created.receivedAt;
  const since = spans.at(-1)?.from ?? first;
  return {
    scheduledMs: total("scheduled") + total("created"),
    queuedMs: total("queued"),
    ...present({
      queuedPausedMs: heldUpMs("pause", heldUp),
      queuedLimitedMs: heldUpMs("limit", heldUp),
    }),
    executingMs: total("executing"),
    waitingMs: total("waiting"),
    sleepingMs: total("sleeping"),
    backingOffMs: total("backingOff"),
    suspendedMs: total("suspended"),
    parkedMs: total("parked"),
    compensatingMs: total("compensating"),
    downMs: sum(ended),
    totalMs: lengthMs(first, since),
    since,
  };
}

/** The part of the queued time that is known to have had this reason. */
function heldUpMs(reason: HoldUp["kind"], heldUp: HeldUp | undefined): number | undefined {
  const all = heldUp?.all.filter(({ kind }) => kind === reason) ?? [];
  const ms = all.reduce((total, { ms }) => total + ms, 0);
  return ms === 0 ? undefined : ms;
}

function sum(downtimes: readonly Downtime[]): number {
  return downtimes.reduce((total, { ms }) => total + ms, 0);
}

function spent(spans: readonly ConditionSpan[], condition: Condition): number {
  return spans.reduce((sum, span) => {
    const ended = span.condition === condition && span.to !== undefined;
    return ended ? sum + lengthMs(span.from, span.to ?? span.from) : sum;
  }, 0);
}

const TIMING_WORDS = [
  ["scheduledMs", "before the start"],
  ["queuedMs", "queued"],
  ["executingMs", "executing"],
  ["waitingMs", "waiting"],
  ["sleepingMs", "sleeping"],
  ["backingOffMs", "backing off"],
  ["suspendedMs", "suspended"],
  ["parkedMs", "parked"],
  ["compensatingMs", "compensating"],
  ["downMs", "down for at most"],
] as const;

/** `Sleeping since 2026-...; before that: queued 2 ms, executing 1.204 s.` */
export function timingText(
  { condition, timing }: Pick<Explanation<unknown>, "condition" | "timing">,
): string {
  const spent = spentText(timing);
  if (condition === "succeeded" || condition === "failed" || condition === "cancelled") {
    const sum = `${durationText(timing.totalMs)} in all`;
    return spent === "" ? `${sum}.` : `${sum}: ${spent}.`;
  }
  const now = `${
    capital(condition === "created" ? "not started" : conditionText(condition))
  } since ${timing.since}`;
  return spent === "" ? `${now}.` : `${now}; before that: ${spent}.`;
}

/** `queued 2 ms (1 ms of that held by a pause), executing 1.204 s`; empty when no time has passed. */
function spentText(timing: Timing): string {
  const { queuedPausedMs: paused = 0, queuedLimitedMs: limited = 0 } = timing;
  const parts = [
    ...paused === 0 ? [] : [`${durationText(paused)} of that held by a pause`],
    ...limited === 0 ? [] : [`${durationText(limited)} of that for a place`],
  ].join(", ");
  return TIMING_WORDS.flatMap(([name, words]) => {
    if (timing[name] === 0) return [];
    const ofThat = name === "queuedMs" && parts !== "" ? ` (${parts})` : "";
    return [`${words} ${durationText(timing[name])}${ofThat}`];
  }).join(", ");
}

/** The types of entries with which a process begins. */
const RESTARTS: ReadonlySet<string> = new Set(["journal.Recovered", "journal.WriterOpened"]);

/**
 * A time when no process was running, as far as the journal shows: from the last entry before a
 * `journal.Recovered` or a `journal.WriterOpened` to that entry. It is not on record when in between
 * the process died, so it is an upper bound.
 */
export interface Downtime {
  /** The `journal.Recovered` or `journal.WriterOpened` entry. */
  readonly restart: LogId;
  /** What the job was doing, by its entries. */
  readonly during: ConditionSpan;
  readonly ms: number;
}

/** The restarts after crashes that cut attempts of the job short. */
export function crashRestarts({ attempts, compensations }: OutlinedHistory): readonly LogId[] {
  const restarts = new Set<LogId>();
  for (const tasks of [attempts, compensations]) {
    for (const ofTask of tasks.values()) {
      for (const attempt of ofTask) {
        const restart = restartAfter(attempt);
        if (restart !== undefined) restarts.add(restart);
      }
    }
  }
  return [...restarts];
}

/** The restart after a crash that cut an attempt short, if one did. */
export function restartAfter({ ended }: Attempt): LogId | undefined {
  const isCrash = ended?.kind === "interrupted" && isUncleanEnd(ended.reason);
  return isCrash ? ended.entry.causedBy : undefined;
}

/** @param causes The entries that `wantedCauses` names. */
export function findDowntimes(
  outlined: OutlinedHistory,
  causes: Causes,
): readonly Downtime[] {
  return crashRestarts(outlined).flatMap((restart) => {
    const recovered = causes.get(restart);
    const last = outlined.entries.get(restart - 1) ?? causes.get(restart - 1);
    const during = outlined.spans.findLast(({ by }) => by < restart);
    if (recovered === undefined || !RESTARTS.has(recovered.eventType)) return [];
    if (last === undefined || during === undefined) return [];
    const ms = lengthWithin(during, last, recovered);
    return ms === 0 ? [] : [{ restart, during, ms }];
  });
}

/** Times sort as text, since all are in UTC and equally long. */
function lengthWithin(
  { from, to }: ConditionSpan,
  last: JobEventLogEntry,
  recovered: JobEventLogEntry,
): number {
  const begin = last.receivedAt > from ? last.receivedAt : from;
  const end = to !== undefined && to < recovered.receivedAt ? to : recovered.receivedAt;
  return lengthMs(begin, end);
}
