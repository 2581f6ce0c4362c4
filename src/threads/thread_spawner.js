/**
 * The thread that creates the others. Creating a thread blocks the caller for tens of milliseconds,
 * which the engine's event loop cannot afford each time that code ends its thread. It is evaluated
 * from text, so that no permission to read it is needed.
 */

const { setPriority } = require("node:os");
const { parentPort, Worker } = require("node:worker_threads");

/** On a busy processor, the engine, which serves all jobs, gets three times as much time. */
const NICE = 5;

const threads = new Map();

/**
 * Gives the code of jobs a lower priority than the engine. On Linux this applies only to the
 * calling thread and to the threads that it creates; elsewhere it would apply to the whole process.
 */
function giveWay() {
  if (Deno.build.os !== "linux") return;
  // Queried first, since Deno would prompt for the permission in a terminal.
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "setPriority" });
  if (state === "granted") setPriority(0, NICE);
}

function make({ id, source, module, memoryMb, port, resourceLimits }) {
  const thread = new Worker(source, {
    eval: true,
    workerData: { module, memoryMb, port },
    transferList: [port],
    resourceLimits,
  });
  threads.set(id, thread);
  thread.on("error", ({ message }) => parentPort.postMessage({ kind: "error", id, message }));
  thread.on("exit", (code) => {
    threads.delete(id);
    parentPort.postMessage({ kind: "exit", id, code });
  });
}

giveWay();
parentPort.on("message", (order) => {
  if (order.kind === "make") make(order);
  else void threads.get(order.id)?.terminate();
});
