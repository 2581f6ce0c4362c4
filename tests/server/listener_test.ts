/** The server that accepts connections: none of them keeps the others from being answered. */

import assert from "node:assert/strict";
import { limitConnections, Listener } from "../../src/server/listener.ts";
import { systemClock } from "../../src/server/system.ts";
import { until } from "../support/until.ts";
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

Deno.test("connections: requests of a client that does not wait for answers let others get theirs", async () => {
  const turns: (() => void)[] = [];
  const nextTurn = () => new Promise<void>((resolve) => turns.push(resolve));
  const answer = limitConnections(() => new Response(), { nextTurn });
  const remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "192.0.2.1", port: 1 };
  const info = { remoteAddr, completed: Promise.resolve() };
  let answered = 0;
  const client = (async () => {
    for (let sent = 0; sent < 20; sent++) {
      await answer(new Request("http://localhost/livez"), info);
      answered++;
    }
  })();
  for (const expected of [8, 16]) {
    // Whatever can run without a turn of the event loop has run then.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(answered, expected);
    turns.shift()?.();
  }
  await client;
});
