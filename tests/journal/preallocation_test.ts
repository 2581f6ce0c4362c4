/**
 * Newlines ahead of the batches: when they are written, overwritten and cut, and how they are
 * distinguished from batches.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import { writtenBytes } from "../../src/journal/read/segment_listing.ts";
import { withBlankEnd, withoutBlankEnd } from "../support/journal/journal_bytes.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { inputOutputError, noSpace } from "../support/journal/journal_disk.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";
import { bytesOf, lastSegment, MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { openOn, sampleJournal, startOn } from "../support/damage/journal_sweep.ts";
import { until } from "../support/until.ts";

const SEGMENT = "segments/00000000000000000001.ndjson";
const LEAST = 4 * 1024;
const MOST = 1024 * 1024;
const large = (length: number) => [fact({ text: "x".repeat(length) })];

/** Bytes of batches in the first segment, and of newlines after them. */
async function measured(folder: JournalFolder) {
  const [file, batches] = [await folder.read(SEGMENT), await folder.written(SEGMENT)];
  return { batches: batches.length, ahead: file.length - batches.length };
}

/** A real disk writes them in the background: it may be in the middle of that. */
async function aheadOnceWritten(folder: JournalFolder, least: number): Promise<number> {
  await until(
    `${least} bytes are written ahead`,
    async () => (await measured(folder)).ahead >= least,
  );
  return (await measured(folder)).ahead;
}

testWithFolder(
  "preallocation: a segment is written ahead by its own size, within bounds",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    assert.equal((await folder.read(SEGMENT)).length, 0, "nothing before the first batch");
    for (
      const [length, least, most] of [[10, LEAST, LEAST], [50_000, 50_000, 52_000], [
        2e6,
        MOST,
        MOST,
      ]]
    ) {
      await journal.append(large(length ?? 0)).durable;
      await folder.clock.settle();
      const ahead = await aheadOnceWritten(folder, least ?? 0);
      assert.ok(ahead >= (least ?? 0) && ahead <= (most ?? 0), `${ahead} bytes after ${length}`);
    }
    const [segment] = (await journal.info()).segments;
    assert.equal(segment?.bytes, (await measured(folder)).batches, "newlines do not count");
    await journal.close();
  },
);

testWithFolder(
  "preallocation: batches overwrite newlines, and the file does not grow",
  async (folder) => {
    const consumer = new RememberingConsumer();
    const { journal } = await folder.open(consumer);
    await journal.append(facts(1)).durable;
    await folder.clock.settle();
    const { length } = await folder.read(SEGMENT);
    for (let batch = 0; batch < 4; batch++) await journal.append(facts(1)).durable;
    const sealed = Promise.withResolvers<void>();
    consumer.onDurable = () => sealed.resolve();
    folder.clock.pass(1_000); // The seal of a quiet second leaves them there.
    await sealed.promise;
    assert.deepEqual(consumer.entries.at(-1)?.attributes, { reason: "quiet" });
    assert.equal((await folder.read(SEGMENT)).length, length);
    await journal.close();
    assert.equal((await measured(folder)).ahead, 0, "a stop cuts");
  },
);

testWithFolder("preallocation: it does not exceed the size of a full segment", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 1_500 });
  for (let batch = 0; batch < 9; batch++) {
    await journal.append(facts(1)).durable;
    await folder.clock.settle();
    const names = await folder.names("segments");
    for (const name of names) {
      const bytes = await folder.read(`segments/${name}`);
      const written = withoutBlankEnd(bytes).length;
      const isActive = name === names.at(-1);
      assert.equal(bytes.length, isActive ? Math.max(written, 1_500) : written, name);
    }
  }
  assert.ok((await folder.names("segments")).length > 1);
  await journal.close();
});

testWithFolder(
  "preallocation: after a kill the newlines do not count as lost bytes, and are not copied",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(2)).durable;
    await folder.clock.settle();
    folder.crash();
    const { batches } = await measured(folder);
    folder.disk.before = (operation, path) => {
      if (operation !== "rename" || !path.includes("/segments/")) return;
      assert.equal(Deno.statSync(`${path}.tmp`).size, batches);
    };
    const { journal: reopened, report } = await folder.open(new RememberingConsumer());
    assert.deepEqual([report.clean, report.bytesQuarantined, report.quarantine], [false, 0, null]);
    folder.disk.before = () => {};
    await reopened.close();

    const stopped = await folder.read(SEGMENT);
    await folder.write(SEGMENT, withBlankEnd(stopped, LEAST));
    const third = await folder.open(new RememberingConsumer());
    assert.equal(
      third.report.clean,
      true,
      "a kill between the last seal and the cut is a clean stop",
    );
    await third.journal.close();
  },
);

testWithFolder(
  "preallocation: without room batches are appended, until there is some again",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    folder.disk.fail({ operation: "write", path: SEGMENT, error: noSpace(), bytesWritten: 0 });
    await assert.rejects(journal.append(facts(1)).durable, JournalFullError);
    await journal.append(facts(1)).durable;
    await folder.clock.settle();
    assert.equal((await measured(folder)).ahead, 0, "it was full a moment ago");
    while ((await measured(folder)).batches < 2 * LEAST) await journal.append(facts(2)).durable;
    await folder.clock.settle();
    assert.ok((await measured(folder)).ahead > 0);
    await journal.close();
  },
);

testWithFolder("preallocation: newlines that found room are used", async (folder) => {
  const consumer = new RememberingConsumer();
  const { journal } = await folder.open(consumer);
  failWriteAhead(folder, noSpace());
  await journal.append(facts(1)).durable;
  await folder.clock.settle();
  assert.equal((await measured(folder)).ahead, 700);
  for (let batch = 0; batch < 5; batch++) await journal.append(facts(1)).durable;
  assert.deepEqual(consumer.failures, []);
  await journal.close();
});

for (const operation of ["write", "sync"] as const) {
  testWithFolder(
    `preallocation: a ${operation} that fails otherwise ends the journal`,
    async (folder) => {
      const consumer = new RememberingConsumer();
      const { journal } = await folder.open(consumer);
      if (operation === "write") failWriteAhead(folder, inputOutputError());
      else folder.disk.fail({ operation, path: SEGMENT, error: inputOutputError() });
      await journal.append(facts(1)).durable;
      await assert.rejects(journal.append(facts(1)).durable, (error) => {
        assert.ok(error instanceof JournalFailedError);
        assert.match(
          error.message,
          /cannot preallocate in segment 0+1\.ndjson: Input\/output error/,
        );
        return true;
      });
      assert.equal(consumer.failures.length, 1);
      folder.disk.forget();
      await journal.close();
      const touched = folder.disk.operations.filter((each) => each.includes(SEGMENT));
      assert.deepEqual(touched, [], "nothing is tried again on a file that failed");
    },
  );
}

testWithFolder(
  "preallocation: a stop that cannot truncate says so, and loses nothing",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    await folder.clock.settle();
    folder.disk.fail({ operation: "truncate", path: SEGMENT, error: inputOutputError() });
    await journal.close();
    assert.match(
      folder.warnings.join(),
      /^Cannot remove the blank lines at the end of segment 0+1/,
    );
    const { journal: reopened, report } = await folder.open(new RememberingConsumer());
    assert.equal(report.clean, true);
    await reopened.close();
  },
);

Deno.test("preallocation: after a hole of newlines the data may begin in the middle of a line", async () => {
  const disk = new MemoryDisk();
  const { journal } = await openOn(disk, new RememberingConsumer());
  await journal.append(facts(2)).durable;
  const nested = { logId: 900, batch: 900, note: "as a line begins" };
  await journal.append([fact({ quoted: [{ n: 1 }, nested] }), fact()]).durable;
  const path = lastSegment(disk);
  const bytes = Buffer.from(withoutBlankEnd(bytesOf(disk, path)));
  const [start, end] = [bytes.lastIndexOf("\n\n") + 1, bytes.indexOf('{"logId":900')];
  bytes.fill("\n", start, end);
  for (const ahead of [0, LEAST]) {
    const copy = disk.copy();
    copy.files.set(path, withBlankEnd(bytes, ahead));
    const started = await startOn(copy);
    if (started instanceof Error) assert.fail(started.message);
    assert.equal(started.report.bytesQuarantined, bytes.length - start);
  }
});

Deno.test("preallocation: a whole line after a hole belongs to an acknowledged batch, so it is damage", async () => {
  const { disk } = await sampleJournal("crash");
  const path = lastSegment(disk);
  const bytes = Buffer.from(bytesOf(disk, path));
  const [first, last] = [bytes.indexOf("\n\n") + 1, bytes.lastIndexOf("\n\n") + 1];
  bytes.fill("\n", first, last);
  disk.files.set(path, withBlankEnd(bytes, LEAST));
  const started = await startOn(disk);
  assert.ok(started instanceof Error);
  assert.match(started.message, /, and a whole line of batch \d+ is at byte \d+/);
});

Deno.test("preallocation: the last written byte is found, however far it is from the end", async () => {
  const disk = new MemoryDisk();
  for (const text of ["", "\n", "x", "\nx\n", "\nx"]) {
    for (const ahead of [0, 1, 65_535, 65_536, 200_000]) {
      disk.files.set("file", withBlankEnd(new TextEncoder().encode(text), ahead));
      const written = text.trimEnd().length === 0 ? 0 : text.trimEnd().length + 1;
      const expected = Math.min(written, text.length + ahead);
      assert.equal(
        await writtenBytes(await disk.open("file", "read")),
        expected,
        `${text} ${ahead}`,
      );
    }
  }
});

/** The write of newlines after the next batch fails, with some of them written. */
function failWriteAhead(folder: JournalFolder, error: Error): void {
  let writes = 0;
  folder.disk.before = (operation, path) => {
    if (operation !== "write" || !path.includes(SEGMENT) || ++writes !== 2) return;
    folder.disk.fail({ operation, path, error, bytesWritten: 700 });
  };
}
