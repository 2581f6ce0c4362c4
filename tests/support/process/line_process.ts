/** A child process whose output is read line by line. */

import { TextLineStream } from "../text_lines.ts";

export class LineProcess {
  /** The lines so far, of standard output and standard error. */
  readonly output: string[] = [];
  readonly #drained: Promise<unknown>;
  #listeners: readonly ((line: string) => void)[] = [];

  constructor(private readonly child: Deno.ChildProcess) {
    this.#drained = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
  }

  /** What is found first in a line; `undefined` if the output ends without it. */
  first<Found>(find: (line: string) => Found | undefined): Promise<Found | undefined> {
    const { promise, resolve } = Promise.withResolvers<Found | undefined>();
    const listen = (line: string) => {
      const found = find(line);
      if (found !== undefined) resolve(found);
    };
    this.output.forEach(listen);
    this.#listeners = [...this.#listeners, listen];
    void this.#drained.then(() => resolve(undefined));
    return promise;
  }

  get text(): string {
    return this.output.join("\n");
  }

  /** Sends a signal without waiting. */
  signal(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  /** The exit code, once all of its output was read. */
  async exitCode(): Promise<number> {
    const { code } = await this.child.status;
    await this.#drained;
    return code;
  }

  /** Ends it like a power cut, except for the page cache. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exitCode();
  }

  /** Ends it like Ctrl-C; returns the exit code. */
  async stop(): Promise<number> {
    this.signal("SIGINT");
    return await this.exitCode();
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const line of stream.pipeThrough(new TextLineStream())) {
      this.output.push(line);
      for (const listen of this.#listeners) listen(line);
    }
  }
}
