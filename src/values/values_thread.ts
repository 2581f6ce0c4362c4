/** The entry point of the index's thread. */

import { setImmediate } from "node:timers";
import { workerData } from "node:worker_threads";
import { errorMessage } from "../core/thrown.ts";
import { checkpoint } from "../index/checkpoint.ts";
import { Filing, isPassing } from "./filing.ts";
import type { FilingSeed, FromFiling, ToFiling } from "./protocol.ts";
import { isWholeSegment } from "./segment_file.ts";

/** Runs the index in this thread from now on. */
export function keepValues(): void {
  const { port, ...place } = workerData as FilingSeed;
  const say = (message: FromFiling, transfer: ArrayBuffer[] = []) =>
    port.postMessage(message, transfer);
  let filing: Filing | undefined;
  let trouble = "";
  /** Opens the index; `undefined` while there is no room for its files, or no file descriptor. */
  const opened = () => {
    try {
      filing ??= new Filing({
        ...place,
        answer: (answer) => say(answer, [answer.counts.buffer, answer.positions.buffer]),
        warn: (message) => say({ kind: "warning", message }),
        monotonic: () => performance.now(),
      });
    } catch (error) {
      const message = `Cannot open the index of values: ${errorMessage(error)}`;
      if (message !== trouble && !isPassing(error)) say({ kind: "warning", message });
      trouble = message;
    }
    return filing;
  };
  let isWorking = false;
  let hasStopped = false;
  const work = async () => {
    if (isWorking) return;
    isWorking = true;
    while (!hasStopped && filing?.turn() === true) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    isWorking = false;
  };
  port.on("message", (message: ToFiling) => {
    if (message.kind === "stop") {
      hasStopped = true;
      filing?.stop();
      return say({ kind: "stopped" });
    }
    if (message.kind === "checkpoint") return copyLog(message.path);
    if (message.kind === "prove") return prove(message, say);
    if (message.kind === "find") opened()?.find(message);
    else opened()?.durable(message.logId);
    void work();
  });
}

function copyLog(path: string): void {
  try {
    checkpoint(path);
  } catch {
    // The next request tries again. Whoever reads the index reports what is wrong with it.
  }
}

function prove(
  { id, path, segment }: Extract<ToFiling, { kind: "prove" }>,
  say: (message: FromFiling) => void,
): void {
  void isWholeSegment(path, segment).then((isWhole) => say({ kind: "proven", id, isWhole }));
}
