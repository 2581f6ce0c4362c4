/** Thrown values as facts that a line of the journal can hold. */

import type { ErrorFact } from "../core/framework_events.ts";

/** Longer texts are cut: the journal keeps evidence, not dumps. */
const MESSAGE_LENGTH_MAX = 4_000;
const STACK_LENGTH_MAX = 2_000;

export function errorFact(thrown: unknown): ErrorFact {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: cut(String(thrown), MESSAGE_LENGTH_MAX) };
  }
  const fact = { name: thrown.name, message: cut(thrown.message, MESSAGE_LENGTH_MAX) };
  return thrown.stack === undefined
    ? fact
    : { ...fact, stack: cut(thrown.stack, STACK_LENGTH_MAX) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
