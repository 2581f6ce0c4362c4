/** A Redis server of one's own that syncs every write before it answers. */

import { temporaryFolder } from "../folder.ts";
import { pause } from "../system.ts";

export interface Redis extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export async function startRedis(): Promise<Redis> {
  const folder = await temporaryFolder();
  const port = freePort();
  const child = new Deno.Command("redis-server", {
    args: [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ],
    stdout: "null",
  }).spawn();
  await reachable(port);
  return {
    port,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const ATTEMPTS = 100;
const BETWEEN_MS = 50;

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await pause(BETWEEN_MS);
    }
  }
  throw new Error("Cannot reach the Redis that was started");
}
