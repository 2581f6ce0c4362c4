/** The server's log: lines of text, or JSON lines. */

import { shownLines } from "../core/shown_value.ts";
import type { JobLog, JobLogLine } from "../engine/watches.ts";

interface ServerLogOptions {
  readonly format: "text" | "json";
  readonly now: () => number;
  /** Print a line, without its newline, to standard output and standard error. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

export class ServerLog implements JobLog {
  constructor(private readonly options: ServerLogOptions) {}

  info(message: string): void {
    if (!this.#isJson) return this.options.out(message);
    for (const line of message.split("\n")) {
      if (line !== "") this.options.out(this.#json("info", { message: line.trim() }));
    }
  }

  /** @param indent Before further lines, where what the code of a job threw is in the message. */
  warn(message: string, indent = ""): void {
    const text = () => `daybook: ${shownLines(message, indent)}`;
    this.options.err(this.#isJson ? this.#json("warn", { message }) : text());
  }

  /** A line that the code of a job logged. */
  write(line: JobLogLine): void {
    this.options.out(this.#isJson ? this.#json("info", line) : jobLineText(line));
  }

  get #isJson(): boolean {
    return this.options.format === "json";
  }

  #json(level: string, members: { readonly message: string; readonly time?: string }): string {
    const { message, time = new Date(this.options.now()).toISOString(), ...rest } = members;
    return JSON.stringify({ time, level, message, ...rest });
  }
}

function jobLineText({ jobId, taskId, attempt, message, data }: JobLogLine): string {
  const rest = data === undefined ? "" : ` ${JSON.stringify(data)}`;
  return `${jobId} ${taskId} ${attempt}: ${shownLines(message + rest, "  ")}`;
}
