/**
 * Many readers of one stream, in a separate process. Each reads as fast as it can; together they
 * report the number of messages and their delay.
 */

import { quantile } from "../figures.ts";

const HOST = "127.0.0.1";
/**
 * How much of the end a reader searches for an id: longer than the rest of a message after its id.
 */
const TAIL_BYTES = 4_096;

export interface StreamReport {
  /** Messages of all readers, since the last report. */
  readonly messages: number;
  readonly elapsedMs: number;
  /** Times from sending a message's cause to reading the message, since the last report. */
  readonly lagP99Ms: number;
}

/** The process, seen from outside. */
export class StreamReaders implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(port: number, count: number) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", `--allow-net=${HOST}`, import.meta.url, `${port}`, `${count}`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Resolves when every reader has its first message. */
  static async open(port: number, count: number): Promise<StreamReaders> {
    const readers = new StreamReaders(port, count);
    await readers.#line();
    return readers;
  }

  async report(): Promise<StreamReport> {
    await this.#writer.write(new TextEncoder().encode("report\n"));
    return JSON.parse(await this.#line());
  }

  async #line(): Promise<string> {
    let text = "";
    while (!text.endsWith("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the process of the readers has ended");
      text += value;
    }
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#writer.abort().catch(() => {});
  }
}

/** An attribute of each event, so that readers know its age. */
export function sentAt(): number {
  return performance.timeOrigin + performance.now();
}

const SENT_AT = '"sentAt":';

class Reader {
  /** The `id` of the last message. */
  at = 0;
  readonly #buffer = new Uint8Array(65_536);
  readonly #decoder = new TextDecoder("latin1");

  constructor(private readonly connection: Deno.Conn, private readonly lags: number[]) {}

  /** Resolves with the first message. */
  async begin(): Promise<void> {
    const request = `GET /stream HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`;
    await this.connection.write(new TextEncoder().encode(request));
    let text = "";
    while (!/\nid: \d+\n\n/.test(text)) text += await this.#read();
    if (!text.startsWith("HTTP/1.1 200")) throw new Error(text);
    this.#notePlace(text);
  }

  async follow(): Promise<never> {
    for (;;) {
      const text = await this.#read();
      this.#notePlace(text.slice(-TAIL_BYTES));
      this.#noteLags(text);
    }
  }

  async #read(): Promise<string> {
    const read = await this.connection.read(this.#buffer);
    if (read === null) throw new Error("the server closed a stream");
    return this.#decoder.decode(this.#buffer.subarray(0, read));
  }

  /** Every entry has one message, so the position gives their number. */
  #notePlace(text: string): void {
    const from = text.lastIndexOf("\nid: ");
    // An id cut by the buffer is found with the next one.
    const id = from < 0 ? undefined : /^\nid: (\d+)\n/.exec(text.slice(from, from + 30))?.[1];
    if (id !== undefined) this.at = Number(id);
  }

  #noteLags(text: string): void {
    const now = sentAt();
    for (let from = text.indexOf(SENT_AT); from >= 0; from = text.indexOf(SENT_AT, from + 1)) {
      const sent = parseFloat(text.slice(from + SENT_AT.length, from + SENT_AT.length + 20));
      // A time cut by the buffer may be too short.
      if (now - sent < 600_000) this.lags.push(now - sent);
    }
  }
}

async function main(port: number, count: number): Promise<void> {
  const lags: number[] = [];
  const readers: Reader[] = [];
  for (let index = 0; index < count; index++) {
    const reader = new Reader(await Deno.connect({ hostname: HOST, port }), lags);
    await reader.begin();
    readers.push(reader);
  }
  for (const reader of readers) void reader.follow();
  let before = { at: performance.now(), messages: total(readers) };
  console.log("ready");
  for await (const _ of Deno.stdin.readable) {
    const now = { at: performance.now(), messages: total(readers) };
    const report: StreamReport = {
      messages: now.messages - before.messages,
      elapsedMs: now.at - before.at,
      lagP99Ms: quantile(lags, 0.99),
    };
    console.log(JSON.stringify(report));
    lags.length = 0;
    before = now;
  }
}

function total(readers: readonly Reader[]): number {
  return readers.reduce((sum, { at }) => sum + at, 0);
}

if (import.meta.main) {
  const [port, count] = Deno.args;
  await main(Number(port), Number(count));
}
