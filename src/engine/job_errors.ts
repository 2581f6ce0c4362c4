/** Errors by which job code says whether, and when, to retry. */

import { DELAY_MAX_MS } from "../core/retry_policy.ts";
import { isThrown } from "../core/thrown.ts";

/**
 * Throw it in a task when a retry cannot help: the job fails as `poison`.
 *
 * @example
 * ```ts
 * import { NonRetryableError } from "@daybook/daybook";
 *
 * export function send(email: string): string {
 *   if (!email.includes("@")) throw new NonRetryableError(`${email} is no address`);
 *   return `sent to ${email}`;
 * }
 * ```
 */
export class NonRetryableError extends Error {
  /** The name that the journal records. */
  override readonly name: string = "NonRetryableError";
}

/**
 * Throw it in a task to choose the delay before the next attempt. It uses up an attempt, as
 * any other error does.
 *
 * @example
 * ```ts
 * import { RetryLater } from "@daybook/daybook";
 *
 * export async function charge(orderId: string, signal: AbortSignal): Promise<string> {
 *   const response = await fetch(`https://bank.example/charges/${orderId}`, { signal });
 *   if (response.status === 429) throw new RetryLater(30_000, "the bank asks for patience");
 *   return await response.text();
 * }
 * ```
 */
export class RetryLater extends Error {
  /** The name that the journal records. */
  override readonly name: string = "RetryLater";

  /** Until the next attempt, in milliseconds. */
  readonly delayMs: number;

  /** Asks for the next attempt after `delayMs` milliseconds; explanations show `message`. */
  constructor(delayMs: number, message = `asked to be tried again in ${delayMs} ms`) {
    super(message);
    this.delayMs = delayMs;
  }
}

/** In milliseconds; `undefined` when none was chosen, or it is not a number or cannot be read. */
export function chosenDelay(thrown: unknown): number | undefined {
  try {
    const delayMs = isThrown(thrown, RetryLater) ? thrown.delayMs : undefined;
    return typeof delayMs === "number" && Number.isFinite(delayMs)
      ? Math.min(Math.max(0, delayMs), DELAY_MAX_MS)
      : undefined;
  } catch {
    return undefined;
  }
}
