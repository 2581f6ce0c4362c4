/**
 * Hostile clients that come in waves: the memory that they cost does not add up. Memory in use is
 * measured after garbage collection, so that a leak of a megabyte per wave is found.
 */

import assert from "node:assert/strict";
import type { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { Crowd, HOSTILE_CLIENTS, type HostileClient, type Target } from "./hostile_clients.ts";
import { withHostedServer } from "./hosted_server.ts";
import { COLLECTING_SERVER, mebibytesInUse, residentMebibytes } from "./memory_use.ts";
import { PATIENCE_MS, pause } from "../support/until.ts";

/** The first waves fill caches. */
const WARM_UP = rounds(2, 10);
const WAVES = rounds(2, 10);
/** The time limit of a body, less than the time between two waves. */
const BODY_TIME_MS = 500;
const WAVE_MS = 1_200;
/** Allowed growth from the warm-up to the last wave: half a megabyte per wave. */
const GROWTH_MEBIBYTES_MAX = rounds(2, 5);
/**
 * Allowed growth of resident memory, of which the allocator keeps some: 0 to 24 were seen, the
 * least of five waves each time. This covers memory outside heap and buffers.
 */
const RESIDENT_GROWTH_MEBIBYTES_MAX = 50;
/** An answer ends within a second of the time of its body. */
const SETTLED_MS = rounds(3_000, 10_000);

/** Clients that stay leave at the end of the wave, when they have their answers. */
async function play(clients: readonly HostileClient[], target: Target): Promise<void> {
  const over = new Promise((resolve) => setTimeout(resolve, WAVE_MS));
  using crowd = new Crowd(target.port);
  await Promise.all(clients.map(({ attack }) => attack(crowd, target)));
  await assertServed(target);
  await over;
  assert.equal(crowd.refused, 0, "connections were refused");
}

/** The minimum in use during some time, or until a condition holds, however late the answers end. */
async function settledMebibytes(
  server: DaybookProcess,
  withinMs: number,
  isSettled: (least: number) => boolean = () => false,
): Promise<number> {
  let least = Infinity;
  for (const end = Date.now() + withinMs; Date.now() < end && !isSettled(least);) {
    if (least < Infinity) await pause(500);
    least = Math.min(least, await mebibytesInUse(server));
  }
  return least;
}

/** Plays this many waves, and returns the least resident memory of five. */
async function playSome(count: number, clients: readonly HostileClient[], hosted: Hosted) {
  const seen: number[] = [];
  for (let wave = 0; wave < count; wave++) {
    await play(clients, hosted.target);
    seen.push(await residentMebibytes(hosted.pid));
  }
  return Math.min(...seen.slice(-5));
}

type Hosted = Parameters<Parameters<typeof withHostedServer>[1]>[0];

function testWaves(name: string, clients: readonly HostileClient[]): void {
  Deno.test(`hostile waves: the cost of ${name} does not grow over time`, () =>
    withHostedServer({ bodyTimeMs: BODY_TIME_MS }, async (hosted) => {
      const { server } = hosted;
      const residentBefore = await playSome(WARM_UP, clients, hosted);
      const before = await settledMebibytes(server, SETTLED_MS);
      const resident = await playSome(WAVES, clients, hosted);
      const growsLittle = (least: number) => least - before < GROWTH_MEBIBYTES_MAX;
      const after = await settledMebibytes(server, PATIENCE_MS, growsLittle);
      console.log(
        `${name}: ${before.toFixed(2)} MiB in use after ${WARM_UP} waves, ` +
          `${after.toFixed(2)} after ${WAVES} more; resident ${residentBefore.toFixed(0)} and ` +
          `${resident.toFixed(0)}`,
      );
      assert.ok(growsLittle(after), `${after - before} MiB more in use`);
      const isLong = rounds(0, 1) === 1;
      const growth = resident - residentBefore;
      assert.ok(!isLong || growth < RESIDENT_GROWTH_MEBIBYTES_MAX, `${growth} MiB more resident`);
    }, COLLECTING_SERVER));
}

testWaves("all at once", HOSTILE_CLIENTS);
if (rounds(0, 1) === 1) {
  for (const client of HOSTILE_CLIENTS) testWaves(client.name, [client]);
}

async function assertServed({ port, token }: Target): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  for (const path of ["/livez", "/jobs"]) {
    const response = await fetch(url + path, { headers });
    await response.body?.cancel();
    assert.equal(response.status, 200, path);
  }
  const event = JSON.stringify({ eventType: "a.B" });
  const response = await fetch(`${url}/events`, { method: "POST", headers, body: event });
  assert.equal(response.status, 200, await response.text());
}
