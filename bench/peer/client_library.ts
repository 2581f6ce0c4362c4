/**
 * A system used through a library that talks to a database. Its script has producer and worker in
 * one Node process, which `driver.mjs` controls.
 */

import { perSecond, quantile } from "../figures.ts";
import { endProcess } from "../system.ts";
import type { LocalServer } from "./local_server.ts";
import { Packages } from "./packages.ts";
import type { Installation, Peer, Throughput } from "./peer.ts";

export interface ClientLibrary {
  readonly packages: readonly string[];
  /** The script, in this folder; it gets the port of the server, and the mode. */
  readonly script: string;
  /** The way to work, if the script has several. */
  readonly mode?: string;
  startServer(): Promise<LocalServer>;
}

/** Returns the reason as text if it cannot be installed. */
export async function installLibrary(
  { packages: names, script, mode, startServer }: ClientLibrary,
): Promise<Installation<LibraryPeer> | string> {
  const packages = await Packages.install(names);
  if (typeof packages === "string") return packages;
  await packages.add(...["driver.mjs", script].map((name) => new URL(name, import.meta.url)));
  return {
    start: async () => new LibraryPeer(await startServer(), packages, [script, mode]),
    [Symbol.asyncDispose]: () => packages[Symbol.asyncDispose](),
  };
}

export class LibraryPeer implements Peer {
  jobs = 0;
  readonly #node: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #loadedMs = 0;

  constructor(
    private readonly server: LocalServer,
    { node, folder }: Packages,
    [script, mode = ""]: readonly [string, string | undefined],
  ) {
    this.#node = new Deno.Command(node, {
      args: [`${folder}/${script}`, `${server.port}`, mode],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#node.stdin.getWriter();
    this.#lines = linesOf(this.#node.stdout);
  }

  get pids(): readonly number[] {
    return [this.#node.pid, this.server.pid];
  }

  /** How long its process has run jobs with 64 in flight, which warms up its code. */
  get loadedSeconds(): number {
    return this.#loadedMs / 1_000;
  }

  async load(seconds: number, cpuUs: (pids: readonly number[]) => number): Promise<Throughput> {
    const started = performance.now();
    await this.#say({ name: "load", seconds });
    await this.#hear();
    const before = cpuUs(this.pids);
    const { completed = NaN, elapsedMs = NaN } = await this.#hear() as Record<string, number>;
    const after = cpuUs(this.pids);
    const { inAll = 0 } = await this.#hear() as Record<string, number>;
    this.jobs += inAll;
    this.#loadedMs += performance.now() - started;
    return {
      jobsPerSecond: perSecond(completed, elapsedMs),
      cpuUsPerJob: (after - before) / completed,
    };
  }

  async latency(seconds: number): Promise<number> {
    await this.#say({ name: "latency", seconds });
    const { latencies } = await this.#hear() as { readonly latencies: readonly number[] };
    this.jobs += latencies.length;
    return quantile(latencies, 0.5);
  }

  async submissions(seconds: number): Promise<number> {
    await this.#say({ name: "submit", seconds });
    const { submitted = NaN, elapsedMs = NaN } = await this.#hear() as Record<string, number>;
    return perSecond(submitted, elapsedMs);
  }

  async #say(command: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  async #hear(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("its process has ended");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endProcess(this.#node, "SIGKILL");
    await this.server[Symbol.asyncDispose]();
  }
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const part of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
