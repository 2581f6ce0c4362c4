/** Readers with filters that leave and come back while others write: each gets every match once. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { SocketStream } from "./socket_stream.ts";
import { startStreamProcess, type StreamProcess } from "./stream_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const TYPES = ["load.A", "load.B", "load.C", "load.D"] as const;
const READERS = 60;
const CLIENTS = 16;
const POSTS_PER_CLIENT = rounds(120, 2_000);
/** A reader stays at most this long at a time. */
const STAY_MS_MAX = 300;

/** The types whose bits are set; readers have different choices, and some the same. */
function typesOf(reader: number): readonly string[] {
  return TYPES.filter((_, index) => ((reader % 15) + 1) & (1 << index));
}

class Visitor {
  readonly types: readonly string[];
  readonly seen: number[] = [];
  visits = 0;
  #isOver = false;

  constructor(private readonly port: number, reader: number) {
    this.types = typesOf(reader);
  }

  /** Connects, reads for a while, and leaves at any point, until it is stopped. */
  async visit(): Promise<void> {
    while (!this.#isOver) {
      const stream = await this.#open();
      const reading = stream.readOn();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * STAY_MS_MAX));
      stream.close();
      await reading;
      for (const { id } of stream.messages) this.seen.push(id);
    }
  }

  /** Reads until it has seen this many. */
  async finish(count: number): Promise<void> {
    const stream = await this.#open();
    const reading = stream.readOn();
    await until(`${count} messages`, () => this.seen.length + stream.messages.length >= count);
    stream.close();
    await reading;
    for (const { id } of stream.messages) this.seen.push(id);
  }

  leave(): void {
    this.#isOver = true;
  }

  #open(): Promise<SocketStream> {
    this.visits += 1;
    const path = `/stream?after=0&types=${this.types.join(",")}`;
    const last = this.seen.at(-1);
    return SocketStream.open(
      this.port,
      path,
      last === undefined ? "" : `Last-Event-ID: ${last}\r\n`,
    );
  }
}

async function load({ post }: StreamProcess): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; count < POSTS_PER_CLIENT; count++) {
      await post(TYPES[(client + count) % TYPES.length] ?? "", { text: "x".repeat(500) });
    }
  }));
}

/** The positions of all entries of these types, from one read of the journal. */
async function recorded(port: number, types: readonly string[]): Promise<readonly number[]> {
  const query = types.map((type) => `eventType=${type}`).join("&");
  const response = await fetch(`http://127.0.0.1:${port}/events?${query}`, {
    headers: { accept: "application/x-ndjson" },
  });
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line).logId);
}

Deno.test("resuming readers: 60 that come and go under load see every entry once", async () => {
  await inFolder(async (folder) => {
    const server = await startStreamProcess("sound", folder, 30_000);
    try {
      const visitors = Array.from({ length: READERS }, (_, index) => {
        return new Visitor(server.port, index);
      });
      const visiting = visitors.map((visitor) => visitor.visit());
      await load(server);
      for (const visitor of visitors) visitor.leave();
      await Promise.all(visiting);
      for (const visitor of visitors) {
        const expected = await recorded(server.port, visitor.types);
        await visitor.finish(expected.length);
        assert.deepEqual(visitor.seen, expected, visitor.types.join());
        assert.ok(visitor.visits > 2, "it never left");
      }
    } finally {
      await server.stop();
    }
  });
});
