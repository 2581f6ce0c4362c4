/** Which attempt the running code belongs to, even after it has awaited something. */

import { AsyncLocalStorage } from "node:async_hooks";

/** An attempt of a task or compensation, as its code sees it. */
export interface AttemptOf {
  readonly jobId: string;
  readonly taskId: string;
  /** 1 for the first. */
  readonly number: number;
  /** Its code threw outside of any call: the attempt fails, unless it has ended. */
  uncaught(thrown: unknown): void;
}

const attempts = new AsyncLocalStorage<AttemptOf>();

/** `undefined` when the calling code belongs to no attempt. */
export function attemptHere(): AttemptOf | undefined {
  return attempts.getStore();
}

/** Calls code of an attempt, with everything that follows from it. */
export function withinAttempt<Result>(attempt: AttemptOf, work: () => Result): Result {
  return attempts.run(attempt, work);
}

/** Calls code that belongs to no attempt, even if one led to it. */
export function outsideAttempts<Result>(work: () => Result): Result {
  return attempts.getStore() === undefined ? work() : attempts.exit(work);
}
