/** A process that clients leave no file descriptor: it records on, and serves again when they go. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/daybook_process.ts";
import { Crowd } from "../support/hostile_clients.ts";
import { hasTools } from "../support/tools.ts";
import { inFolder } from "../support/temporary_folder.ts";

const DESCRIPTORS = 100;
const EVENTS = 400;
const CAN_LIMIT = hasTools("prlimit");

/** A client whose connection was there before. */
class Writer implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #host: string;
  #count = 0;

  private constructor(connection: Deno.Conn, host: string) {
    this.#connection = connection;
    this.#host = host;
  }

  static async connect(url: string): Promise<Writer> {
    const { hostname, port, host } = new URL(url);
    return new Writer(await Deno.connect({ hostname, port: Number(port) }), host);
  }

  /** Delivers an event, and gives the status of the answer. */
  async write(): Promise<number> {
    const attributes = { text: "x".repeat(500) };
    const event = { eventType: "a.B", eventId: `event-${this.#count++}`, attributes };
    const { status } = await this.#ask("POST /events", JSON.stringify(event));
    return status;
  }

  async read(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return await this.#ask(`GET ${path}`, "");
  }

  async #ask(line: string, body: string) {
    const type = "content-type: application/json";
    const head = `${line} HTTP/1.1\r\nhost: ${this.#host}\r\n${type}`;
    const request = `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await this.#connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(262_144);
    let text = "";
    for (let length = Infinity; text.length < length;) {
      const count = await this.#connection.read(buffer);
      if (count === null) return { status: 0, text };
      text += new TextDecoder().decode(buffer.subarray(0, count));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      length = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    }
    return { status: Number(text.slice(9, 12)), text };
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

async function untilLive(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const status = await fetch(`${url}/livez`).then(async (response) => {
      await response.body?.cancel();
      return response.status;
    }, () => 0);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail("it takes no new connections any more");
}

Deno.test({
  name: CAN_LIMIT
    ? "descriptors: without any left segments roll, snapshots are written, and service resumes"
    : "descriptors: not tried, there is no prlimit",
  ignore: !CAN_LIMIT,
  fn: () =>
    inFolder(async (journal) => {
      const server = await DaybookProcess.start({
        journal,
        args: ["--segment-bytes=64KiB", "--snapshot-every=100"],
        within: ["prlimit", `--nofile=${DESCRIPTORS}`],
      });
      using writer = await Writer.connect(server.url);
      assert.equal(await writer.write(), 200);
      {
        using crowd = new Crowd(Number(new URL(server.url).port));
        await crowd.sendTimes(2 * DESCRIPTORS, "GET /jobs HTTP/1.1\r\nhost: ");
        await assert.rejects(fetch(`${server.url}/livez`), "there is a descriptor left");
        for (let count = 1; count < EVENTS; count++) assert.equal(await writer.write(), 200);
        assert.match((await writer.read("/events?after=0&limit=5")).text, /event-0/);
        assert.equal((await writer.read("/readyz")).status, 200);
      }
      await untilLive(server.url);
      const told = server.output.filter((line) => line.startsWith("daybook: Cannot"))
        .filter((line) => !line.includes("Cannot make sure"));
      assert.equal(told.length, 1, told.join("\n"));
      assert.match(told[0] ?? "", /Cannot take new connections: .*Too many open files/);
      const { segments, lastSnapshot } = await server.get("/journal") as {
        segments: unknown[];
        lastSnapshot: { logId: number };
      };
      assert.ok(segments.length >= 4, `${segments.length} segments`);
      assert.ok(lastSnapshot.logId > EVENTS - 100, `snapshot of logId ${lastSnapshot.logId}`);
      await server.kill();

      const next = await DaybookProcess.start({ journal });
      const { entries } = await next.get("/events?eventType=a.B&limit=500") as {
        entries: { eventId: string }[];
      };
      assert.equal(new Set(entries.map(({ eventId }) => eventId)).size, EVENTS);
      assert.equal(await next.stop(), 0);
    }),
});
