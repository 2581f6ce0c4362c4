/** When a sync may block the event loop: only while a single job is running. */

import assert from "node:assert/strict";
import { jobId } from "../../src/core/ids.ts";
import type { FileJournal } from "../../src/journal/file_journal.ts";
import { fact, RememberingConsumer } from "../support/journal/journal_events.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

const OTHER = jobId("job_other");

async function afterQuietBatches(folder: JournalFolder) {
  const { journal } = await folder.open(new RememberingConsumer());
  for (let batch = 0; batch < 20; batch++) await journal.append([fact()]).durable;
  folder.disk.forget();
  return journal;
}

testWithFolder(
  "sync policy: the first batches of one job are synced on another thread",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    for (let batch = 0; batch < 10; batch++) await journal.append([fact()]).durable;
    assert.deepEqual(folder.disk.heldUp, Array(10).fill(false));
    await journal.close();
  },
);

testWithFolder(
  "sync policy: after many batches of one job a sync blocks the loop",
  async (folder) => {
    const journal = await afterQuietBatches(folder);
    await journal.append([fact(), fact()]).durable;
    assert.deepEqual(folder.disk.heldUp, [true]);
    await journal.close();
  },
);

testWithFolder("sync policy: a batch of two jobs ends it", async (folder) => {
  const journal = await afterQuietBatches(folder);
  await journal.append([fact(), { ...fact(), jobId: OTHER }]).durable;
  await journal.append([fact()]).durable;
  assert.deepEqual(folder.disk.heldUp, [true, false]);
  await journal.close();
});

testWithFolder("sync policy: what is appended during a sync ends it", async (folder) => {
  const journal = await afterQuietBatches(folder);
  folder.disk.hold();
  const first = journal.append([fact()]);
  await folder.disk.held;
  const second = journal.append([{ ...fact(), jobId: OTHER }]);
  folder.release();
  await Promise.all([first.durable, second.durable]);
  assert.deepEqual(folder.disk.heldUp, [true, false]);
  await journal.close();
});

testWithFolder(
  "sync policy: a disk that takes 5 ms is not waited for again until 16 syncs in a row were quick",
  async (folder) => {
    const journal = await afterQuietBatches(folder);
    await slowly(folder, journal, 5);
    for (let batch = 0; batch < 17; batch++) await journal.append([fact()]).durable;
    const quick = Array(16).fill(false);
    assert.deepEqual(folder.disk.heldUp, [true, ...quick, true]);
    await journal.close();
  },
);

testWithFolder(
  "sync policy: when syncs have blocked the loop for 5 ms, the next does not",
  async (folder) => {
    const journal = await afterQuietBatches(folder);
    for (let batch = 0; batch < 7; batch++) await slowly(folder, journal, 2);
    assert.deepEqual(folder.disk.heldUp, [true, true, true, false, true, true, true]);
    await journal.close();
  },
);

async function slowly(
  folder: JournalFolder,
  journal: FileJournal,
  ms: number,
): Promise<void> {
  folder.disk.hold();
  const { durable } = journal.append([fact()]);
  await folder.disk.held;
  await folder.clock.advance(ms);
  folder.release();
  await durable;
}
