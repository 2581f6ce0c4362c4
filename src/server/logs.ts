/** The logs of a server: what it prints, and what it keeps of the lines that job code logged. */

import type { JobLog, JobLogLine } from "../engine/watches.ts";
import type { JobId } from "../core/ids.ts";
import { type Silence, silenceText } from "../core/silence.ts";
import { parseJsonText } from "../core/json_text.ts";
import { errorMessage } from "../core/thrown.ts";
import type { JobLogPage, JobLogPort } from "../http/routing/http_deps.ts";
import { shownLines } from "../core/shown_value.ts";

// The platform's own: code of jobs may replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

const FILE_BYTES_MAX = 16 * 1_048_576;
const WRITE_AFTER_MS = 100;
/** The most characters that wait to be written; further lines are dropped. */
const WAITING_LENGTH_MAX = 1_048_576;

interface JobLogOptions {
  /** Created on the first write. */
  readonly folder: string;
  readonly warn: (message: string) => void;
  /** The size limit of each of the two files; default 16 MiB. */
  readonly fileBytesMax?: number;
}

/**
 * Stores what job code logs, in two files beside the journal. When the newer file is full, it
 * replaces the older one. Lines are written after a short delay and never synced: a crash or a full
 * disk may lose some, and the oldest are eventually dropped.
 */
export class JobLogFiles implements JobLog, JobLogPort {
  #waiting: string[] = [];
  #waitingLength = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #bytes: number | undefined;
  #hasWarned = false;
  /** Serializes reads and writes. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: JobLogOptions) {}

  write({ jobId, ...rest }: JobLogLine): void {
    // The job comes first, so that reading need not parse the lines of others.
    const text = `${JSON.stringify({ jobId, ...rest })}\n`;
    if (this.#waitingLength + text.length > WAITING_LENGTH_MAX) return;
    this.#waiting.push(text);
    this.#waitingLength += text.length;
    this.#timer ??= setTimeout(() => void this.#flush(), WRITE_AFTER_MS);
  }

  async read(jobId: JobId, limit: number): Promise<JobLogPage> {
    await this.#flush();
    return await this.#inTurn(async () => {
      const found: string[] = [];
      let count = 0;
      const start = `{"jobId":${JSON.stringify(jobId)},`;
      for (const path of [this.#older, this.#newer]) {
        for await (const line of readLines(path)) {
          if (!line.startsWith(start)) continue;
          count++;
          found.push(line);
          if (found.length > 2 * limit) found.splice(0, found.length - limit);
        }
      }
      const lines = found.slice(-limit).flatMap(parsed);
      return { lines, hasMore: count > limit };
    });
  }

  /** Writes the lines that still wait. */
  async close(): Promise<void> {
    await this.#flush();
  }

  get #newer(): string {
    return `${this.options.folder}/newer.ndjson`;
  }

  get #older(): string {
    return `${this.options.folder}/older.ndjson`;
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting.join("");
    this.#waiting = [];
    this.#waitingLength = 0;
    return this.#inTurn(() => text === "" ? Promise.resolve() : this.#append(text));
  }

  async #append(text: string): Promise<void> {
    const { folder, warn, fileBytesMax = FILE_BYTES_MAX } = this.options;
    try {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      this.#bytes ??= await sizeOf(this.#newer);
      if (this.#bytes >= fileBytesMax) {
        await Deno.rename(this.#newer, this.#older);
        this.#bytes = 0;
      }
      const bytes = new TextEncoder().encode(text);
      await Deno.writeFile(this.#newer, bytes, { append: true, mode: 0o600 });
      this.#bytes += bytes.length;
      this.#hasWarned = false;
    } catch (error) {
      if (this.#hasWarned) return;
      this.#hasWarned = true;
      warn(`cannot write the task logs: ${errorMessage(error)}`);
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** @throws {Error} when something else is there. */
async function sizeOf(path: string): Promise<number> {
  const found = await statOf(path);
  if (found?.isFile === false) throw new Error(`${path} is not a file`);
  return found?.size ?? 0;
}

/** A link is not followed: it could lead to the file of another program. */
async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function* readLines(path: string): AsyncGenerator<string> {
  // Opening a pipe would never end.
  if ((await statOf(path))?.isFile !== true) return;
  const file = await Deno.open(path);
  let rest = "";
  for await (const text of file.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Skips a line that a crash cut short. */
function parsed(line: string): readonly JobLogLine[] {
  try {
    return [parseJsonText(line) as JobLogLine];
  } catch {
    return [];
  }
}

interface ServerLogOptions {
  readonly format: "text" | "json";
  readonly now: () => number;
  /** Print a line, without its newline, to standard output and standard error. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** The log of the server: lines of text, or JSON lines. */
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

/** Warns when the disk stops completing writes, and when it completes them again; once each. */
export class SilenceLog {
  #silence: Silence | undefined;

  constructor(private readonly warn: (message: string) => void) {}

  look(silence: Silence | undefined): void {
    const before = this.#silence;
    // A shared journal reports the silence of its database itself.
    this.#silence = silence?.of === "disk" ? silence : undefined;
    if (this.#silence !== undefined && before === undefined) {
      this.warn(`${silenceText(this.#silence)}: nothing can be recorded until it does`);
    } else if (this.#silence === undefined && before !== undefined) {
      this.warn(`the disk completes writes again; it had completed none since ${before.since}`);
    }
  }
}
