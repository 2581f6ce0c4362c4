/** The jobs that are submitted, and how. */

const INPUT = { payload: "x".repeat(100) };

/** Three durable tasks that do nothing. */
export const THREE_TASKS = JSON.stringify({ type: "bench.three", input: INPUT });

/** Answered when the job is done, so that each connection has one job in flight. */
export const UNTIL_DONE = "wait=60";

/** The same, not started: one entry, which is on disk when it is answered. */
export const HELD_JOB = JSON.stringify({ type: "bench.three", input: INPUT, start: false });
