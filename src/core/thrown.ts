/** What was thrown, which may be anything. */

import type { ErrorFact } from "./framework_events.ts";

/** Longer texts of a fact are cut: the journal keeps evidence, not dumps. */
const NAME_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 4_000;
const STACK_LENGTH_MAX = 2_000;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether this process lacks a permission: as `fetch` says it, and as modules of Node do. */
export function isPermissionMissing(error: unknown): error is Error {
  return error instanceof Error &&
    (error.name === "NotCapable" || ("code" in error && error.code === "EPERM"));
}

/** As a fact that a line of the journal can hold, however odd it is. */
export function errorFact(thrown: unknown, redact: Redaction = unchanged): ErrorFact {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: textOf(thrown, MESSAGE_LENGTH_MAX, redact) };
  }
  const fact = {
    name: textOf(thrown.name, NAME_LENGTH_MAX, redact),
    message: textOf(thrown.message, MESSAGE_LENGTH_MAX, redact),
  };
  return thrown.stack === undefined
    ? fact
    : { ...fact, stack: textOf(thrown.stack, STACK_LENGTH_MAX, redact) };
}

/** What takes out of a text what the journal must not hold. */
type Redaction = (text: string) => string;

function unchanged(text: string): string {
  return text;
}

/** Redacted before it is cut: half a secret could not be told from other text. */
function textOf(value: unknown, length: number, redact: Redaction): string {
  const text = redact(asText(value).toWellFormed());
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** An object may have no text at all, or throw when asked for it. */
function asText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
