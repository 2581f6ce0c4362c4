/** A program that a page starts: it listens, or runs to its end. */

import { LineProcess } from "./line_process.ts";

const LISTENING = /listening on (http:\/\/\S+)/i;

export interface PageServerOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The number of ports that it listens on. */
  readonly addresses: number;
}

export class PageServer extends LineProcess {
  /** Its ports; none if it ended without listening. */
  readonly urls: string[] = [];

  /** Resolves when it listens, or has ended. */
  static async start(
    command: string,
    { addresses, ...options }: PageServerOptions,
  ): Promise<PageServer> {
    const server = new PageServer(
      new Deno.Command("bash", {
        // The shell's process becomes the program's, so that signals reach it.
        // The command may begin with environment variables.
        args: ["-c", `exec env ${command}`],
        ...options,
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    await server.first((line) => {
      const url = LISTENING.exec(line)?.[1];
      return url !== undefined && server.urls.push(url) === addresses ? url : undefined;
    });
    return server;
  }

  /** Ends it with a signal; returns the exit code. */
  async end(signal: Deno.Signal): Promise<number> {
    if (this.urls.length > 0) this.signal(signal);
    return await this.exitCode();
  }
}
