/** Tracks which run or attempt the running code belongs to, across awaits. */

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

/** A call of a job's `run`. */
interface RunOf {
  readonly runOf: string;
}

const code = new AsyncLocalStorage<AttemptOf | RunOf>();

/** `undefined` when the calling code belongs to no attempt. */
export function attemptHere(): AttemptOf | undefined {
  const here = code.getStore();
  return here === undefined || "runOf" in here ? undefined : here;
}

/** The job whose `run`, outside its tasks, is the calling code. */
export function runHere(): string | undefined {
  const here = code.getStore();
  return here !== undefined && "runOf" in here ? here.runOf : undefined;
}

/** Calls code as part of an attempt, including all asynchronous work that it starts. */
export function withinAttempt<Result>(attempt: AttemptOf, work: () => Result): Result {
  return code.run(attempt, work);
}

/** Calls the `run` of a job as part of no attempt, even when code of an attempt calls this. */
export function withinRun<Result>(jobId: string, work: () => Result): Result {
  return code.run({ runOf: jobId }, work);
}

/** Calls code as part of no attempt, even when code of an attempt calls this. */
export function outsideAttempts<Result>(work: () => Result): Result {
  return code.getStore() === undefined ? work() : code.exit(work);
}
