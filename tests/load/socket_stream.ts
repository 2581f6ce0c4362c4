/** A stream over a separate socket that reads continuously, or never. */

export interface SeenMessage {
  readonly id: number;
  /** The time of arrival, in milliseconds of `performance.now`. */
  readonly at: number;
  readonly data: string;
}

export class SocketStream {
  readonly messages: SeenMessage[] = [];
  bytes = 0;
  #rest = "";
  #ended = false;

  private constructor(private readonly connection: Deno.Conn) {}

  static async open(port: number, path: string, headers = ""): Promise<SocketStream> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const head = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
    await connection.write(new TextEncoder().encode(head));
    return new SocketStream(connection);
  }

  /** Whether the server has ended it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Reads until the stream ends, or is closed on this side. */
  async readOn(): Promise<void> {
    const buffer = new Uint8Array(256 * 1024);
    const decoder = new TextDecoder();
    try {
      for (let count = await this.connection.read(buffer); count !== null;) {
        this.bytes += count;
        this.#take(decoder.decode(buffer.subarray(0, count), { stream: true }));
        // An empty chunk ends the answer; the connection may stay open.
        if (this.#rest.endsWith("\r\n0\r\n\r\n")) break;
        count = await this.connection.read(buffer);
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

  /** Chunk headers may be anywhere; no text of a message looks like one. */
  #take(text: string): void {
    const at = performance.now();
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const plain = block.replaceAll(/\r\n(?:[0-9a-f]+\r\n)?/g, "");
      const id = /id: (\d+)/.exec(plain)?.[1];
      const data = /data: (.*)/.exec(plain)?.[1];
      if (id !== undefined && data !== undefined) this.messages.push({ id: Number(id), at, data });
    }
  }
}
