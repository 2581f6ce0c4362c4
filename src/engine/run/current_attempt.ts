/** Tracks which attempt the running code belongs to, across awaits. */

import { AsyncLocalStorage } from "node:async_hooks";

/** An attempt of a task or compensation, as seen by its code. */
export interface AttemptOf {
  readonly jobId: string;
  readonly taskId: string;
  /** The number of the attempt, from 1. */
  readonly number: number;
  /** An error in its code was uncaught: the attempt fails, unless it has ended. */
  uncaught(thrown: unknown): void;
}

const attempts = new AsyncLocalStorage<AttemptOf>();

/** `undefined` when the calling code belongs to no attempt. */
export function attemptHere(): AttemptOf | undefined {
  return attempts.getStore();
}

/** Calls code as part of an attempt, including all asynchronous work that it starts. */
export function withinAttempt<Result>(attempt: AttemptOf, work: () => Result): Result {
  return attempts.run(attempt, work);
}
