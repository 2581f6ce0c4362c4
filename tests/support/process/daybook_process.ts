/** The real process of `main.ts`, to be started, called and killed. */

import type { Limits } from "../../../src/server/parts.ts";
import { ROOT, taskCommand } from "./task_process.ts";
import { LineProcess } from "./line_process.ts";
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

export class DaybookProcess extends LineProcess {
  /** Where it listens. */
  url = "";

  /**
   * Starts and waits until it listens.
   *
   * @throws {Error} with its output, when it ends before that.
   */
  static async start(options: ProcessOptions): Promise<DaybookProcess> {
    const process = new DaybookProcess(command(options).spawn());
    process.url =
      await process.first((line) =>
        /(?:^|"message":")listening on (http:[^\s"]+)/.exec(line)?.[1]
      ) ?? "";
    if (process.url !== "") return process;
    await process.exitCode();
    throw new Error(`Cannot start Daybook:\n${process.text}`);
  }

  /** For one whose output cannot be read: the address comes from the lock of the journal. */
  static async startSilently(options: ProcessOptions): Promise<DaybookProcess> {
    const process = new DaybookProcess(command(options).spawn());
    await until("it listens", async () => {
      const text = await Deno.readTextFile(`${options.journal}/LOCK`).catch(() => "");
      process.url = text.trim();
      return text !== "";
    });
    return process;
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
}
