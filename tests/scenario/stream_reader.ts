/** A reader of `/stream` that resumes where it was, across any number of restarts. */

import { TextLineStream } from "../support/text_lines.ts";

export interface StreamMessage {
  readonly id: number;
  readonly data: string;
}

export class ResumingReader {
  readonly messages: StreamMessage[] = [];
  #lastId = 0;
  #stopped = false;
  #aborter = new AbortController();
  #awaited: { readonly id: number; readonly resolve: () => void }[] = [];

  get lastId(): number {
    return this.#lastId;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Reads until the connection ends, however it ends. */
  async readFrom(url: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#stopped) return;
    this.#aborter = new AbortController();
    try {
      const response = await fetch(`${url}/stream?after=0`, {
        headers: {
          ...headers,
          ...this.#lastId === 0 ? {} : { "last-event-id": String(this.#lastId) },
        },
        signal: this.#aborter.signal,
      });
      if (response.body === null) return;
      await this.#consume(response.body);
    } catch {
      // The server was killed, or this reader was stopped: either way, the connection is over.
    }
  }

  /** Resolves when the message of this id has come. */
  reached(id: number): Promise<void> {
    if (this.#lastId >= id) return Promise.resolve();
    return new Promise((resolve) => void this.#awaited.push({ id, resolve }));
  }

  stop(): void {
    this.#stopped = true;
    this.#aborter.abort();
  }

  async #consume(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let id = 0;
    let data = "";
    for await (const line of body.pipeThrough(new TextLineStream())) {
      if (line.startsWith("id:")) id = Number(line.slice(3));
      else if (line.startsWith("data:")) data += line.slice(5).trimStart();
      else if (line === "") {
        if (data !== "") {
          this.messages.push({ id, data });
          this.#arrived(id);
        }
        data = "";
      }
    }
  }

  #arrived(id: number): void {
    this.#lastId = id;
    for (const { resolve } of this.#awaited.filter((each) => each.id <= id)) resolve();
    this.#awaited = this.#awaited.filter((each) => each.id > id);
  }
}
