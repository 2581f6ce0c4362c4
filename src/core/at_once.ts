/** Work that yields now and then, so that whoever does it may pause; and doing it without. */

/** Each `yield` is a place to pause at; the result comes in the end. */
export type Work<Result> = Generator<undefined, Result>;

/** Does all of it, without a pause. */
export function atOnce<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
