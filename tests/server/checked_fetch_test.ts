/** Nothing leaves this machine before its target address was checked. */

import assert from "node:assert/strict";
import { checkedFetch } from "../../src/server/checked_fetch.ts";
import type { WebhookRequest } from "../../src/jobs/webhook_deliver.ts";
import { Receiver, status } from "../support/http/job_receiver.ts";
import { PATIENCE_MS } from "../support/until.ts";

function requestOf(signal = new AbortController().signal): WebhookRequest {
  const headers = new Headers({ "content-type": "application/json", "x-two": "ü" });
  return { method: "POST", headers, body: '"grüße"', redirect: "manual", signal };
}

function serve(receiver: Receiver) {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, (request) => receiver.receive(request));
}

Deno.test("checkedFetch: it sends the whole request to the checked address", async () => {
  const receiver = new Receiver(status(418, { "retry-after": "7" }, "short"));
  await using server = serve(receiver);
  const told: string[] = [];
  const url = `http://localhost:${server.addr.port}/in?tenant=1`;
  const response = await checkedFetch(url, requestOf(), (address) => told.push(address));

  assert.deepEqual(told, ["127.0.0.1"]);
  assert.equal(response.status, 418);
  assert.equal(response.headers.get("retry-after"), "7");
  assert.equal(await response.text(), "short");
  const [received] = receiver.received;
  assert.deepEqual([received?.method, received?.url, received?.body], ["POST", url, '"grüße"']);
  assert.equal(received?.headers.get("content-length"), "9");
});

Deno.test("checkedFetch: an address that is not admitted gets no byte, and the connection is closed", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const refused = checkedFetch(`http://localhost:${listener.addr.port}/`, requestOf(), () => {
    throw new RangeError("not there");
  });
  await assert.rejects(refused, { name: "RangeError", message: "not there" });
  using connection = await accepted;
  assert.equal(await connection.read(new Uint8Array(10)), null);
});

Deno.test("checkedFetch: it follows no redirect, and accepts an answer without a body", async () => {
  for (const code of [204, 302, 304]) {
    const receiver = new Receiver(status(code, code === 302 ? { location: "/elsewhere" } : {}));
    await using server = serve(receiver);
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const response = await checkedFetch(url, requestOf(), () => {});
    assert.deepEqual([response.status, await response.text()], [code, ""]);
    assert.equal(receiver.received.length, 1);
  }
});

Deno.test("checkedFetch: it stops when aborted, before or during an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const scheme of ["http", "https"]) {
    const aborting = new AbortController();
    const accepted = listener.accept();
    const url = `${scheme}://127.0.0.1:${listener.addr.port}/`;
    const asked = checkedFetch(url, requestOf(aborting.signal), () => {});
    using _connection = await accepted;
    aborting.abort();
    await assert.rejects(asked);
  }
});

Deno.test("checkedFetch: a body that is not read to its end holds no connection", async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  const receiver = new Receiver(() => new Response(endless));
  await using server = serve(receiver);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  const response = await checkedFetch(url, requestOf(), () => {});
  await response.body?.cancel();
});

Deno.test("checkedFetch: an answer with a status that no response has is an error, and the connection is closed", async () => {
  for (const code of [101, 0, 600, 999]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    const url = `http://127.0.0.1:${listener.addr.port}/`;
    const asked = checkedFetch(url, requestOf(AbortSignal.timeout(PATIENCE_MS)), () => {});
    using connection = await accepted;
    const read = () => connection.read(new Uint8Array(1_000));
    await read();
    const line = `HTTP/1.1 ${String(code).padStart(3, "0")} Odd\r\n`;
    const answer = `${line}connection: upgrade\r\nupgrade: x\r\n\r\n`;
    await connection.write(new TextEncoder().encode(answer));
    await assert.rejects(asked, { message: `Cannot use the answer: its status is ${code}` });
    while (await read() !== null);
  }
});
