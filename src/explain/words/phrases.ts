/** Phrases that explanations share, so that the same thing is always said in the same way. */

import { counted, countOf, countText } from "../../core/counted.ts";
import { NO_REASON } from "../../core/failure.ts";
import type { PauseScope } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { Failure } from "../../core/job_state.ts";
import type { Pause } from "../../core/pauses.ts";
import { oneLine, shownText } from "../../core/shown_value.ts";

/** The most names or statements of one kind where a few suffice. */
export const FEW_MAX = 3;
/** The most names in a summary. */
export const SUMMARY_MAX = 5;
/** The most names or citations in a reason or a step, and the most of one kind. */
export const LIST_MAX = 10;

/** `a`, `a and b`, `a, b and c`. */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/**
 * `attempt 2 of 4`, `attempt 3 (2 of 4, not counting one cut short)`, or `attempt 2` when the limit
 * is not on record.
 *
 * @param attempt Its number on record.
 * @param failures How many attempts had failed before it: only they count for the limit.
 */
export function attemptText(
  attempt: number,
  failures: number,
  maxAttempts: number | undefined,
): string {
  return `attempt ${attemptNumber(attempt, failures, maxAttempts)}`;
}

/** The same without the word. */
export function attemptNumber(
  attempt: number,
  failures: number,
  maxAttempts: number | undefined,
): string {
  if (maxAttempts === undefined) return `${attempt}`;
  const cutShort = attempt - 1 - failures;
  if (cutShort <= 0) return `${attempt} of ${maxAttempts}`;
  const others = cutShort === 1 ? "one" : `${cutShort}`;
  return `${attempt} (${failures + 1} of ${maxAttempts}, not counting ${others} cut short)`;
}

/** `3 of 10 (rows)`. */
export function progressText(
  { done, total, note }: {
    readonly done: number;
    readonly total?: number | undefined;
    readonly note?: string | undefined;
  },
): string {
  const count = total === undefined ? countText(done) : countOf(done, total);
  return note === undefined ? count : `${count} (${oneLine(note)})`;
}

/** The reason of a cancellation, which is the message of the failure; empty without one. */
export function cancelReason({ error }: Failure): string {
  return error.message === NO_REASON ? "" : reasonText(error.message);
}

/** ` (reason: the customer asked)`, or nothing. */
export function reasonText(reason: string | undefined): string {
  return reason === undefined || reason.trim() === "" ? "" : ` (reason: ${oneLine(reason)})`;
}

/** ` by on-call`, when the token of the request had a name. */
export function actorText({ actor }: { readonly actor?: string }): string {
  return actor === undefined ? "" : ` by ${shownText(actor)}`;
}

/** ` (submitted by shop and by on-call)`, if both are on record and differ. */
export function submittersText(
  { actor: one }: { readonly actor?: string },
  { actor: other }: { readonly actor?: string },
): string {
  return one === undefined || other === undefined || one === other
    ? ""
    : ` (submitted${actorText({ actor: one })} and${actorText({ actor: other })})`;
}

/** `task charge`, or `run` for the root task. */
export function taskText(taskId: string): string {
  return taskId === MAIN_TASK ? "run" : `task ${taskId}`;
}

/** `charge`, or `run` for the root task. */
export function taskName(taskId: string): string {
  return taskId === MAIN_TASK ? "run" : taskId;
}

/**
 * Shortens long lists: `a, b, c and 7 more`.
 *
 * @param count How many there are, if `parts` are only the first.
 */
export function shortened(parts: readonly string[], max = LIST_MAX, count = parts.length): string {
  const shown = parts.slice(0, max);
  const more = count - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : listed(shown);
}

/** Whether a text has a word that is no part of a longer one. */
export function namesWord(text: string, word: string): boolean {
  return word !== "" && text.includes(word) &&
    new RegExp(String.raw`(?<![\w-])${RegExp.escape(word)}(?![\w-])`).test(text);
}

/** The text as the beginning of a sentence. The name `run` stays as it is in code. */
export function capital(text: string): string {
  return text === "run" ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** The text within a sentence. */
export function uncapital(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** The latest of several entries that say the same. */
export function latest(logIds: readonly LogId[]): readonly LogId[] {
  return logIds.slice(-LIST_MAX);
}

/** The same for those before the last. */
export function before(logIds: readonly LogId[]): readonly LogId[] {
  return logIds.slice(-LIST_MAX - 1, -1);
}

/** A time this many milliseconds after another. Reads no clock: both are text of the journal. */
export function later(time: string, ms: number): string {
  return new Date(Date.parse(time) + ms).toISOString();
}

/** `everything`, `type mail.send`, `type mail.send with label tenant:acme`. */
export function scopeText({ type, label, key }: PauseScope): string {
  const parts = [
    ...type === undefined ? [] : [`type ${oneLine(type)}`],
    ...label === undefined ? [] : [`label ${oneLine(label)}`],
    ...key === undefined ? [] : [`key ${oneLine(key)}`],
  ];
  return parts.length === 0 ? "everything" : parts.join(" with ");
}

/** `type mail.send has been paused since ... by on-call, until ... (reason: the server is down)`. */
export function pauseText(pause: Pause): string {
  return `${scopeText(pause)} has been paused ${pauseTimes(pause)}${reasonText(pause.reason)}`;
}

/** `since ... by on-call, until ...`. */
export function pauseTimes(pause: Pause): string {
  const { since, until } = pause;
  return `since ${since}${actorText(pause)}${until === undefined ? "" : `, until ${until}`}`;
}

/** The oldest pause that holds a job, and how many others do. */
export function pausesText(pauses: readonly Pause[]): string {
  const [first, ...others] = pauses;
  if (first === undefined) return "";
  const beside = others.length === 0
    ? ""
    : `, and ${counted(others.length, "other pause holds", "other pauses hold")} it`;
  return `${pauseText(first)}${beside}`;
}
