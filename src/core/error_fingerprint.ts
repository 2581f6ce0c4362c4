/**
 * Groups failures of one kind. Two failures have the same fingerprint when the type of the job, the
 * task, the name of the error and the words of its message are the same, and so are those of its
 * causes. Parts that vary from one failure to the next are not words; `messageTemplate` replaces them
 * with `*`:
 *
 * - text in quotation marks, `"…"`, `'…'`, `` `…` `` and their typographic forms
 * - web and mail addresses
 * - paths that begin with `/`, `\`, `./`, `../`, `~/` or a drive
 * - UUIDs, and eight or more hexadecimal digits, even if all are letters
 * - a word that contains a digit, with everything joined to it: numbers, times, sizes, versions,
 *   ULIDs and other ids, host addresses
 * - a sequence of these, separated only by commas, spaces or `and`, as one
 *
 * A fingerprint is derived and never recorded, so a later version may group differently.
 */

import type { ErrorCause, ErrorFact } from "./framework_events.ts";
import type { TaskId } from "./ids.ts";
import type { Failure, JobHead } from "./job_state.ts";

declare const fingerprintBrand: unique symbol;
/** Twelve lower-case hexadecimal digits. */
export type ErrorFingerprint = string & { readonly [fingerprintBrand]: true };

/** In words, for people who look at kinds of failures. */
export const FINGERPRINT_RULE =
  "Failures are of one kind if they have the same type, task, error and words in the message; " +
  "numbers, ids, times, paths and text in quotation marks are ignored.";

export const FINGERPRINT_PATTERN = /^[0-9a-f]{12}$/;

interface ErrorOrigin {
  /** The type of the job; absent for a plan driven by outside events. */
  readonly type?: string | undefined;
  readonly taskId?: TaskId | undefined;
  readonly error: ErrorFact;
}

export function errorFingerprint({ type, taskId, error }: ErrorOrigin): ErrorFingerprint {
  const words = [type ?? "", taskId ?? "", ...wordsOf(error)];
  return hashOf(words.join("\n")) as ErrorFingerprint;
}

/** An error without code and causes has the words of its name and message only. */
function wordsOf({ name = "", message, code, cause, errors }: ErrorCause): readonly string[] {
  return [
    name,
    messageTemplate(message),
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(cause === undefined ? [] : ["cause", ...wordsOf(cause)]),
    ...(errors === undefined ? [] : ["errors", ...errors.flatMap(wordsOf)]),
  ];
}

/** The fingerprint of a failed job. A cancellation is not an error and has none. */
export function jobFingerprint(job: JobHead, failure: Failure): ErrorFingerprint | undefined {
  if (failure.kind === "cancelled") return undefined;
  return errorFingerprint({ type: job.type, taskId: failure.taskId, error: failure.error });
}

/** The part of a message that is read; the rest does not distinguish failures. */
export const MESSAGE_LENGTH_MAX = 1_000;
/** Applied after varying parts are replaced, so that their length does not move the end. */
const TEMPLATE_LENGTH_MAX = 300;

/** A message with `*` in place of what varies. */
export function messageTemplate(message: string): string {
  const line = message.slice(0, MESSAGE_LENGTH_MAX).replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ");
  return VARYING.reduce((text, pattern) => text.replaceAll(pattern, "*"), line)
    .replaceAll(/\*(?:(?:[,;] ?| )(?:(?:and|or) )?\*)+/g, "*")
    .trim()
    .slice(0, TEMPLATE_LENGTH_MAX);
}

/** Applied in this order. Each begins at a word boundary, so that a long word is scanned once. */
const VARYING: readonly RegExp[] = [
  /"[^"]{0,400}"|“[^”]{0,400}”|‘[^’]{0,400}’|`[^`]{0,400}`/gu,
  /(?<![\p{L}\p{N}])'[^']{0,400}'(?![\p{L}\p{N}])/gu,
  /(?<![\w+.-])[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>)]+/gu,
  /(?<![\w+.-])[\w+.-]{1,64}@[\w-]+(?:\.[\w-]+)*/gu,
  /(?<![\p{L}\p{N}_*])(?:[A-Za-z]:|~|\.{1,2})?(?:[\\/][^\s"'\\/:;,()*]+)+[\\/]?/gu,
  /(?<![\p{L}\p{N}_])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/gu,
  /(?<![\p{L}\p{N}_])[a-fA-F]{8,}(?![\p{L}\p{N}_])/gu,
  /(?<![\p{L}\p{N}_])[+-]?[\p{L}_]*\p{N}[\p{L}\p{N}_]*(?:[.:,+-][\p{L}\p{N}_]+)*%?/gu,
];

/**
 * 48 bits of cyrb53, which is public domain: enough to distinguish kinds, no protection against
 * deliberate collisions.
 * Source: https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js
 */
function hashOf(text: string): string {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return hexadecimal(low, 8) + hexadecimal(high & 0xffff, 4);
}

function hexadecimal(number: number, digits: number): string {
  return (number >>> 0).toString(16).padStart(digits, "0");
}
