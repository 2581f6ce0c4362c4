/** The server that accepts connections: none of them keeps the others from being answered. */

import assert from "node:assert/strict";
import { Listener, StartProgress } from "../../src/server/listener.ts";
import { systemClock } from "../../src/server/system.ts";
import { until } from "../support/until.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import { writeAll } from "../support/http/raw_socket.ts";

const text = new TextEncoder();
/** Fewer than Deno's server allows, so that all answers fit into the window of a connection. */
const STREAMS = 150;

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): number[] {
  const head = new DataView(new ArrayBuffer(9));
  head.setUint32(0, payload.length << 8 | type);
  head.setUint8(4, flags);
  head.setUint32(5, stream);
  return [...new Uint8Array(head.buffer), ...payload];
}

/** A header field without compression (RFC 7541, 6.2.2). */
function field(name: string, value: string): number[] {
  return [0, name.length, ...text.encode(name), value.length, ...text.encode(value)];
}

/** So many requests over HTTP/2, all at once. */
function requestsAtOnce(count: number, host: string): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array([
    ...field(":method", "GET"),
    ...field(":scheme", "http"),
    ...field(":path", "/held"),
    ...field(":authority", host),
    ...field("host", host),
  ]);
  const requests = Array.from({ length: count }, (_, index) => frame(1, 5, 2 * index + 1, head));
  return new Uint8Array([
    ...text.encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ...frame(4, 0, 0, new Uint8Array()),
    ...requests.flat(),
  ]);
}

/** In all, after each connection; what comes first is answered without counting. */
const HELD = [116, 132, 148];
const REFUSED = "16 requests at a time of one connection";

/** Keeps what the server sends, to its end. */
async function readInto(received: { text: string }, connection: Deno.Conn): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of connection.readable) {
    received.text += decoder.decode(bytes, { stream: true });
  }
}

Deno.test("listener: of a connection that makes many requests at once, sixteen are answered beside others", async () => {
  const released = Promise.withResolvers<void>();
  let held = 0;
  const listener = new Listener({
    hostname: "127.0.0.1",
    port: 0,
    clock: systemClock,
    warn: (message) => assert.fail(message),
    fetch: async ({ url }) => {
      if (new URL(url).pathname !== "/held") return new Response("served");
      held++;
      await released.promise;
      return new Response("Held well");
    },
  });
  const { hostname, port } = listener.addr;
  const received = { text: "" };
  const refused = () => received.text.split(REFUSED).length - 1;
  const reading: Promise<void>[] = [];
  using crowd = new DisposableStack();
  for (const [index, allHeld] of HELD.entries()) {
    const connection = crowd.use(await Deno.connect({ hostname, port }));
    reading.push(readInto(received, connection).catch(() => {}));
    await writeAll(connection, requestsAtOnce(STREAMS, `${hostname}:${port}`));
    const sent = (index + 1) * STREAMS;
    await until("each is held or refused", () => held + refused() === sent);
    assert.equal(held, allHeld);
  }
  const other = await fetch(`http://${hostname}:${port}/`);
  assert.equal(await other.text(), "served");
  released.resolve();
  await until("each is answered", () => received.text.split("Held well").length - 1 === held);
  crowd.dispose();
  await listener.shutdown();
  await Promise.all(reading);
});

// What a process reports while it reads a long journal.

class Clock {
  nowMs = 0;
  pauses = 0;

  monotonic(): number {
    return this.nowMs;
  }

  pause(): Promise<void> {
    this.pauses++;
    return Promise.resolve();
  }
}

function opening() {
  const clock = new Clock();
  const lines: string[] = [];
  return { clock, lines, opening: new StartProgress(clock, (line) => lines.push(line)) };
}

const ask = ({ fetch }: StartProgress, path: string) =>
  fetch(new Request(`http://127.0.0.1${path}`));

Deno.test("opening: it yields every twenty milliseconds, and prints a line every two seconds", async () => {
  const { clock, lines, opening: { progress } } = opening();
  for (let ms = 0; ms < 5_000; ms += 5) {
    clock.nowMs = ms;
    await progress(ms * 1_000_000, 5_000_000_000);
  }
  assert.ok(clock.pauses > 200 && clock.pauses <= 250, `${clock.pauses} pauses`);
  assert.deepEqual(lines, [
    "reading the journal: 40 % of 4.7 GiB",
    "reading the journal: 80 % of 4.7 GiB",
  ]);
});

Deno.test("opening: /livez answers, and /readyz shows the progress", async () => {
  const { clock, opening: reading } = opening();
  assert.equal((await ask(reading, "/livez")).status, 200);
  const { detail } = await (await ask(reading, "/readyz")).json();
  assert.equal(detail, "Cannot answer yet: the journal is being opened", "nothing is read yet");
  clock.nowMs = 30;
  await reading.progress(250_000_000, 1_000_000_000);
  for (const path of ["/readyz", "/jobs"]) {
    const answer = await ask(reading, path);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "1");
    const { detail, instance } = await answer.json();
    assert.equal(detail, "Cannot answer yet: reading the journal: 25 % of 954 MiB");
    assert.equal(instance, path);
  }
});

testWithFolder(
  "opening: a journal reports all its bytes in order, and waits on request",
  async (folder) => {
    const options = { segmentBytes: 2_000 };
    const { journal } = await folder.open(new RememberingConsumer(), options);
    for (let batch = 0; batch < 20; batch++) await journal.append(facts(2)).durable;
    await journal.close();
    for (const name of await folder.names("snapshots")) {
      await Deno.remove(`${folder.path}/snapshots/${name}`);
    }
    const told: (readonly [number, number])[] = [];
    let waited = 0;
    const again = await folder.open(new RememberingConsumer(), {
      ...options,
      progress(done, total) {
        told.push([done, total]);
        return Promise.resolve().then(() => void waited++);
      },
    });
    const { bytes } = await again.journal.info();
    await again.journal.close();
    assert.deepEqual(told.at(-1), [bytes, bytes]);
    assert.deepEqual(told, told.toSorted(([left], [right]) => left - right));
    assert.equal(waited, told.length);
  },
);
