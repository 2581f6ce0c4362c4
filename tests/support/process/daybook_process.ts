/** The real process of `main.ts`, to be started, called and killed. */

import type { Limits } from "../../../src/server/parts.ts";
import { ROOT, taskCommand } from "./task_process.ts";
import { TextLineStream } from "../text_lines.ts";
import { until } from "../until.ts";

export interface ProcessOptions {
  readonly journal: string;
  readonly args?: readonly string[];
  /** A module of definitions, which may import from the source. */
  readonly definitions?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further permission flags; the defaults are those of `deno task start`. */
  readonly permissions?: readonly string[];
  /** Run instead of `main.ts`: a build with a defect that a test must catch. */
  readonly script?: string | undefined;
  /** Smaller limits; a `script` must import `limited_server.ts` itself. */
  readonly limits?: Partial<Limits>;
  /** A command prefix that changes the circumstances. */
  readonly within?: readonly string[];
}

const LIMITED_SERVER = new URL("limited_server.ts", import.meta.url).pathname;

function command(
  { journal, args = [], definitions, env = {}, permissions = [], script, limits, within = [] }:
    ProcessOptions,
) {
  const own = definitions === undefined ? [] : [`--definitions=${definitions}`];
  const reads = definitions === undefined ? [] : [`--allow-read=${definitions},${ROOT}src`];
  return taskCommand("start", ["--port=0", `--journal=${journal}`, ...own, ...args], {
    journal,
    permissions: [...reads, ...permissions],
    script: script ?? (limits && LIMITED_SERVER),
    within,
    env: {
      NO_COLOR: "1",
      ...(limits && { DAYBOOK_TEST_LIMITS: JSON.stringify(limits) }),
      ...env,
    },
  });
}

/** Runs to the end, for starts that are refused. */
export async function runToEnd(
  options: ProcessOptions,
): Promise<{ readonly code: number; readonly output: string }> {
  const { code, stdout, stderr } = await command(options).output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** Starts, and kills after a time, which may be before it listens. */
export async function startAndKill(options: ProcessOptions, afterMs: number): Promise<void> {
  const child = command(options).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  await child.output();
  clearTimeout(timer);
}

export class DaybookProcess {
  private constructor(
    readonly url: string,
    readonly output: readonly string[],
    private readonly child: Deno.ChildProcess,
    private readonly drained: Promise<unknown>,
  ) {}

  /**
   * Starts and waits until it listens.
   *
   * @throws {Error} with its output, when it ends before that.
   */
  static async start(options: ProcessOptions): Promise<DaybookProcess> {
    const child = command(options).spawn();
    const output: string[] = [];
    const { promise: listening, resolve } = Promise.withResolvers<string | undefined>();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const line of stream.pipeThrough(new TextLineStream())) {
        output.push(line);
        const url = /(?:^|"message":")listening on (http:[^\s"]+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      }
    };
    const drained = Promise.all([read(child.stdout), read(child.stderr)])
      .then(() => resolve(undefined));
    const url = await listening;
    if (url === undefined) {
      await child.status;
      throw new Error(`Cannot start Daybook:\n${output.join("\n")}`);
    }
    return new DaybookProcess(url, output, child, drained);
  }

  /** The same without output: the address comes from the lock of the journal. */
  static async startSilently(options: ProcessOptions): Promise<DaybookProcess> {
    const child = command(options).spawn();
    const drained = Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
    let url = "";
    await until("it listens", async () => {
      url = await Deno.readTextFile(`${options.journal}/LOCK`).catch(() => "");
      return url !== "";
    });
    return new DaybookProcess(url.trim(), [], child, drained);
  }

  /** Ends it like a power cut, except for the page cache. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.#ended();
  }

  /** Ends it like Ctrl-C; returns the exit code. */
  async stop(): Promise<number> {
    this.child.kill("SIGINT");
    return await this.#ended();
  }

  /** Sends a signal without waiting. */
  signal(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  async exitCode(): Promise<number> {
    return await this.#ended();
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}) {
    return await fetch(this.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  /** The JSON at a path. */
  async get(path: string): Promise<unknown> {
    const response = await fetch(this.url + path);
    return await response.json();
  }

  async #ended(): Promise<number> {
    const { code } = await this.child.status;
    await this.drained;
    return code;
  }
}
