/** Invariant 2: the journal is append-only. */

import assert from "node:assert/strict";
import { withoutBlankEnd } from "../support/journal/journal_bytes.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import { bytesOf, MemoryDisk, segmentPaths } from "../support/journal/journal_memory_disk.ts";
import { engineOn } from "../support/journal/journal_of_jobs.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { incoming } from "../support/engine/incoming.ts";

/** Of all segments, without the newlines that are written ahead. */
function contentOf(disk: MemoryDisk): ReadonlyMap<string, Uint8Array> {
  const finished = segmentPaths(disk).filter((path) => path.endsWith(".ndjson"));
  return new Map(finished.map((path) => [path, withoutBlankEnd(bytesOf(disk, path))]));
}

Deno.test("append-only: batches, full segments, snapshots, stops, kills and starts change no byte on record", async () => {
  const memory = new MemoryDisk();
  const disk = new TestDisk(memory);
  let before = contentOf(memory);
  let grown = 0;
  disk.before = (operation, path) => {
    const now = contentOf(memory);
    for (const [segment, bytes] of before) {
      const kept = now.get(segment)?.subarray(0, bytes.length);
      assert.deepEqual(kept, bytes, `${segment} before ${operation} ${path}`);
      if ((now.get(segment)?.length ?? 0) > bytes.length) grown++;
    }
    before = now;
  };

  for (const [round, random] of ["01A", "01B", "01C"].map((ids) => new FakeRandom(ids)).entries()) {
    const { engine, clock, stop } = await engineOn(disk, random, { snapshotEvery: 20 });
    for (let order = 1; order <= 4; order++) {
      const orderId = `${round}-${order}`;
      await engine.create({ type: "test.parcel", input: { orderId } });
      await engine.create({ type: "test.doomed", input: {} });
      await clock.settle();
      await engine.deliver([incoming("shop.ParcelShipped", { orderId })]);
      await clock.settle();
    }
    // The second process is killed.
    if (round === 1) disk.crash();
    else await stop();
  }
  assert.ok(before.size > 3, `${before.size} segments`);
  assert.ok(grown > 20, `they grew ${grown} times`);
});
