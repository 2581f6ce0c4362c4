/** The jobs that are submitted, how, and the flags of the servers that take them. */

const INPUT = { payload: "x".repeat(100) };

/** Three durable tasks that do nothing. */
export const THREE_TASKS = JSON.stringify({ type: "bench.three", input: INPUT });

/**
 * Answered when the job is done, so that each connection has one job in flight; with its state
 * alone, since BullMQ's worker tells no more.
 */
export const UNTIL_DONE = "wait=60, return=minimal";

/** Not started: one entry, which is on disk when it is answered. */
export const HELD_JOB = JSON.stringify({ type: "bench.three", input: INPUT, start: false });

/** As many places as BullMQ's worker is given. */
export const PLACES = ["--max-running", "64"];

/** For many jobs that only wait: what a snapshot of them all costs is another question. */
export const WITHOUT_SNAPSHOTS = ["--snapshot-every", "1000000000"];
