// BullMQ under the same load, in a process of Node's: producer and worker together, which
// is fastest on two cores beside Redis. Takes commands, one JSON line each, and answers so.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";

// Asked for by name, so that `deno check` does not look for a package that only Node has here.
const { Queue, QueueEvents, Worker } = createRequire(import.meta.url)("bullmq");

const IN_FLIGHT = 64;
const WARM_UP_MS = 1_500;
const PAYLOAD = "x".repeat(100);
const STEPS = ["one", "two", "three"];
const connection = { host: "127.0.0.1", port: Number(process.argv[2]) };

/**
 * Three durable steps in one job, as BullMQ's guide has it ("process step jobs"): each step's
 * result is stored with `updateData` before the next begins. A chain of three jobs, the other
 * way, was three times slower here, so this is the one that is fair.
 */
async function runSteps(job) {
  let done = job.data.done ?? [];
  for (const [index] of STEPS.slice(done.length).entries()) {
    done = [...done, index + 1];
    await job.updateData({ ...job.data, done });
  }
  return "done";
}

/** A queue of its own for each measurement. */
async function withQueue(measure) {
  const name = `bench-${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection });
  const worker = new Worker(name, runSteps, { connection, concurrency: IN_FLIGHT });
  await worker.waitUntilReady();
  const add = () => queue.add("three", { payload: PAYLOAD });
  try {
    return await measure(add, worker, name);
  } finally {
    await worker.close();
    await queue.close();
  }
}

const COMMANDS = {
  /** Jobs done while 64 are in flight: each that ends makes room for the next. */
  load: ({ seconds }) =>
    withQueue(async (add, worker) => {
      let completed = 0;
      let isOver = false;
      worker.on("completed", () => {
        completed++;
        if (!isOver) void add();
      });
      for (let job = 0; job < IN_FLIGHT; job++) void add();
      await pause(WARM_UP_MS);
      say({ begun: true });
      const [before, started] = [completed, performance.now()];
      await pause(seconds * 1_000);
      const result = { completed: completed - before, elapsedMs: performance.now() - started };
      isOver = true;
      return result;
    }),

  /** How long jobs take, in milliseconds, one at a time. */
  latency: ({ seconds }) =>
    withQueue(async (add, _worker, name) => {
      const events = new QueueEvents(name, { connection });
      await events.waitUntilReady();
      const latencies = [];
      const begin = performance.now() + WARM_UP_MS;
      const end = begin + seconds * 1_000;
      for (let now = performance.now(); now < end;) {
        await (await add()).waitUntilFinished(events);
        const then = now;
        now = performance.now();
        if (then >= begin) latencies.push(now - then);
      }
      await events.close();
      return { latencies };
    }),
};

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  say(await COMMANDS[command.name](command));
}
