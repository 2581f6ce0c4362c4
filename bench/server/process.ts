/** A process that serves on 127.0.0.1, and is ended and cleaned up afterwards. */

import { endProcess } from "../system.ts";

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;

  /** Resolves when it has ended; SIGTERM stops it in order. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

export const ROOT = new URL("../../", import.meta.url).pathname;
const LISTENING = /http:\/\/127\.0\.0\.1:(\d+)/;

/**
 * Starts a process and waits until it prints its address.
 *
 * @param clear Called when the process has ended.
 * @param env Environment variables in addition to those of this process.
 */
export async function serverProcess(
  args: readonly string[],
  clear: () => Promise<void> = () => Promise.resolve(),
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const port = await portOf(child.stdout);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid,
    end: (signal) => endProcess(child, signal),
    async [Symbol.asyncDispose]() {
      // Its journal is deleted, so an orderly stop is not needed.
      await endProcess(child, "SIGKILL");
      await clear();
    },
  };
}

async function portOf(output: ReadableStream<Uint8Array>): Promise<number> {
  const [first, rest] = output.tee();
  void rest.pipeTo(new WritableStream());
  let text = "";
  for await (const part of first.pipeThrough(new TextDecoderStream())) {
    text += part;
    const port = LISTENING.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`Cannot start a server: it said ${text}`);
}
