/** Thrown values as facts that a line of the journal can hold. */

import type { ErrorFact } from "../../core/framework_events.ts";

/** Longer texts are cut: the journal keeps evidence, not dumps. */
const NAME_LENGTH_MAX = 200;
const MESSAGE_LENGTH_MAX = 4_000;
const STACK_LENGTH_MAX = 2_000;

/** Whatever was thrown, however odd, as a name and a message. */
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
