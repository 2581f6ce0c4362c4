/** Follows a stream through lost connections, on a manual clock. */

import assert from "node:assert/strict";
import { Client, type Fetch, RefusedByServerError } from "../../src/cli/client.ts";
import { CommandError } from "../../src/cli/command.ts";
import { follow } from "../../src/cli/event_source.ts";
import { settled } from "./daybook_cli.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** What a server does with one connection: the text it sends, and how the connection ends. */
type Connection = "refused" | number | {
  readonly text: string;
  readonly end: "inOrder" | "broken" | "open";
};

class Scene {
  readonly clock = new FakeClock();
  /** The time and `Last-Event-ID` of each connection. */
  readonly asked: (readonly [ms: number, lastEventId: string | null])[] = [];
  readonly told: string[] = [];
  readonly data: string[] = [];
  readonly #leave = new AbortController();

  constructor(private readonly connections: readonly Connection[]) {}

  async run({ endsItself = false } = {}): Promise<void> {
    const fetchOf: Fetch = (_, { headers }) => {
      const lastEventId = new Headers(headers).get("last-event-id");
      const connection = this.connections[this.asked.length];
      this.asked.push([this.clock.monotonic(), lastEventId]);
      return answer(connection ?? { text: "", end: "open" });
    };
    const call = {
      client: new Client("http://daybook", undefined, fetchOf),
      input: { warn: (message: string) => void this.told.push(message) },
      surroundings: { clock: this.clock },
    };
    const stream = follow(call, "/stream", { endsItself, signal: this.#leave.signal });
    for await (const data of stream) this.data.push(data);
  }

  stop(): void {
    this.#leave.abort();
  }
}

function answer(connection: Connection): Promise<Response> {
  if (connection === "refused") return Promise.reject(new TypeError("connection refused"));
  if (connection === 204) return Promise.resolve(new Response(null, { status: 204 }));
  if (typeof connection === "number") {
    return Promise.resolve(Response.json({ detail: "no" }, { status: connection }));
  }
  const { text, end } = connection;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
      if (end === "inOrder") controller.close();
    },
    pull(controller) {
      if (end === "broken") controller.error(new Error("connection reset"));
    },
  });
  return Promise.resolve(new Response(body));
}

const lost = (id: number) =>
  `lost the connection to http://daybook after entry ${id}; trying until it is back`;
const BACK = "connected again, continuing from there";
const message = (id: number) => `id: ${id}\ndata: {"logId":${id}}\n\n`;
const heartbeat = (id: number) => `: heartbeat\nid: ${id}\n\n`;
const data = (...ids: readonly number[]) => ids.map((id) => `{"logId":${id}}`);

Deno.test("follow: it resumes after the last whole message, and drops a partial one", async () => {
  const scene = new Scene([
    {
      text: `retry: 2000\n${heartbeat(4)}${message(5)}${message(6)}id: 7\ndata: {"lo`,
      end: "broken",
    },
    { text: heartbeat(6) + message(7), end: "open" },
  ]);
  const running = scene.run();
  await scene.clock.advance(1_000);

  assert.deepEqual(scene.data, data(5, 6, 7));
  assert.deepEqual(scene.asked, [[0, null], [500, "6"]]);
  assert.deepEqual(scene.told, [lost(6), BACK]);
  scene.stop();
  await running;
});

Deno.test("follow: a heartbeat moves the position to resume from", async () => {
  const scene = new Scene([
    { text: heartbeat(4) + message(5) + heartbeat(90), end: "broken" },
    { text: "", end: "open" },
  ]);
  const running = scene.run();
  await scene.clock.advance(500);

  assert.deepEqual(scene.asked.map(([, lastEventId]) => lastEventId), [null, "90"]);
  scene.stop();
  await running;
});

Deno.test("follow: while the server is away it retries less and less often, and reports it once", async () => {
  const away = Array.from({ length: 7 }, (_, index) => index % 2 === 0 ? "refused" : 503);
  const scene = new Scene([
    { text: heartbeat(4), end: "inOrder" },
    ...away as Connection[],
    { text: message(5), end: "broken" },
    { text: message(6), end: "open" },
  ]);
  const running = scene.run();
  await scene.clock.advance(30_000);

  const at = scene.asked.map(([ms]) => ms);
  const waits = at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
  assert.deepEqual(waits, [500, 1_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 500]);
  assert.deepEqual(scene.told, [lost(4), BACK, lost(5), BACK]);
  assert.deepEqual(scene.data, data(5, 6));
  scene.stop();
  await running;
});

Deno.test("follow: a server that was never reached is an error at once", async () => {
  const scene = new Scene(["refused"]);
  await assert.rejects(
    scene.run(),
    (error) => error instanceof CommandError && error.exitCode === 69,
  );
  assert.deepEqual(scene.told, []);
});

Deno.test("follow: a permanent refusal is an error, even on a later attempt", async () => {
  const scene = new Scene([{ text: heartbeat(4), end: "broken" }, 422]);
  const running = assert.rejects(scene.run(), RefusedByServerError);
  await scene.clock.advance(500);
  await running;
});

Deno.test("follow: after the end of a job's stream it asks again at once, until the answer is 204", async () => {
  const scene = new Scene([{ text: heartbeat(0) + message(5), end: "inOrder" }, 204]);
  await settled(scene.run({ endsItself: true }), scene.clock);

  assert.deepEqual(scene.asked, [[0, null], [0, "5"]]);
  assert.deepEqual([scene.data, scene.told], [data(5), []]);
});

Deno.test("follow: a stream that ended because the server stopped is resumed", async () => {
  const scene = new Scene([
    { text: heartbeat(0) + message(5), end: "inOrder" },
    "refused",
    { text: message(6), end: "inOrder" },
    204,
  ]);
  const running = scene.run({ endsItself: true });
  await scene.clock.advance(500);
  await running;

  assert.deepEqual(scene.data, data(5, 6));
  assert.deepEqual(scene.told, [lost(5), BACK]);
});

Deno.test("follow: a silent connection is given up", async () => {
  const scene = new Scene([
    { text: message(5), end: "open" },
    { text: message(6), end: "open" },
  ]);
  const running = scene.run();
  await scene.clock.advance(44_999);
  assert.equal(scene.asked.length, 1);
  await scene.clock.advance(501);

  assert.deepEqual(scene.data, data(5, 6));
  assert.deepEqual(scene.told, [lost(5), BACK]);
  scene.stop();
  await running;
  assert.equal(scene.clock.armed, 0);
});

Deno.test("follow: a stop while it waits for the server ends it at once", async () => {
  const scene = new Scene([{ text: message(5), end: "broken" }]);
  const running = scene.run();
  await scene.clock.settle();
  scene.stop();
  await running;

  assert.deepEqual(scene.told, [lost(5)]);
  assert.equal(scene.clock.armed, 0);
});
