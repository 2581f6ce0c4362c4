/**
 * The thread that starts the others. Starting one blocks the caller for tens of milliseconds, which
 * the event loop of the engine cannot afford each time that code ends its thread. It runs from its
 * text, so that no permission is needed to read the file.
 */

const { setPriority } = require("node:os");
const { parentPort, SHARE_ENV, Worker } = require("node:worker_threads");

/** On a busy processor, the engine, which serves all jobs, gets three times as much time. */
const NICE = 5;

const threads = new Map();

/**
 * Lowers the priority of job code below that of the engine. On Linux this affects only the calling
 * thread and the threads that it starts; elsewhere it would affect the whole process.
 */
function lowerPriority() {
  if (Deno.build.os !== "linux") return;
  // Checked first, since without the permission a terminal would show a prompt.
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "setPriority" });
  if (state === "granted") setPriority(0, NICE);
}

function make({ id, source, module, memoryMb, port, resourceLimits, begun }) {
  const thread = new Worker(source, {
    eval: true,
    env: SHARE_ENV,
    workerData: { module, memoryMb, port },
    transferList: [port],
    resourceLimits,
  });
  Atomics.store(begun, 0, 1);
  Atomics.notify(begun, 0);
  threads.set(id, thread);
  thread.on("error", ({ message }) => parentPort.postMessage({ kind: "error", id, message }));
  thread.on("exit", (code) => {
    threads.delete(id);
    parentPort.postMessage({ kind: "exit", id, code });
  });
}

lowerPriority();
parentPort.on("message", (order) => {
  if (order.kind === "make") make(order);
  else void threads.get(order.id)?.terminate();
});
