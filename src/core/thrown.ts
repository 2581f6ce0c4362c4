/** Handles thrown values, which may be anything. */

import type { ErrorFact } from "./framework_events.ts";

/** Longer texts of a fact are cut: the journal keeps evidence, not dumps. */
const NAME_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 4_000;
const STACK_LENGTH_MAX = 2_000;

/** Whether the value is an instance of a class. It may be a proxy that throws when inspected. */
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

export function errorMessage(thrown: unknown): string {
  return isThrown(thrown, Error) ? readMember(thrown, "message") : asText(thrown);
}

/** Includes the place where it was thrown, if known. */
export function errorStack(thrown: unknown): string {
  return isThrown(thrown, Error)
    ? readMember(thrown, "stack", errorMessage(thrown))
    : asText(thrown);
}

/** Whether a permission is missing. `fetch` and Node's modules say so in different words. */
export function isPermissionMissing(error: unknown): error is Error {
  return isThrown(error, Error) &&
    (readMember(error, "name") === "NotCapable" || readMember(error, "code") === "EPERM");
}

/** Converts a thrown value to a fact that a line of the journal can hold, however odd the value. */
export function errorFact(thrown: unknown, redact: Redaction = unchanged): ErrorFact {
  if (!isThrown(thrown, Error)) {
    return { name: "Error", message: boundedText(asText(thrown), MESSAGE_LENGTH_MAX, redact) };
  }
  const fact = {
    name: boundedText(readMember(thrown, "name", "Error"), NAME_LENGTH_MAX, redact),
    message: boundedText(readMember(thrown, "message"), MESSAGE_LENGTH_MAX, redact),
  };
  const stack = readMember(thrown, "stack", "");
  return stack === "" ? fact : { ...fact, stack: boundedText(stack, STACK_LENGTH_MAX, redact) };
}

/** Removes from a text what the journal must not hold. */
type Redaction = (text: string) => string;

function unchanged(text: string): string {
  return text;
}

/** Redacted before it is cut, since half a secret would not be recognised. */
function boundedText(value: string, length: number, redact: Redaction): string {
  const text = redact(value.toWellFormed());
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** @param otherwise The text when there is none, or none that can be read. */
function readMember(error: Error, name: string, otherwise?: string): string {
  try {
    const value: unknown = Reflect.get(error, name);
    return value === undefined ? otherwise ?? "" : asText(value);
  } catch {
    return otherwise ?? `(its ${name} cannot be read)`;
  }
}

/** An object may have no text, or throw when converted. */
function asText(value: unknown): string {
  for (const text of [String, (value: unknown) => Object.prototype.toString.call(value)]) {
    try {
      return text(value);
    } catch {
      // Try the next.
    }
  }
  return "(something that cannot be read)";
}
