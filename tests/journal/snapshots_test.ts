import assert from "node:assert/strict";
import type { JournalHead } from "../../src/engine/ports.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { Snapshots } from "../../src/journal/write/snapshots.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { inputOutputError, noSpace } from "../support/journal/journal_disk.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

/** A closed journal with two snapshots, and what a consumer saw of it. */
async function withSnapshots(folder: JournalFolder): Promise<RememberingConsumer> {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  await journal.append(facts(5)).durable;
  await journal.close();
  const { journal: reopened } = await folder.open(new RememberingConsumer());
  const second = new RememberingConsumer();
  await reopened.close();
  const { journal: third } = await folder.open(second);
  await third.append(facts(5)).durable;
  await third.close();
  return second;
}

async function flip(folder: JournalFolder, file: string, offset: number): Promise<void> {
  const bytes = await folder.read(file);
  bytes[offset] = (bytes[offset] ?? 0) ^ 4;
  await folder.write(file, bytes);
}

testWithFolder("snapshots: the newest two are kept", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer(), { snapshotEvery: 3 });
  for (let round = 0; round < 5; round++) {
    // The last step: old snapshots are searched, and from the third on there is one.
    const written = folder.disk.done(round < 2 ? "list" : "remove");
    await journal.append(facts(3)).durable;
    await written;
  }
  await journal.close();
  const names = await folder.names("snapshots");
  assert.deepEqual(names, ["00000000000000000013.snapshot", "00000000000000000016.snapshot"]);
});

testWithFolder(
  "snapshots: if their folder is deleted while a process runs, the next one creates it",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    await Deno.remove(`${folder.path}/snapshots`, { recursive: true });
    await journal.close();
    assert.deepEqual(await folder.names("snapshots"), ["00000000000000000004.snapshot"]);
    assert.deepEqual(folder.warnings, []);
  },
);

testWithFolder("snapshots: a name appears only when the whole file is on disk", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(3)).durable;
  folder.disk.forget();
  await journal.close();
  const path = `${folder.path}/snapshots/00000000000000000004.snapshot`;
  const steps = folder.disk.operations.filter((each) => each.includes("/snapshots"));
  assert.deepEqual(steps, [
    `makeFolder ${folder.path}/snapshots`,
    `create ${path}.tmp`,
    `write ${path}.tmp`,
    `write ${path}.tmp`,
    `sync ${path}.tmp`,
    `rename ${path}`,
    `syncFolder ${folder.path}/snapshots`,
  ]);
});

testWithFolder(
  "snapshots: one that covers the seal of a clean stop leaves the next start clean",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer(), { snapshotEvery: 1 });
    await journal.append(facts(1)).durable;
    await journal.close();
    const consumer = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(consumer);
    assert.equal(report.snapshotLogId, 3);
    assert.equal(report.clean, true);
    assert.equal(report.recoveredLogId, null);
    assert.equal(reopened.head.logId, 3);
    await reopened.close();
  },
);

testWithFolder(
  "snapshots: a large one is written in slices, and others run in between",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append([fact({ text: "x".repeat(900_000) }), fact({ text: "y".repeat(900_000) })])
      .durable;
    const before = folder.clock.turns;
    await journal.close();
    assert.ok(folder.clock.turns - before >= 2, `${folder.clock.turns - before} turns`);
  },
);

testWithFolder(
  "snapshots: one covers the entries at its moment, whatever comes after",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { snapshotEvery: 4 });
    const written = folder.disk.done("syncFolder");
    await journal.append(facts(3)).durable;
    await journal.append(facts(3)).durable;
    await written;
    folder.crash();
    const after = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(after);
    assert.equal(report.snapshotLogId, 4);
    assert.equal(after.restored, 4);
    assert.deepEqual(after.entries.slice(0, 7), consumer.entries);
    await reopened.close();
  },
);

testWithFolder(
  "snapshots: a damaged one is set aside and the older one is used",
  async (folder) => {
    const seen = await withSnapshots(folder);
    const [older = "", newer = ""] = await folder.names("snapshots");
    await flip(folder, `snapshots/${newer}`, 300);
    const consumer = new RememberingConsumer();
    const { journal, report } = await folder.open(consumer);
    assert.deepEqual(consumer.entries, seen.entries);
    assert.ok(consumer.restored > 0 && consumer.replayed > 5);
    assert.equal(report.snapshotLogId, consumer.restored);
    assert.deepEqual(report.warnings, [
      `Set aside snapshot ${newer}: the content does not match its sha256`,
    ]);
    assert.deepEqual(folder.warnings, report.warnings);
    assert.deepEqual(await folder.names("snapshots"), [older, `${newer}.damaged`]);
    await journal.close();
  },
);

for (
  const [reason, error] of [
    ["the disk cannot read it", inputOutputError()],
    ["it is larger than what memory holds", new RangeError("Array buffer allocation failed")],
  ] as const
) {
  testWithFolder(`snapshots: one is set aside when ${reason}`, async (folder) => {
    const seen = await withSnapshots(folder);
    const [older = "", newer = ""] = await folder.names("snapshots");
    folder.disk.fail({ operation: "read", path: newer, error });
    const consumer = new RememberingConsumer();
    const { journal, report } = await folder.open(consumer);
    assert.deepEqual(consumer.entries, seen.entries);
    assert.deepEqual(report.warnings, [
      `Set aside snapshot ${newer}: it cannot be read: ${error.message}`,
    ]);
    assert.deepEqual(await folder.names("snapshots"), [older, `${newer}.damaged`]);
    await journal.close();
  });
}

testWithFolder(
  "snapshots: one that cannot be read, nor renamed, does not stop a start",
  async (folder) => {
    const seen = await withSnapshots(folder);
    const [, newer = ""] = await folder.names("snapshots");
    folder.disk.fail({ operation: "read", path: newer, error: inputOutputError() });
    folder.disk.fail({ operation: "rename", path: newer, error: inputOutputError() });
    const consumer = new RememberingConsumer();
    const { journal, report } = await folder.open(consumer);
    assert.deepEqual(consumer.entries, seen.entries);
    assert.match(report.warnings.join(), /nor could it be set aside/);
    await journal.close();
  },
);

testWithFolder(
  "snapshots: one is read in pieces, so that its size has no limit",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    const texts = [1, 2, 3].map((part) => fact({ text: `${part}`.repeat(1_000_000) }));
    await journal.append(texts).durable;
    await journal.close();
    folder.disk.forget();
    const consumer = new RememberingConsumer();
    const { journal: reopened } = await folder.open(consumer);
    assert.ok(consumer.restored > 0);
    const reads = folder.disk.operations.filter((each) => /^read .*snapshot$/.test(each));
    assert.ok(reads.length >= 4, `${reads.length} reads`);
    await reopened.close();
  },
);

testWithFolder("snapshots: without a good one everything is replayed", async (folder) => {
  const seen = await withSnapshots(folder);
  const [older = "", newer = ""] = await folder.names("snapshots");
  await flip(folder, `snapshots/${older}`, 3);
  const bytes = await folder.read(`snapshots/${newer}`);
  for (const size of [0, 1, 100, bytes.length - 1]) {
    await folder.write(`snapshots/${newer}`, bytes.subarray(0, size));
    const consumer = new RememberingConsumer();
    const { journal, report } = await folder.open(consumer);
    assert.equal(report.snapshotLogId, null, `cut to ${size}`);
    assert.equal(consumer.replayed, seen.entries.length);
    assert.deepEqual(consumer.entries, seen.entries);
    folder.crash();
    assert.ok(journal.head.logId > 0);
  }
});

testWithFolder(
  "snapshots: one that the consumer cannot use is left alone, with a warning",
  async (folder) => {
    const seen = await withSnapshots(folder);
    const names = await folder.names("snapshots");
    // A command has no caches, and most snapshots rely on them.
    for (const caches of [{ known: () => undefined }, {}]) {
      const consumer = Object.assign(new RememberingConsumer(), { canRestore: false, ...caches });
      const { journal, report } = await folder.open(consumer);
      assert.deepEqual(consumer.entries.slice(0, seen.entries.length), seen.entries);
      assert.equal(report.warnings.length, "known" in caches ? 2 : 0);
      folder.crash();
      assert.deepEqual(await folder.names("snapshots"), names);
      assert.equal(journal.head.logId, consumer.entries.length);
    }
  },
);

testWithFolder(
  "snapshots: one ahead of the journal prevents the start, unless that is accepted",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(2)).durable;
    const before = await folder.read("segments/00000000000000000001.ndjson");
    await journal.append(facts(2)).durable;
    await journal.close();
    await folder.write("segments/00000000000000000001.ndjson", before);
    await assert.rejects(folder.open(new RememberingConsumer()), (error) => {
      assert.ok(error instanceof JournalDamagedError);
      assert.equal(error.logId, 5);
      assert.match(error.message, /acknowledged entries are lost/);
      return true;
    });
    assert.deepEqual(await folder.read("segments/00000000000000000001.ndjson"), before);
    const consumer = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(consumer, {
      acceptSnapshotAhead: true,
    });
    assert.equal(consumer.restored, 0);
    assert.equal(consumer.replayed, 3);
    assert.equal(report.warnings.length, 1);
    await reopened.close();
    assert.ok((await folder.names("snapshots")).includes("00000000000000000005.snapshot.ahead"));
  },
);

testWithFolder(
  "snapshots: a torn tail before the position of a snapshot is damage, and nothing is cut",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(2)).durable;
    await journal.append(facts(2)).durable;
    const whole = await folder.written("segments/00000000000000000001.ndjson");
    await journal.close();
    const torn = whole.subarray(0, whole.length - 5);
    await folder.write("segments/00000000000000000001.ndjson", torn);
    await assert.rejects(folder.open(new RememberingConsumer()), JournalDamagedError);
    assert.deepEqual(await folder.read("segments/00000000000000000001.ndjson"), torn);
    assert.deepEqual(await folder.names("quarantine"), []);
  },
);

testWithFolder("snapshots: one of another history prevents the start", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(2)).durable;
  await journal.close();
  const [name = ""] = await folder.names("snapshots");
  const snapshot = await folder.read(`snapshots/${name}`);
  await Deno.remove(folder.path, { recursive: true });
  const other = await folder.open(new RememberingConsumer());
  await other.journal.append(facts(2)).durable;
  await other.journal.close();
  await folder.write(`snapshots/${name}`, snapshot);
  await assert.rejects(folder.open(new RememberingConsumer()), /belongs to another history/);
});

testWithFolder(
  "snapshots: one that cannot be written is dropped with a warning",
  async (folder) => {
    const seen = await withSnapshots(folder);
    const names = await folder.names("snapshots");
    for (
      const [operation, error] of [["write", noSpace()], ["sync", inputOutputError()]] as const
    ) {
      folder.warnings.length = 0;
      const { journal } = await folder.open(new RememberingConsumer());
      await journal.append(facts(1)).durable;
      folder.disk.fail({ operation, path: "/snapshots/", error });
      await journal.close();
      assert.equal(folder.warnings.length, 1);
      assert.match(folder.warnings[0] ?? "", /^Cannot write snapshot of logId \d+: /);
      assert.deepEqual(await folder.names("snapshots"), names);
    }
    const consumer = new RememberingConsumer();
    const { journal, report } = await folder.open(consumer);
    assert.equal(report.clean, true);
    assert.deepEqual(consumer.entries.slice(0, seen.entries.length), seen.entries);
    await journal.close();
  },
);

testWithFolder("snapshots: with all of them deleted the entries are the same", async (folder) => {
  const seen = await withSnapshots(folder);
  for (const name of await folder.names("snapshots")) {
    await Deno.remove(`${folder.path}/snapshots/${name}`);
  }
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  assert.deepEqual(consumer.entries, seen.entries);
  await journal.close();
});

/** A closed journal of several segments, and the head after each of its batches. */
async function withHeads(folder: JournalFolder): Promise<readonly JournalHead[]> {
  const heads: JournalHead[] = [];
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 2_000 });
  for (let batch = 0; batch < 8; batch++) {
    await journal.append(facts(3)).durable;
    heads.push(journal.head);
  }
  await journal.close();
  assert.ok((await folder.names("segments")).length > 2);
  return heads;
}

/** Starts with a consumer whose caches have this point. Returns up to where it was to keep them. */
async function keptOf(
  folder: JournalFolder,
  point: JournalHead | undefined,
  canRestore = true,
) {
  const kept: JournalHead[] = [];
  let asked = 0;
  const consumer: RememberingConsumer = Object.assign(new RememberingConsumer(), {
    canRestore,
    known: () => undefined,
    point: () => (asked++, point),
    keep: (point: JournalHead) => {
      assert.equal(consumer.entries.length, 0, "before anything is replayed");
      kept.push(point);
    },
  });
  const { journal } = await folder.open(consumer);
  folder.crash();
  assert.equal(consumer.entries.length, journal.head.logId);
  return { kept, asked, replayed: consumer.replayed };
}

testWithFolder(
  "snapshots: without one that can be used, caches are kept up to their point, if it is a head of the journal",
  async (folder) => {
    const heads = await withHeads(folder);
    const [first, second] = heads;
    const last = heads.at(-1);
    assert.ok(first && second && last);
    const others = [
      undefined,
      { ...last, logId: last.logId + 100 },
      { ...last, logId: last.logId - 1 },
      { ...last, chain: first.chain },
      { ...second, chain: "" },
      { logId: 0, chain: "" },
    ];
    for (const point of [...heads, ...others]) {
      const { kept, replayed } = await keptOf(folder, point, false);
      assert.deepEqual(kept, others.includes(point) ? [] : [point]);
      assert.ok(replayed > last.logId, "every entry is replayed");
    }
    assert.equal((await keptOf(folder, last)).asked, 0, "there is a snapshot");
    for (const name of await folder.names("snapshots")) await flip(folder, `snapshots/${name}`, 90);
    assert.deepEqual((await keptOf(folder, last)).kept, [last]);
  },
);

/** The positions of the snapshots of a journal of 200,000 entries, each of so many characters. */
async function takenOf(
  characters: number,
  every: number,
  openedAt = 0,
): Promise<readonly number[]> {
  const taken: number[] = [];
  const snapshots = new Snapshots({
    every,
    last: null,
    openedAt,
    capture: () => ["x".repeat(characters)],
    write({ logId }, lines) {
      taken.push(logId);
      return Promise.resolve([...lines].join());
    },
    warn: (message) => assert.fail(message),
  });
  snapshots.takeWhenDue({ logId: openedAt + 1, chain: "" });
  for (let logId = openedAt + 5_000; logId <= 200_000; logId += 5_000) {
    snapshots.takeWhenDue({ logId, chain: "" });
    await snapshots.settled();
  }
  return taken;
}

Deno.test("snapshots: a small one is taken sooner, since there is less to replay then", async () => {
  assert.deepEqual((await takenOf(1_000, 100_000)).slice(0, 3), [25_000, 50_000, 75_000]);
  assert.deepEqual(await takenOf(1_800_000, 100_000), [25_000, 85_000, 145_000]);
  assert.deepEqual(await takenOf(9_000_000, 100_000), [25_000, 125_000]);
  assert.deepEqual(await takenOf(9_000_000, 10_000), await takenOf(1_000, 10_000));
  assert.deepEqual(await takenOf(1_000, 1_000_000_000), []);
  // After a start that replayed so many entries, which it does not delay.
  assert.deepEqual((await takenOf(1_000, 100_000, 20_000)).slice(0, 2), [25_000, 50_000]);
  assert.deepEqual((await takenOf(1_000, 100_000, 90_000)).slice(0, 2), [95_000, 120_000]);
});
