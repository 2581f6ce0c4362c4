// BullMQ: producer and worker in one process, which is fastest on two cores shared with Redis.

import { createRequire } from "node:module";
import { CONCURRENCY, drive, PAYLOAD } from "./driver.mjs";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const { Queue, QueueEvents, Worker } = createRequire(import.meta.url)("bullmq");

const STEPS = ["one", "two", "three"];
const connection = { host: "127.0.0.1", port: Number(process.argv[2]) };

/**
 * Three durable steps in one job, as in BullMQ's guide ("process step jobs"): each step's result is
 * stored with `updateData` before the next begins. The alternative, a chain of three jobs, was
 * three times slower here, so this is the fair comparison.
 */
async function runSteps(job) {
  let done = job.data.done ?? [];
  for (const [index] of STEPS.slice(done.length).entries()) {
    done = [...done, index + 1];
    await job.updateData({ ...job.data, done });
  }
  return "done";
}

/** Uses a separate queue for each measurement. */
async function open({ onDone, isAlone, isWorking }) {
  const name = `bench-${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection });
  if (!isWorking) return { submit: () => add(queue), close: () => queue.close() };
  const worker = new Worker(name, runSteps, { connection, concurrency: CONCURRENCY });
  const events = isAlone ? new QueueEvents(name, { connection }) : undefined;
  (events ?? worker).on("completed", onDone);
  await Promise.all([worker.waitUntilReady(), events?.waitUntilReady()]);
  return {
    submit: () => add(queue),
    async close() {
      await worker.close();
      await events?.close();
      await queue.close();
    },
  };
}

function add(queue) {
  return queue.add("three", { payload: PAYLOAD });
}

await drive(open);
