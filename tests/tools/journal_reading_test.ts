import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { JournalReading } from "../../src/tools/journal_reading.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

/** Reads the journal, and returns everything shown. */
async function begin(folder: JournalFolder) {
  const shown: JobEventLogEntry[] = [];
  const shares: number[] = [];
  const reading = await JournalReading.begin(new DenoFileSystem(), folder.path, {
    refuse: () => undefined,
    replay: (entry) => void shown.push(entry),
    progress: (done, total) => shares.push(done / total),
  });
  return { reading, shown, shares };
}

testWithFolder(
  "journal reading: it shows everything while another process has the lock",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { segmentBytes: 500 });
    for (let batch = 0; batch < 4; batch++) await journal.append(facts(2)).durable;

    const { reading, shown, shares } = await begin(folder);

    assert.ok((await folder.names("segments")).length > 1);
    assert.deepEqual(shown, consumer.entries);
    assert.deepEqual(reading.head, journal.head);
    const logIds = shown.map(({ logId }) => logId);
    assert.deepEqual(await reading.readAt([1, 3, logIds.length]), [
      shown[0],
      shown[2],
      shown.at(-1),
    ]);
    assert.deepEqual(await reading.locate(logIds), await journal.locate(logIds));
    await assert.rejects(() => reading.locate([logIds.length + 1]), RangeError);
    assert.deepEqual(shares, shares.toSorted((left, right) => left - right));
    assert.equal(shares.at(-1), 1);
  },
);

testWithFolder("journal reading: entries written meanwhile are not included", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await journal.append(facts(2)).durable;
  const segment = `segments/${(await folder.names("segments"))[0]}`;
  const whole = await folder.written(segment);
  folder.crash();
  await folder.write(segment, whole.subarray(0, whole.length - 20));
  const { reading, shown } = await begin(folder);
  // A start cuts the torn tail, and continues from there.
  const { journal: restarted } = await folder.open(new RememberingConsumer());
  await restarted.append(facts(2)).durable;

  assert.equal(reading.head.logId, 3);
  assert.deepEqual(await reading.readAt([1, 2, 3]), shown);
  await assert.rejects(reading.readAt([4]), RangeError);
});

testWithFolder("journal reading: other files beside the segments are skipped", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await folder.write("segments/00000000000000000009.ndjson.tmp", new Uint8Array());
  await folder.write("segments/notes.txt", new Uint8Array());
  assert.deepEqual((await begin(folder)).reading.head, journal.head);
});

testWithFolder("journal reading: a link instead of a segment is refused", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  const [segment = ""] = await folder.names("segments");
  await Deno.symlink(segment, `${folder.path}/segments/00000000000000000003.ndjson`);
  await assert.rejects(begin(folder), {
    name: "ForeignFileError",
    message: /it is a symbolic link, not a file$/,
  });
});

testWithFolder("journal reading: damage and a missing journal are reported", async (folder) => {
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

testWithFolder("file journal: it says at which position a group would begin", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 1_000 });
  for (let group = 0; group < 6; group++) {
    const expected = journal.nextLogId;
    const { entries, durable } = journal.append(facts(2));
    await durable;
    assert.equal(entries[0]?.logId, expected);
  }
  assert.ok((await folder.names("segments")).length > 1);
});
