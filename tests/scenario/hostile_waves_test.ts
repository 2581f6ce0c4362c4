/** Hostile clients that come in waves and stay: the memory that they cost does not add up. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import {
  Crowd,
  HOSTILE_CLIENTS,
  type HostileClient,
  type Target,
} from "../support/hostile_clients.ts";
import { withHostedServer } from "../support/hosted_server.ts";
import { residentMebibytes } from "../support/memory_use.ts";

/** The first ones fill what is kept for later. */
const WARM_UP = rounds(1, 4);
const WAVES = rounds(1, 10);
/** A body may take less than the time between two waves. */
const BODY_TIME_MS = 500;
const WAVE_MS = 1_200;
/**
 * Of all waves after the first: 60 bodies that are kept take 60 MB, and mostly four times that. A
 * connection that stays costs up to 200 KB, after it brought a megabyte: what it is read with.
 */
const GROWTH_MEBIBYTES_MAX = 300;

/** Some stay to the end; of the others there would be more connections than one may open. */
async function play(clients: readonly HostileClient[], staying: Crowd, target: Target) {
  const over = new Promise((resolve) => setTimeout(resolve, WAVE_MS));
  using leaving = new Crowd(target.port);
  await Promise.all(clients.map(({ stays, attack }) => attack(stays ? staying : leaving, target)));
  await assertServed(target);
  await over;
  assert.equal(leaving.refused + staying.refused, 0, "connections were refused");
}

function testWaves(name: string, clients: readonly HostileClient[]): void {
  Deno.test(`hostile waves: ${name} cost no more the longer it goes on`, () =>
    withHostedServer([`--body-time=${BODY_TIME_MS}ms`], async ({ pid, target }) => {
      using staying = new Crowd(target.port);
      for (let count = 0; count < WARM_UP; count++) await play(clients, staying, target);
      const before = await residentMebibytes(pid);
      for (let count = 0; count < WAVES; count++) await play(clients, staying, target);
      const growth = await residentMebibytes(pid) - before;
      console.log(`${name}: ${before.toFixed(0)} MiB, and ${growth.toFixed(0)} in ${WAVES} waves`);
      assert.ok(growth < GROWTH_MEBIBYTES_MAX, `${growth} MiB more`);
    }));
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
