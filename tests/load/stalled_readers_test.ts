/**
 * 200 readers that open a stream and never read: each costs the server little, and a bounded
 * amount.
 */

import assert from "node:assert/strict";
import { residentMebibytes } from "./memory_use.ts";
import { SocketStream } from "./socket_stream.ts";
import { startStreamProcess, type StreamProcess, withMostMemory } from "./stream_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const STALLED = 200;
/** For a server that queues, so that it does not take all memory. */
const STALLED_IN_VAIN = 40;
const CLIENTS = 8;
const TEXT = "x".repeat(16 * 1024);
/** More than a socket takes, which is about 4 MiB. */
const EVENTS = 480;
/**
 * Deno alone takes some 50 KiB for a stream, and copies 64 to 128 KiB of pending data; with
 * garbage, 290 to 390 were seen, and with queues 4,700 and more.
 */
const KIBIBYTES_PER_READER_MAX = 600;

async function load({ post }: StreamProcess): Promise<void> {
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for (let count = 0; count < EVENTS / CLIENTS; count++) await post("load.Written", { TEXT });
  }));
}

async function openStalled(port: number, count: number): Promise<readonly SocketStream[]> {
  const streams: SocketStream[] = [];
  while (streams.length < count) streams.push(await SocketStream.open(port, "/stream"));
  return streams;
}

interface Outcome {
  readonly kibibytesPerReader: number;
  readonly streams: readonly SocketStream[];
}

/** The load runs twice, to separate its own cost from that of the readers. */
async function play(server: StreamProcess, stalled: number): Promise<Outcome> {
  const { port, pid } = server;
  await load(server);
  const before = await residentMebibytes(pid);
  const streams = await openStalled(port, stalled);
  const { resident } = await withMostMemory(pid, 500, () => load(server));
  return { streams, kibibytesPerReader: 1024 * (resident - before) / stalled };
}

async function withServer(
  kind: string,
  run: (server: StreamProcess) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const server = await startStreamProcess(kind, folder, 3_600_000);
    try {
      await run(server);
    } finally {
      await server.stop();
    }
  });
}

Deno.test("stalled readers: 200 take little memory each, and miss nothing when they read again", async () => {
  await withServer("sound", async (server) => {
    const { streams, kibibytesPerReader } = await play(server, STALLED);
    console.log(`stalled readers: ${kibibytesPerReader.toFixed(0)} KiB each`);
    assert.ok(kibibytesPerReader < KIBIBYTES_PER_READER_MAX, `${kibibytesPerReader} KiB each`);
    const late = streams.slice(0, 5);
    const reading = late.map((stream) => stream.readOn());
    await until("all entries", () => late.every(({ messages }) => messages.length >= EVENTS));
    for (const { messages } of late) {
      const first = messages[0]?.id ?? NaN;
      messages.forEach(({ id }, index) => assert.equal(id, first + index));
    }
    for (const stream of streams) stream.close();
    await Promise.all(reading);
  });
});

Deno.test("stalled readers: a server that queues what they do not take is caught", async () => {
  await withServer("unbounded", async (server) => {
    const { streams, kibibytesPerReader } = await play(server, STALLED_IN_VAIN);
    for (const stream of streams) stream.close();
    console.log(`stalled readers, queued for: ${kibibytesPerReader.toFixed(0)} KiB each`);
    assert.ok(kibibytesPerReader > KIBIBYTES_PER_READER_MAX, `${kibibytesPerReader} KiB each`);
  });
});
