/** A program that a page starts: it listens, or runs to its end. */

import { TextLineStream } from "../text_lines.ts";

const LISTENING = /listening on (http:\/\/\S+)/i;

export interface PageServerOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The number of ports that it listens on. */
  readonly addresses: number;
}

export class PageServer {
  private constructor(
    readonly output: readonly string[],
    readonly child: Deno.ChildProcess,
    readonly drained: Promise<unknown>,
    /** Its ports; none if it ended without listening. */
    readonly urls: readonly string[],
  ) {}

  /** Resolves when it listens, or has ended. */
  static async start(
    command: string,
    { addresses, ...options }: PageServerOptions,
  ): Promise<PageServer> {
    const child = new Deno.Command("bash", {
      // The shell's process becomes the program's, so that signals reach it.
      // The command may begin with environment variables.
      args: ["-c", `exec env ${command}`],
      ...options,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output: string[] = [];
    const urls: string[] = [];
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
      for await (const line of stream.pipeThrough(new TextLineStream())) {
        output.push(line);
        const url = LISTENING.exec(line)?.[1];
        if (url !== undefined && urls.push(url) === addresses) resolve();
      }
    };
    const drained = Promise.all([read(child.stdout), read(child.stderr)])
      .then(() => resolve());
    await listening;
    return new PageServer(output, child, drained, urls);
  }

  get text(): string {
    return this.output.join("\n");
  }

  /** Ends it with a signal; returns the exit code. */
  async end(signal: Deno.Signal): Promise<number> {
    if (this.urls.length > 0) this.child.kill(signal);
    const { code } = await this.child.status;
    await this.drained;
    return code;
  }
}
