/** Durable entries: how many are kept in memory, and how much is read back from disk at once. */

import assert from "node:assert/strict";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { Batch, encodedGroup } from "../../src/journal/write/batch.ts";
import { Tail } from "../../src/journal/read/durable_entries.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";

const STAMPING = { clock: new FakeClock(), random: new FakeRandom() };

const LINES = 40;
const LINE_BYTES = 200_000;

testWithFolder(
  "reading back: two large lines are parsed per turn, however many readers there are",
  async (folder) => {
    const { clock, disk } = folder;
    const { journal } = await folder.open(new RememberingConsumer());
    const attributes = { text: "x".repeat(LINE_BYTES) };
    for (let n = 0; n < LINES; n++) await journal.append([fact(attributes)]).durable;
    const byTurn = new Map<number, number>();
    let pauses = 0;
    clock.pause = async () => {
      await clock.nextTurn();
      pauses += 1;
    };
    disk.before = (operation) => {
      if (operation === "read") byTurn.set(pauses, (byTurn.get(pauses) ?? 0) + 1);
    };
    const old = Array.from({ length: LINES / 2 }, (_, n) => n + 2);
    const read = await Promise.all([old, old, old].map((logIds) => journal.readAt(logIds)));
    assert.deepEqual(read.map(({ length }) => length), [old.length, old.length, old.length]);
    const lines = [...byTurn.values()];
    assert.equal(lines.reduce((sum, count) => sum + count, 0), 3 * old.length);
    assert.ok(Math.max(...lines) <= 2, `lines by turn: ${lines.join()}`);
    await journal.close();
  },
);

/** Entries from a position on. */
function entriesFrom(logId: number, count: number): readonly JobEventLogEntry[] {
  return new Batch(logId).add(encodedGroup(facts(count)), STAMPING).entries;
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
