import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { DenoFileSystem } from "../../src/journal/deno_file_system.ts";
import { JournalReading } from "../../src/journal/journal_reading.ts";
import { RememberingConsumer } from "../support/journal_consumer.ts";
import { facts } from "../support/journal_events.ts";
import { type JournalFolder, testWithFolder } from "../support/journal_folder.ts";

/** Reads what is there, and gives all that was shown. */
async function begin(folder: JournalFolder) {
  const shown: JobEventLogEntry[] = [];
  const viewer = {
    refuse: () => undefined,
    replay: (entry: JobEventLogEntry) => void shown.push(entry),
  };
  const reading = await JournalReading.begin(new DenoFileSystem(), folder.path, viewer);
  return { reading, shown, viewer };
}

testWithFolder("journal reading: shows all, while another has the lock", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer, { segmentBytes: 500 });
  for (let batch = 0; batch < 4; batch++) await journal.append(facts(2)).durable;

  const { reading, shown } = await begin(folder);

  assert.ok((await folder.names("segments")).length > 1);
  assert.deepEqual(shown, consumer.entries);
  assert.deepEqual(reading.head, journal.head);
  const last = journal.head.logId;
  assert.deepEqual(await reading.readAt([1, 3, last]), await journal.readAt([1, 3, last]));
});

testWithFolder("journal reading: what is written meanwhile is no part of it", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await journal.append(facts(2)).durable;
  const segment = `segments/${(await folder.names("segments"))[0]}`;
  const whole = await folder.read(segment);
  folder.crash();
  await folder.write(segment, whole.subarray(0, whole.length - 20));
  const { reading, shown, viewer } = await begin(folder);
  const first = shown.splice(0);
  // A start cuts the tail that was torn, and writes on from there.
  const { journal: restarted } = await folder.open(new RememberingConsumer());
  await restarted.append(facts(2)).durable;

  await reading.again(viewer);

  assert.equal(reading.head.logId, 3);
  assert.deepEqual(shown, first);
  await assert.rejects(reading.readAt([4]), RangeError);
});

testWithFolder("journal reading: damage is told, and a missing journal", async (folder) => {
  await assert.rejects(begin(folder), { name: "JournalUnusableError" });
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await journal.append(facts(2)).durable;
  const segment = `segments/${(await folder.names("segments"))[0]}`;
  const bytes = await folder.read(segment);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await folder.write(segment, bytes);

  await assert.rejects(begin(folder), { name: "JournalDamagedError", exitCode: 78 });
});

testWithFolder("file journal: says which position a group would begin with", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 1_000 });
  for (let group = 0; group < 6; group++) {
    const expected = journal.nextLogId;
    const { entries, durable } = journal.append(facts(2));
    await durable;
    assert.equal(entries[0]?.logId, expected);
  }
  assert.ok((await folder.names("segments")).length > 1);
});
