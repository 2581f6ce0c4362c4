/**
 * A process whose file descriptors clients use up: it keeps recording, closes idle connections, and
 * serves again while these clients are still there.
 */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { Crowd } from "./hostile_clients.ts";
import { hasTools } from "../support/process/tools.ts";
import { COLLECTING_SERVER, mebibytesInUse } from "./memory_use.ts";
import { SocketStream } from "./socket_stream.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { pause, until } from "../support/until.ts";

const DESCRIPTORS = 100;
const EVENTS = 400;
/** Waves of clients that stay. */
const WAVES = rounds(1, 20);
/** Waves of clients that come while threads begin. */
const THREAD_WAVES = rounds(8, 100);
const ISOLATED = `${ROOT}tests/support/process/isolated_definitions.ts`;
/**
 * Allowed growth from the tenth wave to the last, so that a leak of a megabyte per wave is found.
 */
const GROWTH_MEBIBYTES_MAX = 5;
const CAN_LIMIT = hasTools("prlimit");

/** A client that keeps its connection for as long as it can. */
class Writer implements Disposable {
  readonly #url: URL;
  #connection: Deno.Conn | undefined;
  #count = 0;
  /** Connections that it had. */
  connections = 0;

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /** Delivers an event, and returns the status of the answer. */
  async write(eventType = "a.B"): Promise<number> {
    const attributes = { text: "x".repeat(500) };
    const event = { eventType, eventId: `event-${this.#count++}`, attributes };
    const { status } = await this.#ask("POST /events", JSON.stringify(event));
    return status;
  }

  async submit(job: unknown): Promise<number> {
    const { status } = await this.#ask("POST /jobs", JSON.stringify(job));
    return status;
  }

  async read(path: string): Promise<{ readonly status: number; readonly text: string }> {
    return await this.#ask(`GET ${path}`, "");
  }

  async readJson(path: string): Promise<unknown> {
    const { text } = await this.read(path);
    return JSON.parse(text.slice(text.indexOf("\r\n\r\n")));
  }

  /** Uses another connection if the previous one was closed, or none could be opened. */
  async #ask(line: string, body: string): Promise<{ status: number; text: string }> {
    for (let attempt = 0; attempt < 1_000; attempt++) {
      try {
        return await this.askOnce(line, body);
      } catch {
        this[Symbol.dispose]();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    assert.fail("it takes no new connections any more");
  }

  async askOnce(line: string, body: string) {
    const type = "content-type: application/json";
    const head = `${line} HTTP/1.1\r\nhost: ${this.#url.host}\r\n${type}`;
    const request = `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const connection = this.#connection ??= await this.#connect();
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(262_144);
    let text = "";
    for (let length = Infinity; text.length < length;) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error("closed");
      text += new TextDecoder().decode(buffer.subarray(0, count));
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) continue;
      length = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    }
    return { status: Number(text.slice(9, 12)), text };
  }

  async #connect(): Promise<Deno.Conn> {
    const { hostname, port } = this.#url;
    const connection = await Deno.connect({ hostname, port: Number(port) });
    this.connections++;
    return connection;
  }

  [Symbol.dispose](): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}

/** What a client of a wave sends before it falls silent. */
const ASKING_NOTHING: readonly string[] = [
  "GET /jobs HTTP/1.1\r\nhost: ",
  // Refused at once for what it announces, without a body.
  "POST /jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n" +
  "content-length: 99999999\r\n\r\n",
];

/** Takes all descriptors, and stays until others are served nevertheless. */
async function holdAll(
  server: DaybookProcess,
  sent: string,
  meanwhile: () => Promise<void>,
): Promise<void> {
  using crowd = new Crowd(Number(new URL(server.url).port));
  await crowd.sendTimes(2 * DESCRIPTORS, sent);
  assert.equal(await statusOfAnother(server.url), 0, "there is a descriptor left");
  await meanwhile();
  await until(
    () =>
      "it takes new connections while those that ask for nothing stay\n" +
      server.output.slice(-20).join("\n"),
    async () => await statusOfAnother(server.url) === 200,
  );
}

/** The status on a new connection; 0 if it is not accepted. */
async function statusOfAnother(url: string): Promise<number> {
  using client = new Writer(url);
  return await client.askOnce("GET /livez", "").then(({ status }) => status, () => 0);
}

Deno.test({
  name: "descriptors: without any left, code that is loaded only then does not end the process",
  ignore: !CAN_LIMIT,
  fn: () =>
    inFolder(async (journal) => {
      const server = await DaybookProcess.start({
        journal,
        within: ["prlimit", `--nofile=${DESCRIPTORS}`],
      });
      using writer = new Writer(server.url);
      assert.equal(await writer.write(), 200);
      const plan = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
      await (await server.post("/jobs", { jobId: "waiting", plan })).body?.cancel();
      const [half = ""] = ASKING_NOTHING;
      // It is loaded 5 s after the start.
      await pause(3_000);
      await holdAll(server, half, () => pause(3_000));
      assert.equal((await writer.read("/readyz")).status, 200);
      for (const path of ["/jobs/waiting/explain", "/ui/manual"]) {
        const response = await fetch(server.url + path);
        await response.body?.cancel();
        assert.equal(response.status, 200, path);
      }
      assert.equal(await server.stop(), 0);
    }),
});

Deno.test({
  name: "descriptors: clients that take them while threads begin end no process, and fail no job",
  ignore: !CAN_LIMIT,
  fn: () =>
    inFolder(async (journal) => {
      const server = await DaybookProcess.start({
        journal,
        definitions: ISOLATED,
        within: ["prlimit", `--nofile=${2 * DESCRIPTORS}`],
      });
      using writer = new Writer(server.url);
      const leaving = { type: "isolated.hostile", input: { kind: "exit" } };
      const [half = ""] = ASKING_NOTHING;
      for (let wave = 0; wave < THREAD_WAVES; wave++) {
        using crowd = new Crowd(Number(new URL(server.url).port));
        const taking = crowd.sendTimes(4 * DESCRIPTORS, half);
        for (let job = 0; job < 5; job++) {
          assert.equal(await writer.submit(leaving), 202);
          await pause(100);
        }
        await taking;
      }
      await until("a thread has begun and ended since", async () => {
        const { entries } = await writer.readJson("/events?eventType=job.TaskFailed&limit=500") as {
          entries: { attributes: { error: { name: string; message: string } } }[];
        };
        for (const { attributes: { error } } of entries) {
          assert.equal(error.name, "ThreadExited", error.message);
        }
        return entries.length > 0;
      });
      assert.equal(await server.stop(), 0);
    }),
});

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
        script: COLLECTING_SERVER,
      });
      using writer = new Writer(server.url);
      assert.equal(await writer.write(), 200);
      const port = Number(new URL(server.url).port);
      const stream = await SocketStream.open(port, "/stream?types=a.Last");
      void stream.readOn();
      const [half = ""] = ASKING_NOTHING;
      await holdAll(server, half, async () => {
        for (let count = 1; count < EVENTS; count++) assert.equal(await writer.write(), 200);
        assert.match((await writer.read("/events?after=0&limit=5")).text, /event-0/);
        assert.equal((await writer.read("/readyz")).status, 200);
      });
      // Requests in progress continue while others are closed.
      assert.equal(await writer.write("a.Last"), 200);
      await until("the stream goes on", () =>
        stream.messages.some(({ data }) => data.includes("a.Last")));
      stream.close();
      assert.ok(writer.connections <= 2, `${writer.connections} connections`);

      const used: number[] = [];
      for (let wave = 1; wave < WAVES; wave++) {
        const sent = ASKING_NOTHING[wave % ASKING_NOTHING.length] ?? "";
        await holdAll(server, sent, () =>
          Promise.resolve());
        used.push(await mebibytesInUse(server));
      }
      const growth = Math.max(...used.slice(10)) - (used[9] ?? 0);
      assert.ok(WAVES < 10 || growth < GROWTH_MEBIBYTES_MAX, `MiB in use: ${used}`);
      const told = server.output.filter((line) => line.startsWith("daybook: Cannot"))
        .filter((line) => !line.includes("Cannot make sure"));
      assert.ok(told.length >= 1 && told.length <= 1 + WAVES / 5, told.join("\n"));
      assert.match(told[0] ?? "", /Cannot take new connections: .*Too many open files.* in 5 s/);
      const { segments, lastSnapshot } = await writer.readJson("/journal") as {
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
