/** Which attempt the code that runs now belongs to, also after it has awaited something. */

import { AsyncLocalStorage } from "node:async_hooks";

/** An attempt of a task, or of its undoing, as its code is told of. */
export interface AttemptOf {
  readonly jobId: string;
  readonly taskId: string;
  /** 1 for the first. */
  readonly number: number;
  /** Its code threw where nobody catches it: it fails, unless it has ended. */
  uncaught(thrown: unknown): void;
}

const attempts = new AsyncLocalStorage<AttemptOf>();

/** `undefined` when the code that asks is of no attempt. */
export function attemptHere(): AttemptOf | undefined {
  return attempts.getStore();
}

/** Calls what belongs to an attempt, with all that follows from it. */
export function withinAttempt<Result>(attempt: AttemptOf, work: () => Result): Result {
  return attempts.run(attempt, work);
}

/** Calls what belongs to no attempt, although one may have led to it. */
export function outsideAttempts<Result>(work: () => Result): Result {
  return attempts.getStore() === undefined ? work() : attempts.exit(work);
}
