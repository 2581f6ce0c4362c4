import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { Batch, encodedGroup } from "../../src/journal/batch.ts";
import { Tail } from "../../src/journal/durable_entries.ts";
import { facts } from "../support/journal/journal_events.ts";

/** Entries from a position on. */
function entriesFrom(logId: number, count: number): readonly JobEventLogEntry[] {
  return new Batch(logId).add(encodedGroup(facts(count))).entries;
}

Deno.test("tail: it keeps the most recent batches within its limits", () => {
  const tail = new Tail({ bytesMax: 1000, entriesMax: 10 });
  assert.equal(tail.firstLogId, undefined);
  for (let logId = 1; logId <= 100; logId += 2) {
    tail.push(entriesFrom(logId, 2), 50);
    assert.equal(tail.firstLogId, Math.max(1, logId - 8));
  }
  assert.deepEqual(tail.slice(91, 100).map(({ logId }) => logId), [
    91,
    92,
    93,
    94,
    95,
    96,
    97,
    98,
    99,
    100,
  ]);
  assert.deepEqual(tail.slice(95, 96).map(({ logId }) => logId), [95, 96]);
});

Deno.test("tail: it is limited in bytes too, and drops a batch that alone is too large", () => {
  const tail = new Tail({ bytesMax: 100, entriesMax: 10 });
  tail.push(entriesFrom(1, 1), 60);
  tail.push(entriesFrom(2, 1), 60);
  assert.equal(tail.firstLogId, 2);
  tail.push(entriesFrom(3, 3), 101);
  assert.equal(tail.firstLogId, undefined);
  tail.push(entriesFrom(6, 1), 100);
  assert.deepEqual(tail.slice(6, 6).map(({ logId }) => logId), [6]);
});

Deno.test("tail: the last three batches are kept, however many entries they have", () => {
  const tail = new Tail({ bytesMax: 1000, entriesMax: 10 });
  tail.push(entriesFrom(1, 3), 1);
  tail.push(entriesFrom(4, 20), 1);
  tail.push(entriesFrom(24, 20), 1);
  tail.push(entriesFrom(44, 20), 1);
  assert.equal(tail.firstLogId, 4);
  assert.deepEqual(tail.slice(23, 24).map(({ logId }) => logId), [23, 24]);
});
