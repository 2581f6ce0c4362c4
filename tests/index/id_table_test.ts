/**
 * Rows of event ids in the index: found whenever they were added, and written a few pages at a
 * time.
 */

import assert from "node:assert/strict";
import type { EventId } from "../../src/core/ids.ts";
import type { IdRow } from "../../src/engine/job_index.ts";
import { eventIdHash } from "../../src/engine/writer/event_ids.ts";
import { HashFilter } from "../../src/index/id_table.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { IS_QUICK } from "../support/effort.ts";

function row(logId: number): IdRow {
  return [eventIdHash(`order-${logId}` as EventId), logId];
}

function rows(from: number, to: number): readonly IdRow[] {
  return Array.from({ length: to - from }, (_, at) => row(from + at));
}

function missing(index: MemoryIndex, to: number): number {
  let count = 0;
  for (let logId = 1; logId < to; logId++) {
    if (!index.idsOf(row(logId)[0]).includes(logId)) count++;
  }
  return count;
}

Deno.test("id table: every row is found, however many came, and after a restart", {
  ignore: IS_QUICK,
}, () => {
  const index = MemoryIndex.empty();
  assert.ok(index.begin(undefined));
  for (let at = 1; at < 100_001; at += 5_000) assert.ok(index.put([], rows(at, at + 5_000)));
  assert.equal(missing(index, 100_001), 0);
  index.mark({ logId: 100_000, chain: "c" });

  const restarted = index.asAfterKill();
  assert.ok(restarted.begin({ logId: 100_000, chain: "c" }));
  assert.equal(missing(restarted, 100_001), 0);
  assert.ok(restarted.put([], rows(90_001, 140_001)), "some are there already");
  assert.equal(missing(restarted, 140_001), 0);
  assert.deepEqual(restarted.idsOf(row(95_000)[0]), [95_000], "once");
  assert.deepEqual(restarted.idsOf(row(150_000)[0]), []);
  assert.ok(restarted.begin(undefined));
  assert.deepEqual(restarted.idsOf(row(1)[0]), []);
});

Deno.test("id table: two entries of one hash are both found", () => {
  const index = MemoryIndex.empty();
  assert.ok(index.begin(undefined));
  const largest = 2 ** 53 - 1;
  assert.ok(index.put([], [[7, 1], [7, 2], [0, 3], [largest, 4]]));
  for (let at = 10; at < 50_010; at += 5_000) assert.ok(index.put([], rows(at, at + 5_000)));
  assert.deepEqual(index.idsOf(7), [1, 2]);
  assert.deepEqual(index.idsOf(0), [3]);
  assert.deepEqual(index.idsOf(largest), [4]);
});

Deno.test("hash filter: added hashes are reported, and few others", () => {
  const filter = new HashFilter();
  assert.equal(filter.mayHave(0), false);
  for (const [hash] of rows(1, 100_001)) filter.add(hash);
  for (const hash of [0, 2 ** 53 - 1]) filter.add(hash);
  for (const [hash] of rows(1, 100_001)) assert.ok(filter.mayHave(hash));
  for (const hash of [0, 2 ** 53 - 1]) assert.ok(filter.mayHave(hash));
  const wrong = rows(200_001, 300_001).filter(([hash]) => filter.mayHave(hash)).length;
  assert.ok(wrong < 100, `${wrong} of 100,000`);
});
