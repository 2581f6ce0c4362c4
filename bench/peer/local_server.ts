/** A server that a peer needs, on a free port, with a temporary folder. */

import { temporaryFolder } from "../folder.ts";
import { endProcess, pause } from "../system.ts";

export interface LocalServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export interface LocalProgram {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The user to run it as, instead of the current one. */
  readonly uid?: number;
  /** The signal that ends it and its children at once; SIGKILL by default. */
  readonly endedBy?: Deno.Signal;
}

/**
 * Starts a server and waits until it accepts connections.
 *
 * @param programOf Returns what to start, given a folder and a port; it may prepare the folder.
 */
export async function startLocal(
  programOf: (folder: string, port: number) => LocalProgram | Promise<LocalProgram>,
): Promise<LocalServer> {
  const folder = await temporaryFolder();
  const port = freePort();
  const { program, args, env = {}, uid, endedBy = "SIGKILL" } = await programOf(folder, port);
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: folder,
    env: { ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
    stdout: "null",
    stderr: "null",
  }).spawn();
  const server = {
    port,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      await endProcess(child, endedBy);
      await Deno.remove(folder, { recursive: true });
    },
  };
  try {
    await reachable(port, program);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const ATTEMPTS = 400;
const BETWEEN_MS = 50;

async function reachable(port: number, program: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await pause(BETWEEN_MS);
    }
  }
  throw new Error(`Cannot reach ${program}, which was started`);
}
