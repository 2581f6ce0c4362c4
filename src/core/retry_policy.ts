/** When a failed attempt is retried. */

import type { ErrorFact, FailureKind } from "./framework_events.ts";

/** How often a failed attempt is retried, and after what delays. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** Delay before the second attempt, in milliseconds. */
  readonly initialMs: number;
  /** The factor from each delay to the next. */
  readonly factor: number;
  /** The longest delay in milliseconds, at most a year; `RetryLater` may choose a longer one. */
  readonly maxMs: number;
  /** The share of a delay, from 0 to 1, by which it is shifted randomly in either direction. */
  readonly jitter: number;
}

/** The policy of a task that specifies none. */
export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 3,
  initialMs: 1_000,
  factor: 2,
  maxMs: 60_000,
  jitter: 0.2,
};

const ATTEMPTS_MAX = 1_000_000;

/** The longest delay in milliseconds, whatever a policy or a task says: a year. */
export const DELAY_MAX_MS = 365 * 86_400_000;

/** What is wrong with a policy, or `undefined` when nothing is. */
export function retryPolicyFlaw(policy: RetryPolicy): string | undefined {
  const { maxAttempts, initialMs, factor, maxMs, jitter } = policy;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > ATTEMPTS_MAX) {
    return `maxAttempts must be a whole number from 1 to ${ATTEMPTS_MAX}: ${maxAttempts}`;
  }
  if (!(Number.isFinite(initialMs) && initialMs >= 0)) return `initialMs is ${initialMs}`;
  if (!(Number.isFinite(maxMs) && maxMs >= 0)) return `maxMs is ${maxMs}`;
  if (!(Number.isFinite(factor) && factor >= 1)) return `factor must be at least 1: ${factor}`;
  if (!(jitter >= 0 && jitter <= 1)) return `jitter must be from 0 to 1: ${jitter}`;
  return undefined;
}

/**
 * The delay after failed attempt number `failures` (1 for the first), in whole milliseconds:
 * exponential, bounded, with jitter.
 *
 * @param random From 0 up to 1, so that this stays a pure function.
 */
export function backoffMs(policy: RetryPolicy, failures: number, random: number): number {
  if (policy.initialMs === 0) return 0;
  const exponential = policy.initialMs * policy.factor ** (failures - 1);
  const maxMs = Math.min(policy.maxMs, DELAY_MAX_MS);
  const bounded = Math.min(exponential, maxMs);
  const jittered = Math.round(bounded * (1 + policy.jitter * (2 * random - 1)));
  return Math.max(0, Math.min(jittered, maxMs));
}

/** How an attempt failed. */
export type AttemptError =
  | {
    readonly kind: "failed";
    readonly error: ErrorFact;
    /** If its time limit ended it: how long it had run. */
    readonly timedOutMs?: number;
  }
  | { readonly kind: "nonRetryable"; readonly error: ErrorFact }
  | { readonly kind: "retryLater"; readonly error: ErrorFact; readonly delayMs: number };

type AttemptVerdict =
  | { readonly final: true; readonly kind: FailureKind }
  | { readonly final: false; readonly delayMs: number };

/**
 * Whether a failed attempt is retried, and after what delay.
 *
 * @param failures The failed attempts of this task, including this one.
 * @param random From 0 up to 1, for the jitter.
 */
export function judgeFailure(
  outcome: AttemptError,
  policy: RetryPolicy,
  failures: number,
  random: number,
): AttemptVerdict {
  if (outcome.kind === "nonRetryable") return { final: true, kind: "poison" };
  if (failures >= policy.maxAttempts) return { final: true, kind: "deadLetter" };
  return outcome.kind === "retryLater"
    ? { final: false, delayMs: outcome.delayMs }
    : { final: false, delayMs: backoffMs(policy, failures, random) };
}
