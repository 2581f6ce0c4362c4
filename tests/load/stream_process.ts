/** A process of `stream_server.ts`, and its memory. */

import assert from "node:assert/strict";
import { residentMebibytes } from "./memory_use.ts";
import { ROOT } from "../support/process/task_process.ts";

/** So that uncollected garbage does not count for much. */
const HEAP = "--v8-flags=--max-old-space-size=128";

export interface StreamProcess {
  readonly port: number;
  readonly pid: number;
  /** Delivers one event, and waits until it is durable. */
  post(eventType: string, attributes: object): Promise<void>;
  stop(): Promise<void>;
}

export async function startStreamProcess(
  kind: string,
  folder: string,
  stallMs: number,
): Promise<StreamProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", `--config=${ROOT}deno.json`, "--no-check", "-A", HEAP],
      ...[`${ROOT}tests/load/stream_server.ts`, kind, `${folder}/journal`, `${stallMs}`],
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const port = Number(new TextDecoder().decode(value));
  return {
    port,
    pid: child.pid,
    post: (eventType, attributes) => post(port, eventType, attributes),
    async stop() {
      child.kill("SIGKILL");
      await child.status;
      await child.stdout.cancel();
    },
  };
}

async function post(port: number, eventType: string, attributes: object): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ eventType, attributes }),
  });
  await response.body?.cancel();
  assert.equal(response.status, 200);
}

/** The peak memory of a process during an action and for a while after it. */
export async function withMostMemory<Value>(
  pid: number,
  afterMs: number,
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly resident: number }> {
  let resident = 0;
  let isOver = false;
  const watch = async () => {
    for (let end = Infinity; performance.now() < end;) {
      resident = Math.max(resident, await residentMebibytes(pid));
      if (isOver && end === Infinity) end = performance.now() + afterMs;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const watching = watch();
  const value = await work().finally(() => isOver = true);
  await watching;
  return { value, resident };
}
