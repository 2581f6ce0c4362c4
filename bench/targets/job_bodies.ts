/** The submitted jobs, and the flags of the servers. */

const INPUT = { payload: "x".repeat(100) };

/** Three durable tasks that do nothing. */
export const THREE_TASKS = JSON.stringify({ type: "bench.three", input: INPUT });

/**
 * Answered when the job is done, so that each connection has one job in flight; with its state
 * alone, because BullMQ's worker reports no more.
 */
export const UNTIL_DONE = "wait=60, return=minimal";

/** Not started: one entry, which is on disk before the answer. */
export const HELD_JOB = JSON.stringify({ type: "bench.three", input: INPUT, start: false });

/** The concurrency of BullMQ's worker. */
export const PLACES = ["--max-running", "64"];

/** For many jobs that only wait: the cost of a snapshot of them is not measured here. */
export const WITHOUT_SNAPSHOTS = ["--snapshot-every", "1000000000"];
