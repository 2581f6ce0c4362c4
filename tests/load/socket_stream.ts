/** A stream over a separate socket that reads continuously, or never. */

import assert from "node:assert/strict";
import { createParser } from "eventsource-parser";

export interface SeenMessage {
  readonly id: number;
  /** The time of arrival, in milliseconds of `performance.now`. */
  readonly at: number;
  readonly data: string;
}

/** The body of a chunked answer. Its chunks are cut anywhere, even inside the name of a field. */
class ChunkedBody {
  #text = "";
  #missing = 0;
  isOver = false;

  /** What these bytes add to the body; one character is one byte. */
  take(text: string): string {
    this.#text += text;
    let body = this.#cut(this.#missing);
    for (let header = this.#header(); header !== null && !this.isOver; header = this.#header()) {
      this.#cut(header[0].length);
      this.#missing = parseInt(header[1] ?? "", 16);
      this.isOver = this.#missing === 0;
      body += this.#cut(this.#missing);
    }
    return body;
  }

  #header(): RegExpExecArray | null {
    return this.#missing > 0 ? null : /^(?:\r\n)?([0-9a-f]+)\r\n/i.exec(this.#text);
  }

  #cut(length: number): string {
    const part = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    this.#missing -= Math.min(this.#missing, part.length);
    return part;
  }
}

export class SocketStream {
  readonly messages: SeenMessage[] = [];
  readonly #body = new ChunkedBody();
  readonly #decoder = new TextDecoder("latin1");
  readonly #parser = createParser({
    onEvent: ({ id, data }) => {
      if (id !== undefined) this.messages.push({ id: Number(id), at: performance.now(), data });
    },
  });
  #ended = false;

  private constructor(private readonly connection: Deno.Conn) {}

  /** Opens a stream, and reads no more than the head of its answer: it starts here. */
  static async open(port: number, path: string, headers = ""): Promise<SocketStream> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
    await connection.write(new TextEncoder().encode(head));
    const stream = new SocketStream(connection);
    await stream.#readHead();
    return stream;
  }

  /** Whether the server has ended it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Reads until the stream ends, or is closed on this side. */
  async readOn(): Promise<void> {
    try {
      // The connection may stay open after the end of the answer.
      while (!this.#body.isOver) {
        const text = await this.#read(256 * 1024);
        if (text === null) break;
        this.#parser.feed(this.#body.take(text));
      }
      this.#ended = true;
    } catch {
      // It was closed on this side.
    }
  }

  close(): void {
    try {
      this.connection.close();
    } catch {
      // It is closed already.
    }
  }

  async #readHead(): Promise<void> {
    let text = "";
    while (!text.includes("\r\n\r\n")) text += await this.#read(1) ?? assert.fail(text);
  }

  async #read(length: number): Promise<string | null> {
    const buffer = new Uint8Array(length);
    const count = await this.connection.read(buffer);
    return count === null ? null : this.#decoder.decode(buffer.subarray(0, count));
  }
}
