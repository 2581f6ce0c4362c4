/** A journal that is opened on a disk without any room: it is read, and written once there is some. */

import assert from "node:assert/strict";
import { deriveCondition } from "../../src/core/condition.ts";
import { taskId } from "../../src/core/ids.ts";
import { findTask } from "../../src/core/job_state.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { JournalUnusableError } from "../../src/journal/errors.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { withoutBlankEnd } from "../support/journal/blank_end.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import { overwritten } from "../support/journal/journal_memory_disk.ts";
import { facts } from "../support/journal/journal_events.ts";
import { SmallDisk } from "./small_disk.ts";
import { looseJob } from "../support/engine/loose_job.ts";

const SEGMENT = "journal/segments/00000000000000000001.ndjson";
const TORN = new TextEncoder().encode('\n{"logId":9');

function optionsOn(disk: SmallDisk, random = new FakeRandom()) {
  const clock = new FakeClock();
  const warnings: string[] = [];
  return {
    ...{ folder: "journal", fileSystem: disk, clock, random, reserveBytes: 4_096, warnings },
    warn: (message: string) => void warnings.push(message),
  };
}

/** The journal after a kill in the middle of a batch, on a disk that was filled up since. */
async function fullDisk(before: (disk: SmallDisk) => Promise<void>): Promise<SmallDisk> {
  const disk = new SmallDisk();
  await before(disk);
  const left = disk.copy();
  const full = new SmallDisk();
  left.files.copyTo(full.files);
  for (const name of ["", "/segments", "/snapshots", "/quarantine"]) {
    await full.makeFolder(`journal${name}`);
  }
  const segment = withoutBlankEnd(full.files.get(SEGMENT) ?? new Uint8Array());
  full.files.set(SEGMENT, overwritten(segment, segment.length, TORN));
  full.files.delete("journal/reserve");
  full.leave(0);
  return full;
}

async function writeSome(disk: SmallDisk): Promise<void> {
  const options = { ...optionsOn(disk), consumer: new RememberingConsumer() };
  const { journal } = await FileJournal.open(options);
  for (let batch = 0; batch < 3; batch++) await journal.append(facts(2)).durable;
}

Deno.test("start without room: everything is read, nothing is accepted, and nothing is left on the disk", async () => {
  const disk = await fullDisk(writeSome);
  const before = new Map(disk.files);
  const options = optionsOn(disk);
  const { journal, report } = await FileJournal.open({
    ...options,
    consumer: new RememberingConsumer(),
  });
  assert.deepEqual([report.clean, report.recoveredLogId, report.quarantine], [false, null, null]);
  assert.equal((await journal.read(0, 100)).length, 7);
  for (const urgency of ["ordinary", "vital"] as const) {
    assert.equal(journal.full(urgency), true);
    assert.throws(() => journal.append(facts(1), urgency), JournalFullError);
  }
  for (let second = 0; second < 3; second++) {
    options.clock.pass(1_000);
    await options.clock.settle();
  }
  assert.match(options.warnings.join("\n"), /^the disk is full[^\n]*$/);
  await journal.close();
  assert.deepEqual(new Map(disk.files), before);
});

Deno.test("start without room: once there is some, the torn tail is set aside, which is recorded first", async () => {
  const disk = await fullDisk(writeSome);
  const options = optionsOn(disk);
  const consumer = new RememberingConsumer();
  const { journal } = await FileJournal.open({ ...options, consumer });
  // Room for what is set aside, but not for the reserve: a part is done already.
  disk.leave(TORN.length + 100);
  options.clock.pass(1_000);
  await options.clock.settle();
  assert.throws(() => journal.append(facts(1), "vital"), JournalFullError);

  disk.capacity = Infinity;
  options.clock.pass(1_000);
  await options.clock.settle(100);
  await journal.append(facts(1)).durable;
  const [recovered, sealed, fact] = (await journal.read(7, 10)).map((entry) => entry);
  assert.equal(recovered?.eventType, "journal.Recovered");
  assert.equal(recovered?.attributes["bytesQuarantined"], TORN.length);
  assert.equal(sealed?.eventType, "journal.Sealed");
  assert.equal(fact?.logId, 10);
  const aside = [...disk.files.keys()].filter((path) => path.startsWith("journal/quarantine/"));
  assert.deepEqual(aside, [`journal/${recovered?.attributes["quarantine"]}`]);
  assert.deepEqual(disk.files.get(aside[0] ?? ""), TORN);
  assert.deepEqual([...disk.files.keys()].filter((path) => path.endsWith(".tmp")), []);
  await journal.close();
  const again = await FileJournal.open({
    ...optionsOn(disk),
    consumer: new RememberingConsumer(),
  });
  assert.equal(again.report.clean, true);
  await again.journal.close();
});

Deno.test("start without room: without a reserve it is refused, because nothing would check for room", async () => {
  const disk = await fullDisk(writeSome);
  const opening = FileJournal.open({
    ...optionsOn(disk),
    reserveBytes: 0,
    consumer: new RememberingConsumer(),
  });
  await assert.rejects(opening, (error) => {
    assert.ok(error instanceof JournalUnusableError);
    assert.match(error.message, /^Cannot write to journal: the disk is full/);
    return true;
  });
});

Deno.test("start without room: jobs are shown as they are, and continue once there is some", async () => {
  let calls = 0;
  const slow = looseJob("test.slow", (ctx) =>
    ctx.task(
      "wait",
      () => ++calls === 1 ? new Promise<number>(() => {}) : Promise.resolve(calls),
    ));
  const work = { definitions: [slow as never], maxRunning: 2 };
  let jobId = "" as never;
  const disk = await fullDisk(async (disk) => {
    const options = optionsOn(disk);
    const { engine } = await engineOnFiles({ ...options, ...work });
    const created = await engine.create({ type: "test.slow", input: {} });
    assert.ok(created.ok);
    jobId = created.value.job.jobId as never;
    await options.clock.settle(100);
    assert.equal(calls, 1);
  });
  const options = optionsOn(disk, new FakeRandom("02J"));
  const { engine } = await engineOnFiles({ ...options, ...work });
  const job = () => engine.job(jobId) ?? assert.fail("the job is gone");
  assert.equal(deriveCondition(job()), "executing");
  await assert.rejects(engine.create({ type: "test.slow", input: {} }), JournalFullError);
  await options.clock.advance(5_000);
  assert.equal(calls, 1);

  disk.capacity = Infinity;
  await options.clock.advance(5_000);
  assert.equal(job().state, "Done");
  assert.equal(findTask(job(), taskId("wait"))?.attempts, 2);
});
