/** BullMQ with Redis, "fsync always": what Daybook's jobs are measured beside. */

import { perSecond, quantile } from "../figures.ts";
import { temporaryFolder } from "../folder.ts";
import { haveProgram, threadCpuUs } from "../system.ts";
import { type Redis, startRedis } from "./redis.ts";

const SCRIPT = new URL("./bullmq.mjs", import.meta.url);
const PACKAGES = ["bullmq@6", "ioredis@5"];

export interface Throughput {
  readonly jobsPerSecond: number;
  /** Of the main threads of Node and of Redis together. */
  readonly cpuUsPerJob: number;
}

export class BullMq implements AsyncDisposable {
  readonly #redis: Redis;
  readonly #folder: string;
  readonly #node: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #loadedMs = 0;

  private constructor(redis: Redis, folder: string) {
    this.#redis = redis;
    this.#folder = folder;
    this.#node = new Deno.Command("node", {
      args: [`${folder}/bullmq.mjs`, `${redis.port}`],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#node.stdin.getWriter();
    this.#lines = linesOf(this.#node.stdout);
  }

  /** Or, in words, why there is none; installs by name what is missing. */
  static async start(): Promise<BullMq | string> {
    if (!await haveProgram("redis-server")) {
      return "there is no redis-server, and no way to install it";
    }
    if (!await haveProgram("npm")) return "there is no npm, and no way to install it";
    const folder = await temporaryFolder();
    const installed = await new Deno.Command("npm", {
      args: ["install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", ...PACKAGES],
      cwd: folder,
      stdout: "null",
    }).output();
    if (!installed.success) return "npm could not install bullmq";
    await Deno.copyFile(SCRIPT, `${folder}/bullmq.mjs`);
    return new BullMq(await startRedis(), folder);
  }

  /** How long its process has run jobs with 64 in flight: so warm is its code. */
  get loadedSeconds(): number {
    return this.#loadedMs / 1_000;
  }

  /** Three-step jobs with 64 in flight. */
  async load(seconds: number): Promise<Throughput> {
    const started = performance.now();
    await this.#say({ name: "load", seconds });
    await this.#hear();
    const before = this.#cpuUs();
    const { completed, elapsedMs } = await this.#hear() as Record<string, number>;
    if (completed === undefined || elapsedMs === undefined) throw new Error("no figures");
    this.#loadedMs += performance.now() - started;
    return {
      jobsPerSecond: perSecond(completed, elapsedMs),
      cpuUsPerJob: (this.#cpuUs() - before) / completed,
    };
  }

  /** Milliseconds of a three-step job, one in flight, p50. */
  async latency(seconds: number): Promise<number> {
    await this.#say({ name: "latency", seconds });
    const { latencies } = await this.#hear() as { readonly latencies: readonly number[] };
    return quantile(latencies, 0.5);
  }

  #cpuUs(): number {
    return threadCpuUs(this.#node.pid) + threadCpuUs(this.#redis.pid);
  }

  async #say(command: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  async #hear(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("BullMQ's process has ended");
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#node.kill("SIGKILL");
    await this.#node.status;
    await this.#redis[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
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
