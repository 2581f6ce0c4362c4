/** `deno task demo` as a process of its own. */

import { taskCommand } from "./task_process.ts";
import { TextLineStream } from "../text_lines.ts";

export interface DemoProcessOptions {
  /** All that the process may read and write. */
  readonly folder: string;
  /** Beside the folder; by default one that keeps the journal there, and any port. */
  readonly args?: readonly string[];
  /** As anybody starts it: in a folder of its own below this one, on the usual port. */
  readonly plain?: boolean;
}

export class DemoProcess {
  private constructor(
    readonly url: string,
    /** What was printed. */
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

  /** The id of the job that is printed for a situation. */
  jobIn(situation: string): string {
    const line = this.output.find((printed) => printed.trimStart().startsWith(`${situation}  `));
    const id = /\/ui\/jobs\/(\S+)$/.exec(line ?? "")?.[1];
    if (id === undefined) throw new Error(`Cannot find ${situation}:\n${this.output.join("\n")}`);
    return decodeURIComponent(id);
  }

  /** As Ctrl-C does; gives the exit code. */
  async stop(): Promise<number> {
    this.child.kill("SIGINT");
    const { code } = await this.child.status;
    await this.drained;
    return code;
  }
}
