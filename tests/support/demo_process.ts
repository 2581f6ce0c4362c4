/** `deno task demo` as a process of its own. */

import { taskCommand } from "./task_process.ts";
import { TextLineStream } from "./text_lines.ts";

export interface DemoProcessOptions {
  /** Kept, and all that the process may read and write. */
  readonly folder: string;
  readonly args?: readonly string[];
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
  static async start({ folder, args = [] }: DemoProcessOptions): Promise<DemoProcess> {
    const words = ["--port=0", `--keep=${folder}`, ...args];
    const child = taskCommand("demo", words, { journal: folder }).spawn();
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
