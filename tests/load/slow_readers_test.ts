/** 64 clients and 200 streams, of which 10 are never read, without an effect on the others. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { residentMebibytes } from "./memory_use.ts";
import { SocketStream } from "./socket_stream.ts";
import { startStreamProcess, type StreamProcess, withMostMemory } from "./stream_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const CLIENTS = 64;
const STALLED = 10;
const EAGER = 5;
const WATCHING = 200 - STALLED - EAGER;
/** Events in each of two phases: about 20 MB, of which a socket alone takes a fifth. */
const POSTS_PER_CLIENT = rounds(20, 64);
const TEXT = "x".repeat(16 * 1024);
const STALL_MS = 1_000;
/** Allowed growth with 10 stalled readers: at most 23 were seen, and 230 and more with queues. */
const GROWTH_MEBIBYTES_MAX = 100;
/** Generous, because the tests run on the same machine. */
const SLOWER_MAX = 5;
const SLACK_MS = 100;

/** Load from all clients, with a timed tick after every few posts. */
async function load(server: StreamProcess): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, async (_, client) => {
    for (let count = 0; count < POSTS_PER_CLIENT; count++) {
      await server.post("load.Written", { text: TEXT });
      if (client % 16 === 0) await server.post("load.Ticked", { sentAt: performance.now() });
    }
  }));
}

/** The median time of ticks from sending to the readers that watch for them. */
function medianLatency(streams: readonly SocketStream[], from: number): number {
  const all = streams.flatMap(({ messages }) => messages.slice(from))
    .map(({ at, data }) => at - Number(/"sentAt":([\d.]+)/.exec(data)?.[1]));
  return all.toSorted((left, right) => left - right)[Math.floor(all.length / 2)] ?? NaN;
}

const TICKS = 4 * POSTS_PER_CLIENT;
const EVENTS = CLIENTS * POSTS_PER_CLIENT + TICKS;

class Scene {
  readonly watching: SocketStream[] = [];
  readonly eager: SocketStream[] = [];
  readonly stalled: SocketStream[] = [];
  readonly #reading: Promise<void>[] = [];

  constructor(readonly server: StreamProcess) {}

  async openReaders(): Promise<void> {
    const { port } = this.server;
    for (let count = 0; count < WATCHING; count++) {
      this.watching.push(await SocketStream.open(port, "/stream?types=load.Ticked"));
    }
    for (let count = 0; count < EAGER; count++) {
      this.eager.push(await SocketStream.open(port, "/stream?after=0"));
    }
    this.#reading.push(...[...this.watching, ...this.eager].map((stream) => stream.readOn()));
  }

  async openStalled(): Promise<void> {
    for (let count = 0; count < STALLED; count++) {
      this.stalled.push(await SocketStream.open(this.server.port, "/stream?after=0"));
    }
  }

  /** One phase of load, up to the last entry at the last reader; returns the latency. */
  async phase(number: 1 | 2): Promise<number> {
    const ticks = TICKS * number;
    await load(this.server);
    await until(
      `${ticks} ticks at each reader`,
      () => this.watching.every(({ messages }) => messages.length >= ticks),
    );
    await until(
      "all entries at those who want all",
      () => this.eager.every(({ messages }) => messages.length >= EVENTS * number + 1),
    );
    return medianLatency(this.watching, ticks - TICKS);
  }

  async end(): Promise<void> {
    for (const stream of [...this.watching, ...this.eager, ...this.stalled]) stream.close();
    await Promise.all(this.#reading);
  }
}

interface Outcome {
  readonly latencyMs: number;
  readonly stalledLatencyMs: number;
  readonly growth: number;
  readonly resident: number;
}

/** Both phases: without and with stalled readers. */
async function play(scene: Scene): Promise<Outcome> {
  const { pid } = scene.server;
  await scene.openReaders();
  const latencyMs = await scene.phase(1);
  const before = await residentMebibytes(pid);
  await scene.openStalled();
  const work = () => scene.phase(2);
  const { value: stalledLatencyMs, resident } = await withMostMemory(pid, 2 * STALL_MS, work);
  return { latencyMs, stalledLatencyMs, growth: resident - before, resident };
}

function describe(kind: string, outcome: Outcome): string {
  const { growth, resident, latencyMs, stalledLatencyMs } = outcome;
  return `slow readers, ${kind}: ${resident.toFixed(0)} MiB resident, ${
    growth.toFixed(0)
  } of them ` +
    `since; ticks took ${latencyMs.toFixed(1)} ms before, ${
      stalledLatencyMs.toFixed(1)
    } ms with them`;
}

/** What a stalled reader gets when it reads at last; a correct server has closed it. */
async function readAtLast(stream: SocketStream, waitMs: number): Promise<"closed" | "still open"> {
  const reading = stream.readOn();
  const deadline = performance.now() + waitMs;
  while (!stream.ended && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (stream.messages.length >= 2 * EVENTS) break;
  }
  stream.close();
  await reading;
  return stream.ended ? "closed" : "still open";
}

function assertWithoutGap(messages: readonly { readonly id: number }[], first: number): void {
  messages.forEach(({ id }, index) => assert.equal(id, first + index));
}

async function withScene(kind: string, run: (scene: Scene) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const server = await startStreamProcess(kind, folder, STALL_MS);
    const scene = new Scene(server);
    try {
      await run(scene);
    } finally {
      await scene.end();
      await server.stop();
    }
  });
}

Deno.test("slow readers: 10 of 200 that never read neither use memory nor slow down others", async () => {
  await withScene("sound", async (scene) => {
    const outcome = await play(scene);
    console.log(describe("sound", outcome));
    const { growth, latencyMs, stalledLatencyMs } = outcome;
    assert.ok(growth < GROWTH_MEBIBYTES_MAX, `${growth} MiB more`);
    assert.ok(stalledLatencyMs < SLOWER_MAX * latencyMs + SLACK_MS, `${stalledLatencyMs} ms`);
    for (const stream of scene.eager) assertWithoutGap(stream.messages, 1);
    for (const stream of scene.stalled) {
      assert.equal(await readAtLast(stream, PATIENCE_MS), "closed");
      assertWithoutGap(stream.messages, 1);
      assert.ok(stream.messages.length < 2 * EVENTS, "it was given everything");
    }
    await assertResumes(scene, scene.stalled[0] as SocketStream);
  });
});

/** A closed reader resumes without a gap. */
async function assertResumes(scene: Scene, stream: SocketStream): Promise<void> {
  const last = stream.messages.at(-1)?.id ?? 0;
  const header = `Last-Event-ID: ${last}\r\n`;
  const resumed = await SocketStream.open(scene.server.port, "/stream?after=0", header);
  const reading = resumed.readOn();
  await until("all the rest", () => resumed.messages.length >= 2 * EVENTS + 1 - last);
  assertWithoutGap(resumed.messages, last + 1);
  resumed.close();
  await reading;
}

Deno.test("slow readers: a server that queues what they do not take is caught by its memory", async () => {
  await withScene("unbounded", async (scene) => {
    const outcome = await play(scene);
    console.log(describe("unbounded", outcome));
    assert.ok(outcome.growth > GROWTH_MEBIBYTES_MAX, `only ${outcome.growth} MiB more`);
  });
});

Deno.test("slow readers: a server that waits for them forever is caught", async () => {
  await withScene("patient", async (scene) => {
    await scene.openStalled();
    await load(scene.server);
    await load(scene.server);
    await new Promise((resolve) => setTimeout(resolve, 2 * STALL_MS));
    assert.equal(await readAtLast(scene.stalled[0] as SocketStream, 5_000), "still open");
  });
});
