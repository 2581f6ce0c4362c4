/** Reads server-sent events chunk by chunk, at the test's pace. */

import assert from "node:assert/strict";
import type { TestApp } from "./http_app.ts";

export interface ServerSentMessage {
  readonly id: number;
  /** `undefined` for a heartbeat, which dispatches nothing. */
  readonly data: StreamedEntry | undefined;
}

/** The members of a streamed entry that tests use. */
export interface StreamedEntry {
  readonly logId: number;
  readonly eventType: string;
  readonly stratum: string;
  readonly jobId?: string;
  readonly job?: { jobId: string; from: string | null; to: string; condition: string };
}

export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();

  constructor(response: Response) {
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.ok(response.body);
    this.#reader = response.body.getReader();
  }

  /** The text of the next chunk, or `undefined` if the stream has ended. */
  async chunk(): Promise<string | undefined> {
    const { done, value } = await this.#reader.read();
    return done ? undefined : this.#decoder.decode(value);
  }

  /** The messages of the next chunk; none if the stream has ended. */
  async messages(): Promise<readonly ServerSentMessage[]> {
    return messagesIn(await this.chunk() ?? "");
  }

  /** The next entries, at least this many, without heartbeats. */
  async entries(count: number): Promise<readonly StreamedEntry[]> {
    const entries: StreamedEntry[] = [];
    while (entries.length < count) {
      const messages = await this.messages();
      assert.notEqual(messages.length, 0, `ended after ${entries.length} of ${count} entries`);
      entries.push(...messages.map(({ data }) => data).filter((data) => data !== undefined));
    }
    return entries;
  }

  /** All entries up to the end of the stream. */
  async rest(): Promise<readonly StreamedEntry[]> {
    const messages: ServerSentMessage[] = [];
    for (let chunk = await this.chunk(); chunk !== undefined; chunk = await this.chunk()) {
      messages.push(...messagesIn(chunk));
    }
    return messages.map(({ data }) => data).filter((data) => data !== undefined);
  }

  /** The client leaves. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** A chunk has only whole messages. */
function messagesIn(chunk: string): readonly ServerSentMessage[] {
  const blocks = chunk.split("\n\n");
  assert.equal(blocks.pop(), "");
  return blocks.map((block) => {
    const fields = new Map(block.split("\n").map((line) => fieldOf(line)));
    const data = fields.get("data");
    return {
      id: Number(fields.get("id")),
      data: data === undefined ? undefined : JSON.parse(data),
    };
  });
}

function fieldOf(line: string): readonly [string, string] {
  const colon = line.indexOf(": ");
  return [line.slice(0, colon), line.slice(colon + 2)];
}

/** Opens a stream. */
export async function open(
  app: TestApp,
  path: string,
  headers?: Record<string, string>,
): Promise<EventReader> {
  return new EventReader(await app.get(path, headers));
}

/** Delivers one event. */
export async function deliver(app: TestApp, eventType: string, attributes = {}): Promise<void> {
  assert.equal((await app.post("/events", { eventType, attributes })).status, 200);
}

/** The types of entries, in order. */
export function types(entries: readonly StreamedEntry[]): readonly string[] {
  return entries.map(({ eventType }) => eventType);
}
