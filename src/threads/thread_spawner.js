/**
 * The thread that makes the others. To make one holds up whoever does it, for tens of milliseconds,
 * which the event loop of the engine cannot afford each time that code has ended its thread. It is
 * run as a text, so that no permission is needed to read it.
 */

const { parentPort, Worker } = require("node:worker_threads");

const threads = new Map();

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

parentPort.on("message", (order) => {
  if (order.kind === "make") make(order);
  else void threads.get(order.id)?.terminate();
});
