// Shared by the scripts of the client libraries: a Node process with producer and worker. It reads
// commands and writes answers, one JSON line each.

import { createInterface } from "node:readline";

const IN_FLIGHT = 64;
/** About as long as V8 takes until it has optimized the code of a job. */
const WARM_UP_MS = 5_000;
/** Of the measurements that follow. */
const RESUMING_MS = 1_500;

export const CONCURRENCY = IN_FLIGHT;
export const PAYLOAD = "x".repeat(100);

/**
 * Runs commands until its input ends.
 *
 * @param open Gives `submit()`, which adds a job of three steps, and `close()`. It gets
 *   `onDone`, to be called for each job whose end is stored, whether the jobs come one at a
 *   time: then it is called when a client could know; and whether anybody works at all.
 */
export async function drive(open) {
  const commands = { load: loadOf(open), latency: latencyOf(open), submit: submissionsOf(open) };
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    say(await commands[command.name](command));
  }
}

/** Jobs done with 64 in flight: each that ends makes room for the next. */
function loadOf(open) {
  return async ({ seconds }) => {
    let completed = 0;
    let isOver = false;
    const peer = await open({
      onDone() {
        completed++;
        if (!isOver) void peer.submit();
      },
      isAlone: false,
      isWorking: true,
    });
    for (let job = 0; job < IN_FLIGHT; job++) void peer.submit();
    await pause(WARM_UP_MS);
    say({ begun: true });
    const [before, started] = [completed, performance.now()];
    await pause(seconds * 1_000);
    const result = { completed: completed - before, elapsedMs: performance.now() - started };
    say(result);
    isOver = true;
    await peer.close();
    return { inAll: completed };
  };
}

/** The milliseconds that jobs take, one at a time. */
function latencyOf(open) {
  return async ({ seconds }) => {
    let done;
    const peer = await open({ onDone: () => done(), isAlone: true, isWorking: true });
    const latencies = [];
    const begin = performance.now() + RESUMING_MS;
    const end = begin + seconds * 1_000;
    for (let now = performance.now(); now < end;) {
      await new Promise((resolve) => {
        done = resolve;
        void peer.submit();
      });
      const then = now;
      now = performance.now();
      if (then >= begin) latencies.push(now - then);
    }
    await peer.close();
    return { latencies };
  };
}

/** Jobs submitted with 64 in flight, without a worker. */
function submissionsOf(open) {
  return async ({ seconds }) => {
    const peer = await open({ onDone() {}, isAlone: false, isWorking: false });
    let submitted = 0;
    let isOver = false;
    const submitters = Array.from({ length: IN_FLIGHT }, async () => {
      for (; !isOver; submitted++) await peer.submit();
    });
    await pause(RESUMING_MS);
    const [before, started] = [submitted, performance.now()];
    await pause(seconds * 1_000);
    const result = { submitted: submitted - before, elapsedMs: performance.now() - started };
    isOver = true;
    await Promise.all(submitters);
    await peer.close();
    return result;
  };
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
