/** What was thrown, which may be anything. */

import type { ErrorFact } from "./framework_events.ts";

/** Longer texts of a fact are cut: the journal keeps evidence, not dumps. */
const NAME_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 4_000;
const STACK_LENGTH_MAX = 2_000;

/** Whether it is one of a class. What was thrown may be a proxy that throws when it is asked. */
export function isThrown<Class>(
  thrown: unknown,
  type: abstract new (...args: never[]) => Class,
): thrown is Class {
  try {
    return thrown instanceof type;
  } catch {
    return false;
  }
}

export function messageOf(thrown: unknown): string {
  return isThrown(thrown, Error) ? memberOf(thrown, "message") : asText(thrown);
}

/** With where it was thrown, when that is known. */
export function stackOf(thrown: unknown): string {
  return isThrown(thrown, Error) ? memberOf(thrown, "stack", messageOf(thrown)) : asText(thrown);
}

/** Whether this process lacks a permission: as `fetch` says it, and as modules of Node do. */
export function isPermissionMissing(error: unknown): error is Error {
  return isThrown(error, Error) &&
    (memberOf(error, "name") === "NotCapable" || memberOf(error, "code") === "EPERM");
}

/** As a fact that a line of the journal can hold, however odd it is: what could be learnt. */
export function errorFact(thrown: unknown, redact: Redaction = unchanged): ErrorFact {
  if (!isThrown(thrown, Error)) {
    return { name: "Error", message: textOf(asText(thrown), MESSAGE_LENGTH_MAX, redact) };
  }
  const fact = {
    name: textOf(memberOf(thrown, "name", "Error"), NAME_LENGTH_MAX, redact),
    message: textOf(memberOf(thrown, "message"), MESSAGE_LENGTH_MAX, redact),
  };
  const stack = memberOf(thrown, "stack", "");
  return stack === "" ? fact : { ...fact, stack: textOf(stack, STACK_LENGTH_MAX, redact) };
}

/** What takes out of a text what the journal must not hold. */
type Redaction = (text: string) => string;

function unchanged(text: string): string {
  return text;
}

/** Redacted before it is cut: half a secret could not be told from other text. */
function textOf(value: string, length: number, redact: Redaction): string {
  const text = redact(value.toWellFormed());
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** @param otherwise Where there is none, or none that can be read. */
function memberOf(error: Error, name: string, otherwise?: string): string {
  try {
    const value: unknown = Reflect.get(error, name);
    return value === undefined ? otherwise ?? "" : asText(value);
  } catch {
    return otherwise ?? `(its ${name} cannot be read)`;
  }
}

/** An object may have no text at all, or throw when asked for it. */
function asText(value: unknown): string {
  for (const text of [String, (value: unknown) => Object.prototype.toString.call(value)]) {
    try {
      return text(value);
    } catch {
      // The next one may be able to.
    }
  }
  return "(something that cannot be read)";
}
