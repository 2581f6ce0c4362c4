import assert from "node:assert/strict";
import { type Journal, JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import { writeAll } from "../../src/journal/files/deno_file_system.ts";
import { isOutOfRoom } from "../../src/journal/errors.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { inputOutputError, noDescriptor, noSpace } from "../support/journal/journal_disk.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

/** The second batch comes when the newlines after the first are on disk. */
async function appendTwice(journal: Journal): Promise<void> {
  for (let batch = 0; batch < 2; batch++) await journal.append(facts(1)).durable;
}

const SEGMENT = "segments/00000000000000000001.ndjson";

testWithFolder("file journal: a write without room is truncated away", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  await journal.append(facts(2)).durable;
  const before = await folder.written(SEGMENT);
  folder.disk.fail({ operation: "write", error: noSpace(), bytesWritten: 150 });
  await assert.rejects(journal.append(facts(1)).durable, JournalFullError);
  assert.deepEqual(await folder.read(SEGMENT), before);
  assert.equal(journal.head.logId, 3);
  await journal.append(facts(2)).durable;
  assert.equal(journal.head.logId, 5);
  assert.deepEqual(consumer.failures, []);
  await journal.close();
  assert.equal((await readIndependently(folder.path)).entries.length, 6);
});

testWithFolder(
  "file journal: without room everything that waits is rejected too",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    folder.disk.fail({ operation: "write", error: noSpace() });
    const inFlight = journal.append(facts(1));
    await Promise.resolve().then(() => {});
    const waiting = [journal.append(facts(1)), journal.append(facts(1))];
    for (const { durable } of [inFlight, ...waiting]) {
      await assert.rejects(
        durable,
        JournalFullError,
      );
    }
    assert.deepEqual(journal.append(facts(1)).entries.map(({ logId }) => logId), [3]);
    await journal.close();
  },
);

testWithFolder(
  "file journal: a write that fails otherwise ends the journal, and is truncated away",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    await journal.append(facts(2)).durable;
    const before = await folder.written(SEGMENT);
    folder.disk.fail({ operation: "write", error: inputOutputError(), bytesWritten: 33 });
    await assert.rejects(journal.append(facts(1)).durable, (error) => {
      assert.ok(error instanceof JournalFailedError);
      assert.match(error.message, /^Cannot record entries from logId 4 on: .*Input\/output error/);
      assert.match(error.message, /unknown until the next start/);
      return true;
    });
    assert.deepEqual(await folder.read(SEGMENT), before);
    assert.equal(consumer.failures.length, 1);
    assert.throws(() => journal.append(facts(1)), JournalFailedError);
    await journal.close();
  },
);

testWithFolder(
  "file journal: the part of a batch that a full disk accepted is removed before the next is written",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await appendTwice(journal);
    folder.disk.forget();
    folder.failNextForRoom();
    await assert.rejects(journal.append(facts(3)).durable, JournalFullError);
    await journal.append(facts(3)).durable;
    const path = `${folder.path}/segments/00000000000000000001.ndjson`;
    assert.deepEqual(
      folder.disk.operations,
      ["write", "truncate", "sync", "write", "syncData"].map((name) => `${name} ${path}`),
    );
    await journal.close();
  },
);

testWithFolder("file journal: if the truncation fails too, the journal ends", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  await journal.append(facts(2)).durable;
  folder.disk.fail({ operation: "write", error: noSpace(), bytesWritten: 33 });
  folder.disk.fail({ operation: "truncate", error: inputOutputError() });
  await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
  assert.equal(consumer.failures.length, 1);
  await journal.close();
  const reopened = await folder.open(new RememberingConsumer());
  assert.equal(reopened.report.bytesQuarantined, 33 + "\n".length);
  await reopened.journal.close();
});

testWithFolder(
  "file journal: a failed sync is not retried, and nothing is sealed",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    await appendTwice(journal);
    folder.disk.forget();
    folder.failNextSync();
    await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
    folder.clock.pass(10_000);
    await journal.close();
    const syncs = folder.disk.operations.filter((each) => each.startsWith("sync"));
    assert.equal(syncs.length, 1);
    assert.equal(consumer.entries.length, 3);
  },
);

testWithFolder(
  "file journal: after a failed sync the next start finds what reached the disk",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(2)).durable;
    folder.failNextSync();
    await assert.rejects(journal.append(facts(1)).durable, JournalFailedError);
    await journal.close();
    const consumer = new RememberingConsumer();
    const reopened = await folder.open(consumer);
    assert.equal(reopened.report.clean, false);
    assert.equal(consumer.entries.length, 5, "the batch was written, so it counts");
    await reopened.journal.close();
  },
);

testWithFolder("file journal: no room for a new segment is not a failure", async (folder) => {
  for (const operation of ["create", "write"] as const) {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer, { segmentBytes: 500 });
    await journal.append(facts(3)).durable;
    const { logId } = journal.head;
    folder.disk.fail({ operation, error: noSpace(), bytesWritten: 50 });
    await assert.rejects(journal.append(facts(1)).durable, JournalFullError, operation);
    const { entries, durable } = journal.append(facts(1));
    await durable;
    assert.equal(entries[0]?.logId, logId + 2, "after journal.SegmentOpened");
    assert.deepEqual(consumer.failures, []);
    await journal.close();
  }
  await readIndependently(folder.path);
});

testWithFolder(
  "file journal: no descriptor for a new segment, or for its folder, is not a failure",
  async (folder) => {
    for (const operation of ["create", "syncFolder"] as const) {
      const consumer = new RememberingConsumer();
      const { journal } = await folder.open(consumer, { segmentBytes: 500 });
      await journal.append(facts(3)).durable;
      const { logId } = journal.head;
      folder.disk.fail({ operation, error: noDescriptor() });
      await assert.rejects(journal.append(facts(1)).durable, (error) => {
        assert.ok(error instanceof JournalFullError, operation);
        assert.match(error.message, /^Cannot create segment .*: no file descriptor is left\./);
        return true;
      });
      const { entries, durable } = journal.append(facts(1));
      await durable;
      assert.equal(entries[0]?.logId, logId + 2, "after journal.SegmentOpened");
      assert.deepEqual(consumer.failures, []);
      await journal.close();
    }
    await readIndependently(folder.path);
  },
);

testWithFolder(
  "file journal: a failed sync of a new segment or its folder ends the journal",
  async (folder) => {
    for (const operation of ["sync", "syncFolder"] as const) {
      for (const error of [inputOutputError(), noSpace()]) {
        const consumer = new RememberingConsumer();
        const { journal } = await folder.open(consumer, { segmentBytes: 500 });
        await journal.append(facts(3)).durable;
        folder.disk.fail({ operation, error });
        await assert.rejects(journal.append(facts(1)).durable, JournalFailedError, operation);
        assert.equal(consumer.failures.length, 1);
        await journal.close();
      }
    }
  },
);

testWithFolder(
  "file journal: a consumer that throws ends the journal, and no caller is left waiting",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    consumer.onDurable = () => {
      throw new Error("a mistake in the engine");
    };
    await assert.rejects(journal.append(facts(1)).durable, /a mistake in the engine/);
    assert.equal(consumer.failures.length, 1);
    await journal.close();
  },
);

testWithFolder(
  "file journal: a seal without room is retried after another quiet second",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    await appendTwice(journal);
    folder.disk.fail({ operation: "write", error: noSpace() });
    const cutBack = folder.disk.done("sync");
    folder.clock.pass(1000);
    await cutBack;
    await folder.clock.settle();
    assert.equal(journal.head.logId, 3);
    const sealed = Promise.withResolvers<void>();
    consumer.onDurable = () => sealed.resolve();
    folder.clock.pass(1000);
    await sealed.promise;
    assert.deepEqual(consumer.entries.at(-1)?.attributes, { reason: "quiet" });
    await journal.close();
  },
);

Deno.test("deno file system: a short write continues until everything is written", async () => {
  const written: number[] = [];
  const file = {
    write(bytes: Uint8Array): Promise<number> {
      const part = bytes.subarray(0, 3);
      written.push(...part);
      return Promise.resolve(part.length);
    },
  };
  await writeAll(file, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]));
  assert.deepEqual(written, [1, 2, 3, 4, 5, 6, 7, 8]);
  await assert.rejects(writeAll({ write: () => Promise.resolve(0) }, Uint8Array.from([1])));
});

Deno.test("errors: a full disk, a quota, a limit on file size and no descriptor count as lack of room", async () => {
  assert.equal(isOutOfRoom(noSpace()), true);
  assert.equal(isOutOfRoom(new Error("Disk quota exceeded (os error 122)")), true);
  assert.equal(isOutOfRoom(Object.assign(new Error("x"), { code: "EFBIG" })), true);
  assert.equal(isOutOfRoom(noDescriptor()), true);
  assert.equal(isOutOfRoom(new Error("Too many open files in system (os error 23)")), true);
  assert.equal(isOutOfRoom(inputOutputError()), false);
  assert.equal(isOutOfRoom("text"), false);
  const full = await Deno.open("/dev/full", { write: true });
  try {
    await full.write(new Uint8Array(10));
    assert.fail("the device is always full");
  } catch (error) {
    assert.equal(isOutOfRoom(error), true);
  } finally {
    full.close();
  }
});
