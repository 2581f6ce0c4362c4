/** The memory of 1,000 readers that never read, while more is sent than their sockets hold. */

import { startBare } from "../server/bare.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { post } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause, residentMegabytes } from "../system.ts";
import { atMost, type Row } from "../table.ts";

const READERS = 1_000;
const REQUESTS = 5;
const EVENTS = 500;
/** Some 3 MB for each reader; the kernel takes about half of it. */
const PAYLOAD = "x".repeat(900);
const WATCHED_MS = 6_000;
const SAMPLE_MS = 100;

export async function stalledRows(): Promise<readonly Row[]> {
  const floor = await stalledReadersOfBare();
  await using server = await startDaybook();
  using _company = await keepCompany(server.url, 0);
  // Twice, so that the server's own memory has grown before the readers come.
  await publish(server.url);
  await publish(server.url);
  const before = residentMegabytes(server.pid);
  const readers = await stalledReaders(server, "/stream");
  try {
    await publish(server.url);
    const cost = await peak(server) - before;
    return [{
      what: "memory of 1,000 stalled readers",
      measured: `${before.toFixed(0)} MB, then ${(before + cost).toFixed(0)} MB`,
      baseline: "",
      reached: `${cost.toFixed(0)} MB`,
      floor: `${floor.toFixed(0)} MB`,
      target: "at most 100 MB",
      verdict: atMost(cost, 100),
    }];
  } finally {
    for (const reader of readers) reader.close();
  }
}

/** The memory that Deno itself takes for as many stalled readers, in MB. */
async function stalledReadersOfBare(): Promise<number> {
  await using server = await startBare();
  const before = residentMegabytes(server.pid);
  const readers = await stalledReaders(server, "/flood");
  const cost = await peak(server) - before;
  for (const reader of readers) reader.close();
  return cost;
}

async function stalledReaders(
  { port }: ServerProcess,
  path: string,
): Promise<readonly Deno.TcpConn[]> {
  const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  const readers: Deno.TcpConn[] = [];
  for (let index = 0; index < READERS; index++) {
    const reader = await Deno.connect({ hostname: "127.0.0.1", port });
    readers.push(reader);
    await reader.write(request);
  }
  return readers;
}

async function publish(url: string): Promise<void> {
  const event = { eventType: "bench.stream.Sent", attributes: { payload: PAYLOAD } };
  for (let request = 0; request < REQUESTS; request++) {
    await post(`${url}/events`, Array.from({ length: EVENTS }, () => event));
  }
}

/** The peak resident memory, in MB. */
async function peak({ pid }: ServerProcess): Promise<number> {
  let most = 0;
  for (const end = performance.now() + WATCHED_MS; performance.now() < end;) {
    most = Math.max(most, residentMegabytes(pid));
    await pause(SAMPLE_MS);
  }
  return most;
}
