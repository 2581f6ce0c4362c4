/** Errors in sentences: always with the causes that are on record. */

import { durationText } from "./duration.ts";
import type { ErrorCause } from "./framework_events.ts";
import { oneLine } from "./shown_value.ts";

/** `Error: the payment failed, caused by Error: card_declined`, on one line. */
export function errorText(error: ErrorCause): string {
  return `${headText(error)}${causesText(error)}`;
}

/** When a host fails every call, only the rest of its URL differs. */
const PATH = /(:\/\/[^/\s"'<>)]+)[^\s"'<>)]*/g;

/** Like `errorText`, but equal for errors that differ only in the paths of URLs. */
export function withoutPaths(error: ErrorCause): string {
  return errorText(error).replaceAll(PATH, "$1");
}

/** Why there was no further attempt, by the kind of failure. */
export const FINAL_BECAUSE = {
  poison: "another attempt would not help",
  deadLetter: "all attempts are used up",
} as const;

/** The message with code and causes, without the name. */
export function messageText({ message, code, ...causes }: ErrorCause): string {
  return `${withCode(message, code)}${causesText(causes)}`;
}

/** Like `errorText`, with the place where the error itself, not its cause, was thrown. */
export function thrownErrorText(error: ErrorCause & { readonly stack?: string }): string {
  return `${headText(error)}${placeText(error)}${causesText(error)}`;
}

/** `, caused by Error: card_declined`, or nothing: what follows the message of an error. */
function causesText({ cause, errors = [] }: Pick<ErrorCause, "cause" | "errors">): string {
  const texts = errors.map(errorText).join("; ");
  const first = errors.length === 1 ? "its first error" : "its first errors";
  const listed = errors.length === 0 ? "" : ` (${first}: ${texts})`;
  return cause === undefined ? listed : `${listed}, caused by ${errorText(cause)}`;
}

/** `PaymentRefused: the payment was refused (23505)`. */
function headText({ name = "", message, code }: ErrorCause): string {
  const asked = requestedDelayMs({ name, message });
  if (asked !== undefined) return `RetryLater: asked for a pause of ${durationText(asked)}`;
  const parts = [oneLine(name), oneLine(message)].filter((part) => part !== "");
  return withCode(parts.length === 0 ? "an error without a message" : parts.join(": "), code);
}

/**
 * Messages of the platform contain their code: `connect ECONNREFUSED 10.0.0.1:443`. A full stop at
 * the end would end the sentence that quotes the message.
 */
function withCode(message: string, code: ErrorCause["code"]): string {
  const text = message.replace(/(?<!\.)\.$/, "");
  const isNamed = code === undefined || text.split(/[^\p{L}\p{N}_]+/u).includes(`${code}`);
  return isNamed ? text : `${text} (${oneLine(`${code}`)})`;
}

const ASKED = /^asked to be tried again in (\d+) ms$/;

/** The delay that a task asked for with `RetryLater`, in milliseconds. */
export function requestedDelayMs(
  { name, message }: Pick<ErrorCause, "name" | "message">,
): number | undefined {
  const ms = name === "RetryLater" ? ASKED.exec(message)?.[1] : undefined;
  return ms === undefined ? undefined : Number(ms);
}

/** Frames of the platform and of the engine, which say nothing about the job's own code. */
const FOREIGN_FRAME = /ext:|node:|\/src\/engine\//;
const FRAME = /([^/\\\s(]+):(\d+):\d+\)?$/;

/** `, thrown at my_jobs.ts:22`, or nothing when the stack does not show it. */
function placeText({ stack = "" }: { readonly stack?: string }): string {
  for (const line of stack.split("\n")) {
    if (!line.startsWith("    at ") || FOREIGN_FRAME.test(line)) continue;
    const [, file, number] = FRAME.exec(line.trimEnd()) ?? [];
    if (file !== undefined) return `, thrown at ${oneLine(file)}:${number}`;
  }
  return "";
}
