/** Refusals that an embedding program catches. */

import { Refusal, type RequestIssue } from "../documents/refusal.ts";
import { refusalOfFailure } from "../documents/engine_refusal.ts";
import { JournalFailedError } from "../engine/ports.ts";

/** An error in a request. */
export interface Issue {
  /** The place: a JSON Pointer (RFC 6901), such as `/input/orderId`. */
  readonly pointer: string;
  /** The error, such as `must be a string`. */
  readonly detail: string;
}

/**
 * Daybook refused a request, and recorded nothing of it.
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
  /** The name, for logs. */
  override readonly name = "RefusedError";
  /**
   * The kind, as in the `type` of an HTTP problem: `invalid-request`, `unknown-type`,
   * `unknown-job`, `job-exists`, `idempotency-key-reused`, `event-id-reused`, `not-in-this-state`,
   * `input-removed`, `unknown-point`, `job-too-long`, `unknown-pause`, `unknown-limits`; or, if the
   * request may succeed later, `over-capacity`, `disk-full`, `draining`, `index-damaged`.
   */
  readonly kind: string;
  /** The errors in the request. */
  readonly issues: readonly Issue[];

  /** Created by Daybook; `message` says what could not be done, and why. */
  constructor(kind: string, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.kind = kind;
    this.issues = issues;
  }
}

/**
 * Runs a call that may be refused.
 *
 * @throws {RefusedError} if it is refused.
 * @throws {JournalFailedError} if it is unknown whether it was recorded.
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

/** HTTP headers correspond to members of the options. */
export function toIssue(issue: RequestIssue): Issue {
  if ("pointer" in issue) return issue;
  const pointer = "header" in issue ? "/idempotencyKey" : `/${issue.parameter}`;
  return { pointer, detail: issue.detail };
}
