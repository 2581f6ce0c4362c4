/** `deno task demo` as a process of its own. */

import { taskCommand } from "./task_process.ts";
import { TextLineStream } from "../text_lines.ts";

export interface DemoProcessOptions {
  /** Everything that the process may read and write. */
  readonly folder: string;
  /** Arguments beside the folder; by default the journal is kept there, on any port. */
  readonly args?: readonly string[];
  /** Started without options: in a new folder below this one, on the usual port. */
  readonly plain?: boolean;
}

export class DemoProcess {
  private constructor(
    readonly url: string,
    /** The output. */
    readonly output: readonly string[],
    private readonly child: Deno.ChildProcess,
    private readonly drained: Promise<unknown>,
  ) {}

  /**
   * Starts, and waits until there is a job in each situation.
   *
   * @throws {Error} with its output, when it ends before that.
   */
  static async start(options: DemoProcessOptions): Promise<DemoProcess> {
    const { folder, args = [], plain = false } = options;
    const child = plain
      ? taskCommand("demo", args, { cwd: folder }).spawn()
      : taskCommand("demo", ["--port=0", `--keep=${folder}`, ...args], { journal: folder }).spawn();
    const output: string[] = [];
    const { promise: ready, resolve } = Promise.withResolvers<boolean>();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const line of stream.pipeThrough(new TextLineStream())) {
        output.push(line);
        if (line.startsWith("Ctrl-C")) resolve(true);
      }
    };
    const drained = Promise.all([read(child.stdout), read(child.stderr)])
      .then(() => resolve(false));
    if (!await ready) throw new Error(`Cannot start the demo:\n${output.join("\n")}`);
    const url = output.map((line) => /^listening on (http:\S+)/.exec(line)?.[1]).find(Boolean);
    return new DemoProcess(url ?? "", output, child, drained);
  }

  /** The printed id of the job for a situation. */
  jobIn(situation: string): string {
    const line = this.output.find((printed) => printed.trimStart().startsWith(`${situation}  `));
    const id = /\/ui\/jobs\/(\S+)$/.exec(line ?? "")?.[1];
    if (id === undefined) throw new Error(`Cannot find ${situation}:\n${this.output.join("\n")}`);
    return decodeURIComponent(id);
  }

  /** Ends it like Ctrl-C; returns the exit code. */
  async stop(): Promise<number> {
    this.child.kill("SIGINT");
    const { code } = await this.child.status;
    await this.drained;
    return code;
  }
}
