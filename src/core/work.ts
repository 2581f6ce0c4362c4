/** Long computations as generators, so that the caller may pause between steps, or not. */

/** Each `yield` is a place to pause; the result is the return value. */
export type Work<Result> = Generator<undefined, Result>;

/** Runs it to the end without a pause. */
export function runToEnd<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
