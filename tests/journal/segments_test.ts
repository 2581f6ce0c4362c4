import assert from "node:assert/strict";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { proven, SEGMENTS, SIDECARS, startOn } from "../support/journal/sidecar_journal.ts";

testWithFolder("file journal: a segment that is full is followed by another", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer, { segmentBytes: 1000 });
  const chains = [""];
  for (let round = 0; round < 6; round++) {
    await journal.append(facts(1)).durable;
    chains.push(journal.head.chain);
  }
  const openings = consumer.entries.filter(({ eventType }) =>
    eventType === "journal.SegmentOpened"
  );
  assert.ok(openings.length >= 2);
  assert.deepEqual(
    await folder.names("segments"),
    openings.map(({ logId }) => `${String(logId).padStart(20, "0")}.ndjson`),
  );
  for (const { logId, attributes } of openings.slice(1)) {
    const batch = consumer.batches.findIndex(([first]) => first?.logId === logId);
    assert.deepEqual(attributes, { formatVersion: 2, previousChain: chains[batch] });
  }
  for (const { bytes } of (await journal.info()).segments.slice(0, -1)) assert.ok(bytes >= 1000);
  await journal.close();
});

testWithFolder(
  "file journal: a batch that waits knows whether it begins a segment",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { segmentBytes: 1000 });
    await journal.append(facts(1)).durable;
    folder.hold();
    const inFlight = journal.append(facts(4));
    await folder.disk.held;
    const waiting = journal.append(facts(1));
    assert.deepEqual(waiting.entries.map(({ logId }) => logId), [8], "7 is journal.SegmentOpened");
    folder.release();
    await Promise.all([inFlight.durable, waiting.durable]);
    assert.equal(consumer.entries[6]?.eventType, "journal.SegmentOpened");
    await journal.close();
  },
);

testWithFolder(
  "file journal: a new segment and its name are on disk before its first batch",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 500 });
    await journal.append(facts(2)).durable;
    folder.disk.forget();
    await journal.append(facts(1)).durable;
    const path = `${folder.path}/segments/00000000000000000004.ndjson`;
    assert.deepEqual(folder.disk.operations, [
      `create ${path}`,
      `sync ${path}`,
      `syncFolder ${folder.path}/segments`,
      `write ${path}`,
      `syncData ${path}`,
    ]);
    await journal.close();
  },
);

testWithFolder("file journal: a batch is one write and one sync", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  // The second one waits until the newlines after the first are on disk.
  for (let batch = 0; batch < 2; batch++) await journal.append(facts(1)).durable;
  folder.disk.forget();
  await Promise.all(Array.from({ length: 4 }, () => journal.append(facts(1)).durable));
  const path = `${folder.path}/segments/00000000000000000001.ndjson`;
  assert.deepEqual(folder.disk.operations, [`write ${path}`, `syncData ${path}`]);
  await journal.close();
});

testWithFolder(
  "file journal: a batch that is large enough is followed by another",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { batchBytesMax: 5000 });
    await journal.append(facts(1)).durable;
    const large = journal.append([fact({ text: "x".repeat(20_000) }), fact()]);
    const others = Array.from({ length: 40 }, () => journal.append(facts(1)));
    await Promise.all([large, ...others].map(({ durable }) => durable));
    const sizes = consumer.batches.slice(1).map(({ length }) => length);
    assert.equal(sizes[0], 2, "a group is never split, and one too large is a batch of its own");
    assert.ok(sizes.length >= 3, `${sizes}`);
    assert.equal(sizes.reduce((sum, size) => sum + size, 0), 42);
    await journal.close();
  },
);

testWithFolder(
  "file journal: after a crash the active segment is copied to a fresh file",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    const path = `${folder.path}/segments/00000000000000000001.ndjson`;
    const before = await folder.written("segments/00000000000000000001.ndjson");
    const { ino } = await Deno.stat(path);
    folder.crash();
    folder.disk.forget();
    const reopened = await folder.open(new RememberingConsumer());
    assert.notEqual((await Deno.stat(path)).ino, ino);
    assert.deepEqual((await Deno.readFile(path)).subarray(0, before.length), before);
    const steps = folder.disk.operations.filter((each) => each.includes("/segments"));
    // It is verified meanwhile, and only then replaced.
    assert.ok(steps.lastIndexOf(`read ${path}`) < steps.indexOf(`rename ${path}`));
    const changes = steps.filter((each) => !each.startsWith("read "));
    const copying = changes.indexOf(`create ${path}.tmp`);
    assert.deepEqual(
      changes.slice(copying, copying + 7),
      [
        `create ${path}.tmp`,
        `write ${path}.tmp`,
        `sync ${path}.tmp`,
        `rename ${path}`,
        `syncFolder ${folder.path}/segments`,
        `write ${path}`,
        `syncData ${path}`,
      ],
    );
    await reopened.journal.close();
  },
);

testWithFolder(
  "file journal: a large segment is copied four mebibytes at a time",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    const pad = "x".repeat(3 * 1024 * 1024);
    for (const n of [1, 2, 3]) await journal.append([fact({ n, pad })]).durable;
    const name = "segments/00000000000000000001.ndjson";
    const before = await folder.written(name);
    folder.crash();
    folder.disk.forget();
    const reopened = await folder.open(new RememberingConsumer());
    assert.deepEqual((await folder.written(name)).subarray(0, before.length), before);
    const write = `write ${folder.path}/${name}.tmp`;
    assert.equal(folder.disk.operations.filter((each) => each === write).length, 3);
    await reopened.journal.close();
  },
);

testWithFolder(
  "file journal: after a clean stop the active segment is copied too, because its last sync may have failed",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    folder.failNextSync(); // That of the seal, which is read back all the same.
    await journal.close();
    const path = `${folder.path}/segments/00000000000000000001.ndjson`;
    const { ino } = await Deno.stat(path);
    const reopened = await folder.open(new RememberingConsumer());
    assert.equal(reopened.report.clean, true);
    await reopened.journal.append(facts(1)).durable;
    assert.notEqual((await Deno.stat(path)).ino, ino);
    await reopened.journal.close();
  },
);

testWithFolder(
  "file journal: the name of a segment left by a crashed process is on disk before it is used",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    await journal.close();
    const { logId } = journal.head;
    const path = `${folder.path}/segments/${String(logId + 1).padStart(20, "0")}.ndjson`;
    await Deno.writeFile(path, new Uint8Array());
    folder.disk.forget();
    const reopened = await folder.open(new RememberingConsumer());
    assert.ok(folder.disk.operations.includes(`syncFolder ${folder.path}/segments`));
    await reopened.journal.append(facts(1)).durable;
    assert.ok((await Deno.stat(path)).size > 0);
    await reopened.journal.close();
  },
);

testWithFolder(
  "file journal: a start that records nothing leaves the last stop clean",
  async (folder) => {
    // The seal opens a new segment, so that the next stop takes a snapshot of it.
    const options = { segmentBytes: 1 };
    const { journal } = await folder.open(new RememberingConsumer(), options);
    await journal.append(facts(1)).durable;
    await journal.close();
    for (let round = 0; round < 3; round++) {
      const { journal, report } = await folder.open(new RememberingConsumer(), options);
      assert.equal(report.clean, true, `round ${round}`);
      await journal.close();
    }
  },
);

testWithFolder(
  "file journal: entries are read across segments, from disk and from memory",
  async (folder) => {
    const options = { segmentBytes: 1200 };
    const before = new RememberingConsumer();
    const { journal } = await folder.open(before, options);
    for (let round = 0; round < 10; round++) await journal.append(facts(1 + round % 3)).durable;
    await journal.close();
    const after = new RememberingConsumer();
    const { journal: reopened } = await folder.open(after, options);
    for (let round = 0; round < 5; round++) await reopened.append(facts(2)).durable;
    const all = after.entries;
    assert.ok((await folder.names("segments")).length > 4);
    assert.deepEqual(await reopened.read(0, 1000), all);
    for (let start = 0; start < all.length; start += 3) {
      assert.deepEqual(await reopened.read(start, 7), all.slice(start, start + 7));
    }
    const some = all.filter(({ logId }) => logId % 4 === 1);
    assert.deepEqual(await reopened.readAt(some.map(({ logId }) => logId)), some);
    await reopened.close();
  },
);

testWithFolder("file journal: recent entries are read from memory", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  for (let round = 0; round < 10; round++) await journal.append(facts(2)).durable;
  folder.disk.forget();
  assert.equal((await journal.read(4, 10)).length, 10);
  assert.equal((await journal.readAt([2, 9])).length, 2);
  assert.deepEqual(folder.disk.operations, []);
  await journal.close();
});

testWithFolder(
  "file journal: reading a few entries costs a few reads, whatever the size",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(Array.from({ length: 400 }, (_, n) => fact({ n, pad: "x".repeat(500) })))
      .durable;
    await journal.close();
    const { journal: reopened } = await folder.open(new RememberingConsumer());
    folder.disk.forget();
    const found = await reopened.readAt([5, 6, 7, 390]);
    assert.deepEqual(found.map(({ logId }) => logId), [5, 6, 7, 390]);
    const reads = folder.disk.operations.filter((each) => each.startsWith("read"));
    assert.equal(reads.length, 2, "one for the neighbours, one for the other");
    await reopened.close();
  },
);

testWithFolder(
  "file journal: an entry of any segment costs one small read, from the first on",
  async (folder) => {
    const options = { segmentBytes: 100_000 };
    const { journal } = await folder.open(new RememberingConsumer(), options);
    for (let round = 0; round < 60; round++) {
      await journal.append(Array.from({ length: 10 }, (_, n) => fact({ n, pad: "x".repeat(500) })))
        .durable;
    }
    await journal.close();
    const { journal: reopened } = await folder.open(new RememberingConsumer(), options);
    assert.ok((await folder.names("segments")).length > 3);
    for (const logId of [1, 5, 150, 151, 400, 600]) {
      folder.disk.forget();
      assert.deepEqual((await reopened.readAt([logId])).map((entry) => entry.logId), [logId]);
      assert.equal(folder.disk.operations.length, 1, folder.disk.operations.join());
      assert.ok(folder.disk.bytesRead < 10_000, `${folder.disk.bytesRead} bytes`);
    }
    await reopened.close();
  },
);

testWithFolder("file journal: entries are located without reading the disk", async (folder) => {
  const options = { segmentBytes: 2_000 };
  const { journal } = await folder.open(new RememberingConsumer(), options);
  for (let round = 0; round < 30; round++) await journal.append(facts(2)).durable;
  await journal.close();
  const { journal: reopened, report } = await folder.open(new RememberingConsumer(), options);
  assert.ok((report.snapshotLogId ?? 0) > 60, "including what a snapshot covers");
  folder.disk.forget();
  const { segments } = await reopened.info();
  const firsts = segments.map(({ firstLogId }) => firstLogId);
  assert.ok(firsts.length > 3);
  assert.deepEqual(
    await reopened.locate(firsts),
    segments.map(({ name, firstLogId }) => ({ logId: firstLogId, segment: name, line: 2 })),
  );
  assert.equal(folder.disk.bytesRead, 0);
  await reopened.close();
});

// Segments that are gone although other files prove that they were there.

/** A cleanly stopped journal of several segments, each full one with its sidecar. */
async function stopped(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const first = await startOn(disk);
  while ((await first.journal.info()).segments.length < 5) {
    await first.journal.append(facts(3)).durable;
  }
  await proven(first);
  await first.journal.close();
  return disk;
}

async function remove(disk: MemoryDisk, folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await disk.remove(`${folder}/${name}`);
}

async function refusal(
  disk: MemoryDisk,
  options: Parameters<typeof startOn>[1] = {},
): Promise<string> {
  try {
    await startOn(disk, options);
  } catch (error) {
    assert.ok(error instanceof JournalDamagedError, String(error));
    assert.equal(error.exitCode, 78);
    return error.message;
  }
  return "it started";
}

async function segmentsOf(disk: MemoryDisk): Promise<readonly string[]> {
  return (await disk.list(SEGMENTS)).toSorted();
}

for (const missing of [1, 2, 5]) {
  Deno.test(`lost segments: with the last ${missing} of 5 removed, the start names what a sidecar proves, until that is accepted`, async () => {
    const disk = await stopped();
    const names = await segmentsOf(disk);
    assert.equal((await disk.list(SIDECARS)).length, 4);
    await remove(disk, SEGMENTS, names.slice(5 - missing));
    await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));

    for (let times = 0; times < 2; times++) {
      const message = await refusal(disk);
      assert.match(
        message,
        missing === 5 ? /there are no segments, but/ : /the journal ends at logId/,
      );
      const full = missing === 1 ? "this segment" : `segment ${names[3]}, which is missing,`;
      assert.ok(message.includes(`shows that ${full} was full`), message);
      assert.match(message, /acknowledged entries are lost, logId \d+ to \d+ or more/);
      assert.match(message, /--accept-snapshot-ahead continues without them/);
    }
    const accepted = await startOn(disk, { acceptSnapshotAhead: true });
    await accepted.journal.append(facts(1)).durable;
    await accepted.journal.close();
    assert.equal(await refusal(disk), "it started");
  });
}

Deno.test("lost segments: a damaged sidecar proves nothing", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, (await segmentsOf(disk)).slice(1));
  await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));
  for (const name of await disk.list(SIDECARS)) {
    const file = await disk.open(`${SIDECARS}/${name}`, "write");
    await file.write(20, new TextEncoder().encode("x"));
    file.close();
  }
  assert.equal(await refusal(disk), "it started");
});

Deno.test("lost segments: without any cache the rest of a journal starts, as it always did", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, (await segmentsOf(disk)).slice(3));
  await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));
  await remove(disk, SIDECARS, await disk.list(SIDECARS));
  assert.equal(await refusal(disk), "it started");
});

Deno.test("lost segments: a snapshot proves that a folder without segments is no new journal", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, await segmentsOf(disk));
  await remove(disk, SIDECARS, await disk.list(SIDECARS));
  assert.match(await refusal(disk), /snapshot \d+\.snapshot covers logId \d+, but/);
});
