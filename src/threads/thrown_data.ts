/** Converts errors to data and back: a thread and the engine share no objects. */

import { errorMessage, isThrown } from "../core/thrown.ts";
import { NonRetryableError, RetryLater } from "../engine/job_errors.ts";
import type { Thrown } from "./protocol.ts";

/** Far more than is recorded: the text is cut to length only after secrets are removed. */
const LENGTH_MAX = 65_536;

/** Converts any thrown value. */
export function thrownData(thrown: unknown): Thrown {
  const message = errorMessage(thrown).slice(0, LENGTH_MAX);
  if (!isThrown(thrown, Error)) return { kind: "error", name: "Error", message };
  const read = (get: () => unknown, otherwise: string): string => {
    try {
      return String(get() ?? otherwise).slice(0, LENGTH_MAX);
    } catch {
      return otherwise;
    }
  };
  const stack = read(() => thrown.stack, "");
  return { ...kindOf(thrown), name: read(() => thrown.name, "Error"), message, stack };
}

function kindOf(error: Error): Pick<Thrown, "kind" | "delayMs"> {
  if (error instanceof NonRetryableError) return { kind: "nonRetryable" };
  if (error instanceof RetryLater) return { kind: "retryLater", delayMs: Number(error.delayMs) };
  return { kind: "error" };
}

export function thrownError({ kind, name, message, stack, delayMs = 0 }: Thrown): Error {
  const error = kind === "nonRetryable"
    ? new NonRetryableError(message)
    : kind === "retryLater"
    ? new RetryLater(delayMs, message)
    : new Error(message);
  Object.defineProperty(error, "name", { value: name });
  if (stack !== undefined && stack !== "") error.stack = stack;
  return error;
}

export function namedError(name: string, message: string): Error {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name });
  // Its own stack would show this function, not the code that failed.
  delete (error as { stack?: string }).stack;
  return error;
}

export function outOfMemory(memoryMb: number): Error {
  return namedError("OutOfMemory", `the code used more than the ${memoryMb} MiB that a thread may`);
}
