/**
 * The thread that makes the others. Making one blocks the maker for tens of milliseconds,
 * which the event loop of the engine cannot afford each time that code has ended its thread. It is
 * run as a text, so that no permission is needed to read it.
 */

const { setPriority } = require("node:os");
const { parentPort, Worker } = require("node:worker_threads");

/** The engine, which serves all jobs, gets three times as much of a busy processor. */
const NICE = 5;

const threads = new Map();

/**
 * Code of jobs gives way to the engine. On Linux this concerns the calling thread alone, and the
 * threads that it makes inherit it; elsewhere it would concern the whole process.
 */
function giveWay() {
  if (Deno.build.os !== "linux") return;
  // Asked first, since a terminal would be prompted for it.
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
