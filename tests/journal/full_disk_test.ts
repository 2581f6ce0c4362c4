/** A journal on a disk without room: its start, its reserve, and its return once there is room. */

import assert from "node:assert/strict";
import type { OpenFile, OpenMode } from "../../src/journal/files/file_system.ts";
import { noSpace } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { overwritten } from "../support/damage/power_nodes.ts";
import { deriveCondition } from "../../src/core/condition.ts";
import { taskId } from "../../src/core/ids.ts";
import { findTask } from "../../src/core/job_state.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { JournalUnusableError } from "../../src/journal/errors.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import { withoutBlankEnd } from "../support/journal/journal_bytes.ts";
import { engineOnFiles } from "../support/engine/engine_on_files.ts";
import { FakeClock, FakeRandom } from "../support/fake_clock.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import type { FileJournalOptions } from "../../src/journal/options.ts";

/** A disk in memory that can be full, or limit the size of each file. */
class SmallDisk extends MemoryDisk {
  /** Bytes of all files together. */
  capacity = Infinity;
  /** Bytes of one file. */
  fileBytesMax = Infinity;

  /** Leaves room for this many more bytes. */
  leave(bytes: number): void {
    this.capacity = this.#used() + bytes;
  }

  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await super.open(path, mode);
    return { ...file, write: (offset, bytes) => this.#write(file, offset, bytes) };
  }

  /** Overwriting needs no room. */
  async #write(file: OpenFile, offset: number, bytes: Uint8Array): Promise<void> {
    const size = await file.size();
    const room = Math.min(this.capacity - this.#used(), this.fileBytesMax - size);
    const fitting = Math.max(0, size + Math.max(0, room) - offset);
    await file.write(offset, bytes.subarray(0, fitting));
    if (fitting < bytes.length) throw noSpace();
  }

  #used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

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
  for (const [path, bytes] of left.files) full.files.set(path, bytes);
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

const RESERVE_BYTES = 20_000;
/** The room that must be free beside the reserve before it is recreated. */
const MARGIN_BYTES = 64 * 1024;

class Scene {
  readonly clock = new FakeClock();
  readonly consumer = new RememberingConsumer();
  readonly warnings: string[] = [];

  constructor(readonly disk = new SmallDisk()) {}

  async open(options: Partial<FileJournalOptions> = {}): Promise<FileJournal> {
    const { journal } = await FileJournal.open({
      folder: "journal",
      fileSystem: this.disk,
      clock: this.clock,
      random: new FakeRandom(),
      consumer: this.consumer,
      reserveBytes: RESERVE_BYTES,
      warn: (message) => this.warnings.push(message),
      ...options,
    });
    return journal;
  }

  /** A journal that has just found no room; other files use up what was written ahead. */
  async full(options: Partial<FileJournalOptions> = {}): Promise<FileJournal> {
    const journal = await this.open(options);
    await journal.append(facts(2)).durable;
    this.disk.leave(100);
    const before = this.segmentBytes;
    await assert.rejects(journal.append([large()]).durable, JournalFullError);
    this.disk.capacity -= before - this.segmentBytes;
    await this.clock.settle();
    return journal;
  }

  get segmentBytes(): number {
    return this.disk.files.get("journal/segments/00000000000000000001.ndjson")?.length ?? 0;
  }

  get reserve(): number | undefined {
    return this.disk.files.get("journal/reserve")?.length;
  }

  async types(journal: FileJournal): Promise<readonly string[]> {
    return (await journal.read(0, 100)).map(({ eventType }) => eventType);
  }
}

const large = () => fact({ text: "x".repeat(RESERVE_BYTES) });

Deno.test("reserve: on a full disk only vital entries are recorded, and reads continue", async () => {
  const scene = new Scene();
  const journal = await scene.full();

  assert.equal(journal.full("ordinary"), true);
  assert.equal(scene.reserve, undefined, "it was given up");
  assert.throws(() => journal.append(facts(1)), JournalFullError);
  await journal.append(facts(3), "vital").durable;
  assert.equal((await journal.read(0, 100)).length, journal.head.logId);
  assert.deepEqual(scene.warnings.length, 1);
  await journal.close();
});

Deno.test("reserve: a group without room is rejected, and vital appends succeed when repeated", async () => {
  const scene = new Scene();
  const journal = await scene.open();
  await journal.append(facts(1)).durable;
  scene.disk.leave(100);
  const ordinary = journal.append([large()]).durable;
  const vital = journal.append(facts(1), "vital").durable;
  await Promise.all([ordinary, vital].map((each) => assert.rejects(each, JournalFullError)));
  await journal.append(facts(1), "vital").durable;
  await journal.close();
});

Deno.test("reserve: when there is room again it is recreated automatically, and everything is accepted", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await scene.clock.advance(5_000);
  assert.equal(journal.full("ordinary"), true, "it is still full");
  assert.equal(scene.reserve, undefined);

  scene.disk.leave(RESERVE_BYTES + MARGIN_BYTES + 10_000);
  await scene.clock.advance(1_000);

  assert.equal(journal.full("ordinary"), false);
  assert.equal(scene.reserve, RESERVE_BYTES);
  await journal.append(facts(1)).durable;
  const [probe] = (await journal.read(0, 100)).filter(({ attributes }) =>
    "reason" in attributes && attributes["reason"] === "room"
  );
  assert.equal(probe?.eventType, "journal.Sealed", "what proved it is on record");
  assert.equal(scene.warnings.at(-1), "there is room on the disk again");
  await journal.close();
});

Deno.test("reserve: the seal that proves that there is room is not followed by another", async () => {
  const scene = new Scene();
  const journal = await scene.full({ quietSealMs: 5_000 });
  await journal.append(facts(1), "vital").durable;
  scene.disk.leave(RESERVE_BYTES + MARGIN_BYTES + 10_000);
  await scene.clock.advance(20_000);

  assert.deepEqual((await scene.types(journal)).slice(-2), [
    "ec.order.OrderPlaced",
    "journal.Sealed",
  ]);
  await journal.close();
});

Deno.test("reserve: room for the reserve alone is not enough", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  scene.disk.leave(RESERVE_BYTES + 1_000);
  await scene.clock.advance(1_000);
  assert.equal(journal.full("ordinary"), true);
  assert.equal(scene.reserve, undefined);
  await journal.close();
});

Deno.test("reserve: while a segment may not grow, room for the reserve is not enough", async () => {
  const scene = new Scene();
  const journal = await scene.open();
  await journal.append(facts(1)).durable;
  scene.disk.fileBytesMax = scene.segmentBytes;
  await assert.rejects(journal.append([large()]).durable, JournalFullError);
  scene.disk.fileBytesMax = scene.segmentBytes;
  for (let second = 0; second < 3; second++) {
    await scene.clock.advance(1_000);
    assert.equal(journal.full("ordinary"), true);
    assert.throws(() => journal.append(facts(1)), JournalFullError);
  }
  scene.disk.fileBytesMax = Infinity;
  await scene.clock.advance(1_000);
  assert.equal(journal.full("ordinary"), false);
  await journal.close();
});

Deno.test("reserve: when it is used up vital entries are rejected too, and nothing is lost", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await journal.append(facts(1), "vital").durable;
  assert.equal(journal.full("vital"), false);
  await assert.rejects(journal.append([large()], "vital").durable, JournalFullError);
  assert.equal(journal.full("vital"), true);
  const { logId } = journal.head;
  await journal.append(facts(1), "vital").durable;
  assert.equal(journal.head.logId, logId + 1);
  await journal.close();

  const next = new Scene(scene.disk);
  scene.disk.capacity = Infinity;
  const reopened = await next.open();
  assert.equal(next.consumer.entries.length, reopened.head.logId);
  assert.ok(reopened.head.logId > logId);
  await reopened.close();
});

Deno.test("reserve: a stop on a full disk uses it for the seal, so the next start is clean", async () => {
  const scene = new Scene();
  const journal = await scene.full();
  await journal.close();

  const next = new Scene(scene.disk);
  const reopened = await next.open();
  assert.equal((await reopened.info()).lastRecovery.clean, true);
  assert.equal(reopened.full("ordinary"), true, "there is no room to make it again");
  assert.throws(() => reopened.append(facts(1)), JournalFullError);
  assert.equal((await next.types(reopened)).length, reopened.head.logId);
  scene.disk.capacity = Infinity;
  await next.clock.advance(1_000);
  assert.equal(reopened.full("ordinary"), false);
  await reopened.close();
});

Deno.test("reserve: no snapshot is written into its released room", async () => {
  const scene = new Scene();
  const journal = await scene.full({ snapshotEvery: 3 });
  await journal.append(facts(10), "vital").durable;
  await scene.clock.settle();
  const snapshots = () =>
    [...scene.disk.files.keys()].filter((path) => path.includes("snapshots/"));
  assert.deepEqual(snapshots(), []);
  scene.disk.capacity = Infinity;
  await scene.clock.advance(1_000);
  await journal.append(facts(1)).durable;
  await journal.close();
  assert.ok(snapshots().length > 0);
});

Deno.test("reserve: a partial one, or one of another size, is recreated", async () => {
  const scene = new Scene();
  await (await scene.open()).close();
  scene.disk.files.set("journal/reserve", new Uint8Array(77));
  const journal = await scene.open();
  assert.equal(scene.reserve, RESERVE_BYTES);
  await journal.close();
});

Deno.test("reserve: a folder of its name is refused", async () => {
  const scene = new Scene();
  await scene.disk.makeFolder("journal/reserve");
  await assert.rejects(scene.open(), JournalUnusableError);
});

Deno.test("reserve: without one every append is tried, and the last result decides", async () => {
  const scene = new Scene();
  const journal = await scene.full({ reserveBytes: 0 });
  assert.equal(journal.full("ordinary"), true);
  await assert.rejects(journal.append(facts(1)).durable, JournalFullError);
  scene.disk.capacity = Infinity;
  await journal.append(facts(1)).durable;
  assert.equal(journal.full("ordinary"), false);
  await journal.close();
});
