/** The small parts of streams. */

import assert from "node:assert/strict";
import { type Chunk, ChunkCache } from "../../src/http/stream/channels.ts";
import { StreamMessages } from "../../src/http/stream/feed.ts";
import { StreamTurns, Timeouts } from "../../src/http/stream/turns.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { Transition } from "../../src/engine/requests.ts";
import { FakeClock } from "../support/fake_clock.ts";

const DELAY_MS = 1_000;

function deadlines() {
  const clock = new FakeClock();
  const due: string[] = [];
  return { clock, due, all: new Timeouts<string>(clock, DELAY_MS, (item) => due.push(item)) };
}

Deno.test("Timeouts: each is due after its own time, with one timer for all", async () => {
  const { clock, due, all } = deadlines();
  all.start("first");
  await clock.advance(400);
  for (const item of ["second", "third"]) all.start(item);
  assert.equal(clock.armed, 1);
  await clock.advance(599);
  assert.deepEqual(due, []);
  await clock.advance(1);
  assert.deepEqual(due, ["first"]);
  await clock.advance(400);
  assert.deepEqual(due, ["first", "second", "third"]);
  assert.equal(clock.armed, 0);
});

Deno.test("Timeouts: a restarted one counts from the restart, and a stopped one is never due", async () => {
  const { clock, due, all } = deadlines();
  for (const item of ["again", "stopped", "kept"]) all.start(item);
  await clock.advance(500);
  all.start("again");
  all.stop("stopped");
  await clock.advance(500);
  assert.deepEqual(due, ["kept"]);
  await clock.advance(500);
  assert.deepEqual(due, ["kept", "again"]);
});

Deno.test("Timeouts: stopping the last one clears the timer", () => {
  const { clock, all } = deadlines();
  for (const item of ["one", "other"]) all.start(item);
  all.stop("one");
  assert.equal(clock.armed, 1);
  all.stop("other");
  all.stop("other");
  assert.equal(clock.armed, 0);
});

Deno.test("Timeouts: one that is due can be restarted at once", async () => {
  const clock = new FakeClock();
  let count = 0;
  const all: Timeouts<string> = new Timeouts(clock, DELAY_MS, (item) => {
    count += 1;
    all.start(item);
  });
  all.start("heartbeat");
  await clock.advance(3 * DELAY_MS);
  assert.deepEqual([count, clock.armed], [3, 1]);
});

function chunk(bytes: number): Chunk {
  return { bytes: new Uint8Array(bytes), to: 1, isLast: false };
}

Deno.test("ChunkCache: it keeps the newest chunks, bounded in bytes and number", () => {
  const mebibyte = 1024 * 1024;
  const cache = new ChunkCache();
  for (let count = 0; count < 10; count++) cache.add(`large/${count}`, chunk(mebibyte));
  const kept = Array.from({ length: 10 }, (_, count) => cache.get(`large/${count}`) !== undefined);
  assert.deepEqual(kept, [...Array(6).fill(false), ...Array(4).fill(true)]);
  for (let count = 0; count < 10_000; count++) cache.add(`empty/${count}`, chunk(0));
  assert.equal(cache.get("empty/5000"), undefined);
  assert.ok(cache.get("empty/9999"));
});

Deno.test("StreamTurns: after a turn it yields to others before the next", async () => {
  const clock = new FakeClock();
  const turns = new StreamTurns(clock);
  await turns.next();
  assert.equal(clock.turns, 0);
  while (!turns.isOver) turns.spend(1);
  await Promise.all([turns.next(), turns.next()]);
  assert.deepEqual([turns.isOver, clock.turns], [false, 1]);
});

const NOTICED = {
  logId: 7,
  receivedAt: "2026-11-30T20:00:00.000Z",
  stratum: "domain",
  eventId: "evt_1",
  eventType: "shop.Noticed",
  occurredAt: "2026-11-30T20:00:00.000Z",
};
const STARTED = { ...NOTICED, jobId: "job_1", taskId: "charge", executionId: "exe_1" };
const ENTRIES = [
  { ...NOTICED, attributes: { text: '"\n' } },
  { ...STARTED, attributes: {} },
  { ...STARTED, traceId: '"t"', spanId: "s", actor: 'Ann "A"', causedBy: 3, attributes: {} },
  { ...NOTICED, occurredAt: '2026 "about"', attributes: { of: [1, null] } },
] as unknown as readonly JobEventLogEntry[];

Deno.test("StreamMessages: an entry has the text that JSON.stringify gives it", () => {
  const transitions: readonly (Transition | undefined)[] = [
    undefined,
    { from: null, to: "Created", condition: "created" },
    { from: "Running", to: "Done", condition: "succeeded" },
  ];
  for (const transition of transitions) {
    for (const entry of ENTRIES) {
      if (transition !== undefined && entry.jobId === undefined) continue;
      const job = transition && { jobId: entry.jobId, ...transition };
      const text = JSON.stringify({ ...entry, job });
      const messages = new StreamMessages({ transitionAt: () => transition });
      assert.equal(messages.of(entry), `id: 7\ndata: ${text}\n\n`);
    }
  }
});
