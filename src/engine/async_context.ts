/**
 * Async context (`AsyncLocalStorage`), such as the tenant of a request, or the attempt that code
 * belongs to. It follows everything that code begins, and so would reach the `run` of other jobs,
 * and all that a batch or a timer serves.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { UncaughtKind } from "../core/framework_events.ts";
import type { JobId, TaskId } from "../core/ids.ts";

/**
 * Calls code in no async context, now and after each `await`. Without one, the code also runs
 * faster: with a context of its own for each `run`, a job took a tenth longer.
 */
export const inNoContext = AsyncLocalStorage.snapshot();

const waiting: (() => void)[] = [];
let wake = () => {};

/**
 * Calls code in no async context, in a later microtask. It must not throw. The loop that calls it
 * has no context, and needs none to be entered: that takes Deno an entry in a `WeakMap` each time.
 */
export function soonInNoContext(work: () => void): void {
  waiting.push(work);
  wake();
}

async function callWaiting(): Promise<never> {
  for (;;) {
    if (waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
    for (const work of waiting.splice(0)) work();
  }
}

void callWaiting();

/** An attempt of a task or compensation, as seen by its code. */
export interface AttemptOf {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  /** The number of the attempt, from 1. */
  readonly number: number;
  /** The text without the secrets of its job, as far as they are known here. */
  redact(text: string): string;
  /**
   * No code caught an error that its code threw. In a callback it fails the attempt, which may wait
   * for that callback. If the attempt has ended, and in other cases, it is a fact of its own.
   */
  uncaught(kind: UncaughtKind, thrown: unknown): void;
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
