/** Converts errors to data and back: a thread and the engine share no objects. */

import { errorFact } from "../core/error_fact.ts";
import { isThrown, named } from "../core/thrown.ts";
import { NonRetryableError, RetryLater } from "../engine/job_errors.ts";
import type { Thrown } from "./protocol.ts";

/** Far more than is recorded: the text is cut to length only after secrets are removed. */
const LENGTH_MIN = 65_536;

/** Converts any thrown value. */
export function thrownData(thrown: unknown): Thrown {
  return { ...kindOf(thrown), ...errorFact(thrown, undefined, LENGTH_MIN) };
}

function kindOf(thrown: unknown): Pick<Thrown, "kind" | "delayMs"> {
  if (isThrown(thrown, NonRetryableError)) return { kind: "nonRetryable" };
  if (isThrown(thrown, RetryLater)) return { kind: "retryLater", delayMs: Number(thrown.delayMs) };
  return { kind: "error" };
}

export function thrownError(thrown: Thrown): Error {
  const { kind, name, message, stack, delayMs = 0, ...others } = thrown;
  const error = kind === "nonRetryable"
    ? new NonRetryableError(message)
    : kind === "retryLater"
    ? new RetryLater(delayMs, message)
    : new Error(message);
  if (stack !== undefined && stack !== "") error.stack = stack;
  return named(error, name, others);
}

export function namedError(name: string, message: string): Error {
  const error = named(new Error(message), name);
  // Its own stack would show this function, not the code that failed.
  delete (error as { stack?: string }).stack;
  return error;
}

export function outOfMemory(memoryMb: number): Error {
  return namedError("OutOfMemory", `the code used more than the ${memoryMb} MiB that a thread may`);
}
