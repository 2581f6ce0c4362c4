/** Refusals, as a program that has Daybook inside catches them. */

import { Refusal, type RequestIssue } from "../documents/refusal.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import { JournalFailedError } from "../engine/ports.ts";

/** One thing that is wrong with the request. */
export interface Issue {
  /** Where: a JSON Pointer (RFC 6901), such as `/input/orderId`. */
  readonly pointer: string;
  /** What, such as `must be a string`. */
  readonly detail: string;
}

/**
 * Daybook did not do what it was asked to, and recorded nothing of it.
 *
 * @example
 * ```ts
 * import { type DeliveredEvent, type EmbeddedDaybook, RefusedError } from "@daybook/daybook";
 *
 * export async function deliver(daybook: EmbeddedDaybook, event: DeliveredEvent) {
 *   try {
 *     return await daybook.deliver(event);
 *   } catch (error) {
 *     if (error instanceof RefusedError) console.error(error.kind, error.issues);
 *     throw error;
 *   }
 * }
 * ```
 */
export class RefusedError extends Error {
  /** For logs. */
  override readonly name = "RefusedError";
  /**
   * Why, in the words that the `type` of an HTTP problem ends with: `invalid-request`,
   * `unknown-type`, `unknown-job`, `job-exists`, `idempotency-key-reused`,
   * `not-in-this-state`, `unknown-point`, `job-too-long`, `unknown-pause`, `unknown-limits`; or,
   * where the same may work later, `over-capacity`, `disk-full`, `draining`.
   */
  readonly kind: string;
  /** What is wrong with the request, part by part. */
  readonly issues: readonly Issue[];

  /** Made by Daybook; `message` says what could not be done, and why. */
  constructor(kind: string, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.kind = kind;
    this.issues = issues;
  }
}

/**
 * Does what may be refused.
 *
 * @throws {RefusedError} when it is.
 * @throws {JournalFailedError} when it is unknown whether it was recorded.
 */
export async function orRefused<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch (error) {
    throw findRefusal(error);
  }
}

function findRefusal(error: unknown): unknown {
  if (error instanceof JournalFailedError || !(error instanceof Error)) return error;
  const refusal = error instanceof Refusal ? error : refusalOfFailure(error);
  if (refusal === undefined) return error;
  const issues = refusal.members.errors?.map(toIssue) ?? [];
  return new RefusedError(refusal.kind, refusal.message, issues);
}

/** A program has no header: what HTTP has there is a field of the options. */
function toIssue(issue: RequestIssue): Issue {
  if ("pointer" in issue) return issue;
  const pointer = "header" in issue ? "/idempotencyKey" : `/${issue.parameter}`;
  return { pointer, detail: issue.detail };
}
