/** Checks what `run` gives a task besides its id, so that a mistake is not taken for a default. */

import { DEFAULT_RETRY, type RetryPolicy, retryPolicyFlaw } from "../../core/retry_policy.ts";
import type { TaskOptions } from "../job_context.ts";

/** @throws {TypeError} when there is nothing to call. */
export function requireFunctions(taskId: string, fn: unknown, compensate: unknown): void {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot run task ${taskId}: its second argument must be a function`);
  }
  if (compensate !== undefined && typeof compensate !== "function") {
    throw new TypeError(`Cannot run task ${taskId}: compensate must be a function`);
  }
}

/** @throws {TypeError} when an option is invalid. */
export function checkedRetry<Result>(taskId: string, options: TaskOptions<Result>): RetryPolicy {
  const { timeoutMs, retry: asked = DEFAULT_RETRY } = options;
  requireKnown(taskId, "an option", options, TASK_OPTIONS);
  if (typeof asked !== "object") {
    throw new TypeError(`Cannot run task ${taskId}: retry must be an object, as {maxAttempts: 3}`);
  }
  requireKnown(taskId, "a member of retry", asked, RETRY_MEMBERS);
  const retry = { ...DEFAULT_RETRY, ...asked };
  const flaw = retryPolicyFlaw(retry);
  if (flaw !== undefined) throw new TypeError(`Cannot run task ${taskId}: retry.${flaw}`);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw new TypeError(
      `Cannot run task ${taskId}: timeoutMs is ${timeoutMs}; it must be milliseconds, above 0`,
    );
  }
  return retry;
}

const TASK_OPTIONS = ["retry", "timeoutMs", "compensate"] satisfies (keyof TaskOptions<unknown>)[];
const RETRY_MEMBERS = Object.keys(DEFAULT_RETRY);

/** A name that nothing reads, such as `timeout`, would be a limit that the task does not have. */
function requireKnown(
  taskId: string,
  what: string,
  given: object,
  known: readonly string[],
): void {
  for (const name in given) {
    if (!known.includes(name)) {
      throw new TypeError(
        `Cannot run task ${taskId}: ${name} is not ${what}; known are ${known.join(", ")}`,
      );
    }
  }
}
