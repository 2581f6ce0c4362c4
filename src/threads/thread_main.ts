/**
 * The program of a thread: loads a module of definitions and runs the code of one job at a time.
 */

import process from "node:process";
import { type MessagePort, workerData } from "node:worker_threads";
import type { AnyJobDefinition } from "../engine/definition.ts";
import {
  type AttemptMessage,
  EXHAUSTED,
  type FromThread,
  outOfMemory,
  thrownData,
  type ToThread,
} from "./protocol.ts";
import { attemptHere } from "../engine/async_context.ts";
import { endOnlyThisThread, takePrinted } from "./globals.ts";
import { ThreadedJob } from "./threaded_job.ts";
import { BufferGuard } from "./memory_guard.ts";
import { keepBuiltIns, surviveUncaught } from "../server/user_code.ts";
import { TurnGuard } from "./turn_guard.ts";

interface ThreadData {
  readonly module: string;
  readonly memoryMb: number;
  readonly port: MessagePort;
}

const BYTES_PER_MB = 1_048_576;

/** How long code that the module left behind may run without yielding before the first job. */
const MODULE_TURN_MS = 60_000;

const { module, memoryMb, port } = workerData as ThreadData;
// Taken before code can replace them, or shared memory is limited.
const { exit } = Deno;
const never = new Int32Array(new SharedArrayBuffer(4));
const post = (message: FromThread) => port.postMessage(message);

let job: ThreadedJob | undefined;
const buffers = new BufferGuard(memoryMb * BYTES_PER_MB, () => outOfMemory(memoryMb));
/** The time limit of the code that is about to be called. */
function limitMs(begins?: AttemptMessage): number {
  return job?.limitMs(begins) ?? MODULE_TURN_MS;
}

const guard = new TurnGuard({
  limitMs,
  cutOff: (afterMs) => post({ kind: "stuck", call: job?.call ?? 0, afterMs }),
  wentOn: () => void (buffers.isExceeded() && giveUp()),
});

/**
 * Ends the thread at once: its code may never yield. In Deno 2.9 an exit has no effect once the
 * engine has terminated the thread, which itself stops no running code
 * (https://github.com/denoland/deno/pull/35657). So the engine learns why only from the exit, and
 * code that runs on after a termination is blocked here until its time limit: it would fill the
 * memory of the process.
 */
function giveUp(): void {
  exit(EXHAUSTED);
  if (guard.isInside) Atomics.wait(never, 0, 0);
}

/** What the module exports, alone or in lists. */
async function loadDefinitions(): Promise<readonly AnyJobDefinition[]> {
  const exported: Record<string, unknown> = await import(module);
  return Object.values(exported).flat() as AnyJobDefinition[];
}

function findDefinition(
  definitions: readonly AnyJobDefinition[],
  { type, version }: Pick<AnyJobDefinition, "type" | "version">,
): AnyJobDefinition | undefined {
  return definitions.find((other) => other?.type === type && other.version === version);
}

function begin(definitions: readonly AnyJobDefinition[]): void {
  const take = (message: ToThread) => {
    const { call } = message;
    const begins = message.kind === "attempt" ? message : undefined;
    // Before the limit is asked for, since the limit is that of this job.
    if (message.kind === "run") job = new ThreadedJob(message, (said) => post({ call, ...said }));
    guard.enter(() => {
      if (message.kind === "run") job?.begin(findDefinition(definitions, message));
      else job?.receive(message);
    }, limitMs(begins));
    post({ kind: "rested", call });
  };
  // Deferred: a queued message would otherwise be handled in the turn of the previous one, and
  // share its time limit.
  port.on("message", (message: ToThread) => process.nextTick(take, message));
  guard.begin();
  post({ kind: "ready" });
}

endOnlyThisThread();
keepBuiltIns();
buffers.begin();
takePrinted((text) => {
  job?.printed(text, attemptHere()?.taskId);
  return job !== undefined;
});
surviveUncaught(
  (message) => console.error(`daybook: ${message}`),
  (kind, thrown) => job?.uncaught(kind, thrown),
);
loadDefinitions().then(begin).catch((error) => post({ kind: "broken", thrown: thrownData(error) }));
