/** An error that says when another attempt may help, as a rate limit does, and attempts before that. */

import { counted } from "../../core/counted.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import type { ErrorCause } from "../../core/framework_events.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import type { OutlinedHistory } from "../history/outlined_history.ts";
import { attemptsOf } from "./attempts.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { byHand, reason } from "../statements/statement.ts";
import { later } from "../words/phrases.ts";

/** A number, unless it begins a date or is only a part of a longer number. */
const COUNT = String.raw`(\d{1,7}(?:\.\d+)?)(?!\d|[.,:/-]\d)`;
const UNIT = String.raw`\s*(ms|millis\w*|s|sec\w*|m|min\w*|h|hours?)\b`;
/** `Retry-After: 120`, `retry_after_ms=500`, `try again in 20 seconds`. */
const ASKED: readonly RegExp[] = [
  new RegExp(
    String.raw`retry[-_]?after(?:[-_]?(ms|s)(?:ec\w*)?)?["']?\s*[:=]?\s*${COUNT}(?:${UNIT})?`,
    "i",
  ),
  new RegExp(String.raw`\b(?:try again|retry) (?:in|after)()\s+${COUNT}${UNIT}`, "i"),
];

/** `resets at 2026-12-03T00:00:00Z`. */
const ASKED_UNTIL =
  /\b(?:(?:retry|try again) (?:at|after|from|not before)|resets? (?:at|on)|(?:blocked|locked) until)[ :]*(\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:\d\d))/i;

const UNITS_MS: readonly (readonly [RegExp, number])[] = [
  [/^m(?:s|illis)/i, 1],
  [/^m/i, 60_000],
  [/^h/i, 3_600_000],
];
/** The header of HTTP is in seconds. */
const SECOND_MS = 1_000;
/** A longer wait is more likely a number that means something else. */
const DAY_MS = 86_400_000;

const USED_UP = String.raw`\b(?:exceed|exhaust|us(?:ed|ing) up|reach|hit)\w*`;
const QUOTA = String.raw`\b(?:quota|rate[- _]?limit)s?\b`;
/** `Daily message quota exceeded`, `429 Too Many Requests`: of what several share. */
const IS_USED_UP = new RegExp(
  String.raw`${QUOTA}[^.;]{0,40}${USED_UP}|${USED_UP}[^.;]{0,40}${QUOTA}|` +
    String.raw`\btoo many requests\b|\brate[- _]?limited\b|\bthrottl(?:ed|ing)\b`,
  "i",
);

/** Whether an error says that a quota or a rate is used up. */
export function isUsedUp(error: ErrorCause): boolean {
  return IS_USED_UP.test(errorText(error));
}

/** Before a retry, if the error does not say when one may help. */
export function firstFree(known: OutlinedHistory): Next {
  const { job, failedBy } = known;
  if (job.state !== "Failed" || !isUsedUp(job.failure.error)) return [];
  if (retryNotBefore(known) !== undefined) return [];
  const statement =
    "First make sure that what the error calls used up is free again: until then, " +
    "a retry fails as well.";
  return [byHand(statement, failedBy?.entry)];
}

/** When a retry may help, by the last error; `undefined` if that does not say so. */
export function retryNotBefore(known: OutlinedHistory): string | undefined {
  return asked(known)?.until;
}

export function askedToWait(known: OutlinedHistory): Reasons {
  const { waitMs, until, attempts, last } = asked(known) ?? {};
  const [first] = attempts ?? [];
  if (waitMs === undefined || attempts === undefined || last?.ended === undefined) return [];
  const tookMs = first?.started === undefined
    ? Infinity
    : lengthMs(first.started.receivedAt, last.ended.entry.receivedAt);
  if (tookMs >= waitMs) return [];
  const came = attempts.length === 1
    ? ""
    : `; the ${counted(attempts.length, "attempt")} came within ${durationText(tookMs)}`;
  const statement = `The error asks to wait ${durationText(waitMs)}, until ${until}${came}.`;
  return [reason(statement, last.ended.entry, first?.started)];
}

function asked(known: OutlinedHistory) {
  const { job } = known;
  if (job.state !== "Failed" || job.failure.kind === "cancelled") return undefined;
  const attempts = attemptsOf(known, job.failure.taskId ?? MAIN_TASK);
  const last = attempts.at(-1);
  if (last?.ended?.kind !== "failed") return undefined;
  const { receivedAt } = last.ended.entry;
  const waitMs = askedWaitMs(job.failure.error, receivedAt);
  if (waitMs === undefined) return undefined;
  return { waitMs, until: later(receivedAt, waitMs), attempts, last };
}

/**
 * The wait that an error asks for before another attempt, in milliseconds: at most a day.
 *
 * @param at When the attempt failed; RFC 3339.
 */
export function askedWaitMs(error: ErrorCause, at: string): number | undefined {
  const text = errorText(error);
  const waitMs = statedWaitMs(text) ?? lengthMs(at, ASKED_UNTIL.exec(text)?.[1] ?? at);
  return waitMs > 0 && waitMs <= DAY_MS ? waitMs : undefined;
}

function statedWaitMs(text: string): number | undefined {
  const found = ASKED.map((pattern) => pattern.exec(text)).find((one) => one !== null);
  if (found === undefined || found === null) return undefined;
  const [, inName, count, after] = found;
  const unit = after ?? inName ?? "s";
  const unitMs = UNITS_MS.find(([name]) => name.test(unit))?.[1] ?? SECOND_MS;
  return Math.round(Number(count) * unitMs);
}
