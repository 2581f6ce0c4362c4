/** A journal that several processes share: each folder is a copy, and one process appends. */

import assert from "node:assert/strict";
import { JournalFailedError } from "../../src/engine/ports.ts";
import {
  DamagedLogError,
  type LeadListener,
  LostHistoryError,
  NewerEntryError,
  OtherJournalError,
  OvertakenError,
} from "../../src/journal/write/shared_log.ts";
import { fact, facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { until } from "../support/until.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { withoutBlankEnd } from "../support/journal/journal_bytes.ts";
import { noSpace, TestDisk } from "../support/journal/journal_disk.ts";
import { bytesOf, MemoryDisk, textAt } from "../support/journal/journal_memory_disk.ts";
import { SharedLogDouble, sharing } from "../support/journal/shared_log_double.ts";
import { namesIn, SEGMENTS, type Started, startOn } from "../support/journal/sidecar_journal.ts";

async function lead(log: SharedLogDouble, disk: MemoryDisk, writer: string): Promise<Started> {
  const started = await startOn(disk, { shared: sharing(log, writer) });
  await started.journal.lead();
  return started;
}

/** Another process leads until `release` is called. */
async function follow(log: SharedLogDouble, disk: FileSystem = new MemoryDisk(), reserveBytes = 0) {
  let mayLead = false;
  const take = () => Promise.resolve(mayLead ? "ended" as const : undefined);
  const shared = sharing(log, "follower", { take });
  const started = await startOn(disk, { shared, reserveBytes });
  const led = started.journal.lead();
  return { ...started, led, release: () => mayLead = true };
}

/** Several segments, whose last batch is not a seal: the leader died. */
async function ledUntilItDied(log: SharedLogDouble): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await lead(log, disk, "first");
  for (let batch = 0; batch < 12; batch++) await journal.append(facts(3)).durable;
  return disk.copy();
}

/** Without the newlines that are written ahead. */
function segmentsOf(disk: MemoryDisk): readonly string[] {
  return namesIn(disk, SEGMENTS).map((name) => textAt(disk, `${SEGMENTS}/${name}`).trimEnd());
}

Deno.test("shared journal: the process that takes over has the same entries and bytes", async () => {
  const log = new SharedLogDouble();
  const before = segmentsOf(await ledUntilItDied(log));
  assert.ok(before.length > 2);
  const disk = new MemoryDisk();
  const { journal, consumer } = await lead(log, disk, "second");
  const opened = consumer.entries.findLast(({ eventType }) => eventType === "journal.WriterOpened");
  assert.deepEqual(opened?.attributes, { writer: "second", url: "http://second.test" });
  assert.equal((await journal.info()).lastRecovery.recoveredLogId, opened?.logId);
  await journal.append(facts(1)).durable;
  const after = segmentsOf(disk);
  before.forEach((text, index) => assert.ok(after[index]?.startsWith(text), `segment ${index}`));
  assert.deepEqual(await journal.read(0, 1_000), consumer.entries);
  await journal.close();
  const again = await lead(log, disk, "third");
  assert.equal(again.consumer.entries.length, log.batches.at(-1)?.lastLogId);
  await again.journal.close();
});

Deno.test("shared journal: a follower can read what is recorded, and records nothing", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  await leader.journal.append(facts(1)).durable;
  const { journal, consumer, led, release } = await follow(log);
  // Complete as soon as it is open.
  assert.deepEqual(journal.head, leader.journal.head);
  for (let round = 0; round < 12; round++) {
    await leader.journal.append(facts(2)).durable;
    await until("it has followed", () => journal.head.logId === leader.journal.head.logId);
    assert.deepEqual(await journal.read(0, 1_000), leader.consumer.entries);
    assert.deepEqual(consumer.entries, leader.consumer.entries);
  }
  assert.equal(journal.full("ordinary"), false);
  assert.throws(() => journal.append(facts(1)), JournalFailedError);
  const { length } = log.batches;
  release();
  assert.equal(await led, journal.head.logId);
  assert.equal(log.batches.length, length + 1);
  await journal.append(facts(1)).durable;
  assert.deepEqual(await journal.read(0, 1_000), consumer.entries);
  await journal.close();
});

Deno.test("shared journal: reads find no damage while segments fill up and are verified, on the leader and on a follower", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  await leader.journal.append(facts(1)).durable;
  const follower = await follow(log);
  let isDone = false;
  const readAll = async ({ journal, clock }: Started) => {
    for (; !isDone; await clock.nextTurn()) {
      const { logId } = journal.head;
      const entries = await journal.read(0, logId);
      const logIds = entries.map((entry) => entry.logId);
      assert.equal((await journal.locate(logIds)).length, logId);
    }
  };
  const reading = [leader, follower].map(readAll);
  for (let round = 0; round < 20; round++) {
    await leader.journal.append(facts(2)).durable;
    await Promise.all([leader.clock.advance(500), follower.clock.advance(500)]);
  }
  isDone = true;
  await Promise.all(reading);
  assert.ok((await follower.journal.info()).proof.proven > 2);
  for (const { consumer } of [leader, follower]) assert.deepEqual(consumer.failures, []);
  await Promise.all([leader.journal.close(), follower.journal.close()]);
});

Deno.test("shared journal: a copy has newlines ahead only in its last segment, even if its process has larger ones", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  const follows = () => sharing(log, "second", { take: () => Promise.resolve(undefined) });
  const disk = new MemoryDisk();
  const copy = await startOn(disk, { shared: follows(), segmentBytes: 1_000_000 });
  const led = copy.journal.lead();
  for (let round = 0; round < 12; round++) {
    await leader.journal.append(facts(2)).durable;
    await until("it has followed", () => copy.journal.head.logId === leader.journal.head.logId);
  }
  const segments = namesIn(disk, SEGMENTS).map((name) => bytesOf(disk, `${SEGMENTS}/${name}`));
  assert.ok(segments.length > 2);
  const newlines = segments.map((bytes) => bytes.length - withoutBlankEnd(bytes).length);
  assert.ok((newlines.pop() ?? 0) > 0);
  assert.ok(newlines.every((count) => count === 0), `${newlines}`);
  const left = disk.copy();
  await copy.journal.close();
  await led;
  const again = await startOn(left, { shared: follows() });
  assert.deepEqual(again.journal.head, leader.journal.head);
  await again.journal.close();
});

Deno.test("shared journal: a follower records nothing when it stops", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  await leader.journal.append(facts(1)).durable;
  const disk = new MemoryDisk();
  const { journal, led } = await follow(log, disk);
  await leader.journal.append(facts(1)).durable;
  await journal.close();
  assert.equal(await led, undefined);
  const { length } = log.batches;
  await leader.journal.append(facts(1)).durable;
  assert.equal(log.batches.length, length + 1);
  const again = await follow(log, disk);
  assert.deepEqual(again.journal.head, leader.journal.head);
  assert.equal((await again.journal.info()).lastRecovery.clean, true);
  await again.journal.close();
  await again.led;
});

Deno.test("shared journal: batches missing at the end of a copy are fetched, and nothing is recovered", async () => {
  const log = new SharedLogDouble();
  const died = await ledUntilItDied(log);
  const name = `${SEGMENTS}/${namesIn(died, SEGMENTS).at(-1)}`;
  const whole = bytesOf(died, name);
  const length = new TextDecoder().decode(whole).trimEnd().length;
  for (let cut = length - 1; cut > 0; cut -= 97) {
    const disk = died.copy();
    disk.files.set(name, whole.slice(0, cut));
    const { journal, consumer } = await lead(
      Object.assign(new SharedLogDouble(), {
        batches: [...log.batches],
      }),
      disk,
      "again",
    );
    const types = new Set(consumer.entries.map(({ eventType }) => eventType));
    assert.equal(types.has("journal.Recovered"), false, `cut at ${cut}`);
    if (cut === length - 1) assert.equal((await journal.info()).lastRecovery.clean, false);
    assert.equal(segmentsOf(disk).join("\n").startsWith(segmentsOf(died).join("\n")), true);
    await journal.close();
  }
});

Deno.test("shared journal: a copy without a snapshot keeps the caches up to a point that it has, and not beyond what is fetched", async () => {
  const log = new SharedLogDouble();
  const early = await ledUntilItDied(log);
  const { logId = 0, chain = "" } = { ...log.batches.at(-1), logId: log.batches.at(-1)?.lastLogId };
  const late = new MemoryDisk();
  const { journal: second } = await lead(log, late, "second");
  await second.append(facts(3)).durable;
  const [point, later] = [{ logId, chain }, second.head];
  for (
    const [disk, caches, expected] of [
      [early, point, [point]],
      [late, point, [point]],
      [late, later, [later]],
      [early, later, []],
    ] as const
  ) {
    const kept: unknown[] = [];
    const keep = (point: unknown) => void kept.push(point);
    const consumer = Object.assign(new RememberingConsumer(), { point: () => caches, keep });
    const take = () => Promise.resolve(undefined);
    const shared = sharing(log, "follower", { take });
    const { journal } = await startOn(disk.copy(), { shared, consumer });
    assert.deepEqual(kept, expected);
    assert.deepEqual(journal.head, later);
    assert.equal(consumer.entries.length, later.logId);
    await journal.close();
  }
});

Deno.test("shared journal: a replaced leader acknowledges nothing more", async () => {
  const log = new SharedLogDouble();
  const zombie = await lead(log, new MemoryDisk(), "first");
  await zombie.journal.append(facts(1)).durable;
  const { journal } = await lead(log, new MemoryDisk(), "second");
  const late = zombie.journal.append(facts(1));
  await assert.rejects(
    late.durable,
    (error: Error) => error instanceof JournalFailedError && error.cause instanceof OvertakenError,
  );
  assert.throws(() => zombie.journal.append(facts(1)), JournalFailedError);
  assert.equal(zombie.consumer.failures.length, 1);
  await journal.close();
});

Deno.test("shared journal: a process that tries to lead but is not the first to append keeps following", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  let passed = 0;
  let release = () => {};
  const turn = {
    // The leader works, and records something at this moment.
    take: async () => {
      if (passed === 0) return "silent" as const;
      await new Promise<void>((resolve) => release = resolve);
      return "ended" as const;
    },
    pass: () => Promise.resolve(void passed++),
  };
  const append = log.append.bind(log);
  log.append = async (batch) => {
    log.append = append;
    await leader.journal.append(facts(1)).durable;
    await append(batch);
  };
  const { journal, consumer } = await startOn(new MemoryDisk(), {
    shared: sharing(log, "second", turn),
  });
  const led = journal.lead();
  await until("it has passed", () => passed === 1);
  await leader.journal.append(facts(1)).durable;
  release();
  assert.equal(await led, leader.journal.head.logId + 1);
  assert.deepEqual(consumer.failures, []);
  const opened = consumer.entries.filter(({ eventType }) => eventType === "journal.WriterOpened");
  assert.deepEqual(
    opened.map(({ attributes }) => attributes),
    ["first", "second"].map((writer) => ({ writer, url: `http://${writer}.test` })),
  );
  await journal.append(facts(1)).durable;
  await journal.close();
});

Deno.test("shared journal: a leader in doubt ends if another has appended, and continues otherwise", async () => {
  const log = new SharedLogDouble();
  let listener: LeadListener | undefined;
  const turn = { lead: (call: LeadListener) => Promise.resolve(void (listener = call)) };
  const shared = sharing(log, "first", turn);
  const { journal, consumer } = await startOn(new MemoryDisk(), { shared });
  await journal.lead();
  await listener?.doubted();
  await journal.append(facts(1)).durable;
  const other = await lead(log, new MemoryDisk(), "second");
  await assert.rejects(listener?.doubted() ?? Promise.resolve(), JournalFailedError);
  assert.ok(consumer.failures[0]?.cause instanceof OvertakenError);
  assert.throws(() => journal.append(facts(1)), JournalFailedError);
  await other.journal.close();
});

Deno.test("shared journal: a leader that can no longer lead ends, even without appending", async () => {
  let listener: LeadListener | undefined;
  const turn = { lead: (call: LeadListener) => Promise.resolve(void (listener = call)) };
  const shared = sharing(new SharedLogDouble(), "first", turn);
  const { journal, consumer } = await startOn(new MemoryDisk(), { shared });
  await journal.lead();
  const error = new Error("the database may lose what was acknowledged");
  listener?.lost(error);
  assert.equal(consumer.failures[0]?.cause, error);
  assert.throws(() => journal.append(facts(1)), JournalFailedError);
});

Deno.test("shared journal: a stop gives up what the log does not take, and leaves the lead", async () => {
  const log = new SharedLogDouble();
  let left = 0;
  const turn = { end: () => Promise.resolve(void left++) };
  const shared = sharing(log, "first", turn);
  const { journal, clock } = await startOn(new MemoryDisk(), { shared });
  await journal.lead();
  const { logId } = journal.head;
  let answered = 0;
  const append = log.append.bind(log);
  log.append = () => new Promise(() => {});
  journal.append(facts(3)).durable.then(() => answered++, () => answered++);
  const closed = journal.close();
  const refused = assert.rejects(closed, (error: Error) => {
    assert.ok(error instanceof JournalFailedError);
    assert.match(
      error.message,
      new RegExp(`^Cannot record 3 entries from logId ${logId + 1} on: `),
    );
    return true;
  });
  await clock.advance(9_000);
  assert.equal(left, 0);
  await clock.advance(1_000);
  await refused;
  assert.deepEqual([left, answered], [1, 0]);
  log.append = append;
  const next = await lead(log, new MemoryDisk(), "second");
  assert.equal(next.journal.head.logId, logId + 1);
  await next.journal.close();
});

Deno.test("shared journal: a full disk fails the copy, and takes nothing back", async () => {
  const log = new SharedLogDouble();
  const { journal, disk, consumer } = await lead(log, new MemoryDisk(), "first");
  disk.fail({ operation: "write", path: SEGMENTS, error: noSpace() });
  await assert.rejects(journal.append(facts(1)).durable, (error: Error) => {
    assert.ok(error instanceof JournalFailedError);
    assert.match(error.message, /in the database, but not in this folder: the disk is full\./);
    assert.doesNotMatch(error.message, /Nothing was recorded/);
    return true;
  });
  assert.equal(consumer.losses.length, 0);
  const lastLogId = log.batches.at(-1)?.lastLogId;
  const other = await lead(log, new MemoryDisk(), "second");
  assert.ok(other.consumer.entries.some(({ logId }) => logId === lastLogId));
  await other.journal.close();
});

Deno.test("shared journal: a log that lacks entries of the copy is refused, and another journal's with an exit code of its own", async () => {
  const log = new SharedLogDouble();
  const disk = await ledUntilItDied(log);
  const shorter = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, 4) });
  await assert.rejects(
    lead(shorter, disk.copy(), "a"),
    (error: Error) =>
      error instanceof LostHistoryError && /lacks the entries acknowledged/.test(error.message),
  );
  await (await lead(shorter, new MemoryDisk(), "other")).journal.close();
  await assert.rejects(
    lead(shorter, disk.copy(), "a"),
    (error: Error) =>
      error instanceof LostHistoryError &&
      /: \d+ entries, or more if others were recorded since/.test(error.message),
  );
  const other = new SharedLogDouble();
  await ledUntilItDied(other);
  await assert.rejects(
    lead(other, disk.copy(), "b"),
    (error: Error) =>
      error instanceof OtherJournalError && error.exitCode === 65 &&
      /copy of another journal: its first entry is evt_\w+, that of the database is evt_\w+\. /
        .test(error.message),
  );
  await assert.rejects(
    lead(new SharedLogDouble(), disk.copy(), "c"),
    (error: Error) =>
      error instanceof LostHistoryError && error.exitCode === 78 &&
      /ends at logId 0, .*; or the address names another journal\./.test(error.message),
  );
});

Deno.test("shared journal: a follower ends when a fail-over removes entries that it has, whatever replaces them", async () => {
  for (const batchesAfter of [0, 1, 5]) {
    const log = new SharedLogDouble();
    await ledUntilItDied(log);
    const { led, journal } = await follow(log);
    let end: unknown;
    led.catch((error: unknown) => end = error);
    log.batches = log.batches.slice(0, -2);
    if (batchesAfter > 0) {
      const other = await lead(log, new MemoryDisk(), "other");
      for (let batch = 1; batch < batchesAfter; batch++) {
        await other.journal.append(facts(2)).durable;
      }
      await other.journal.close();
    }
    await until(`it ends, with ${batchesAfter} batches in their place`, () => end !== undefined);
    assert.ok(end instanceof LostHistoryError);
    await journal.close();
  }
});

Deno.test("shared journal: a start does not end when the leader records again, while it looks, what a fail-over removed", async () => {
  /** Lost until somebody asks for the last position. */
  class Regaining extends SharedLogDouble {
    lost: SharedLogDouble["batches"] = [];

    override lastLogId() {
      this.batches.push(...this.lost.splice(0));
      return super.lastLogId();
    }
  }
  const log = new Regaining();
  const disk = await ledUntilItDied(log);
  log.lost = log.batches.splice(-1);
  const { journal } = await lead(log, disk, "second");
  assert.deepEqual(log.lost, []);
  await journal.append(facts(1)).durable;
  await journal.close();
});

Deno.test("shared journal: a follower without room for its reserve records nothing about that", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "first");
  const disk = new TestDisk(new MemoryDisk());
  disk.fail({ operation: "create", path: "/reserve", error: noSpace() });
  const { journal, clock, led, warnings } = await follow(log, disk, 10_000);
  const { length } = log.batches;
  await clock.advance(5_000);
  assert.equal(warnings.at(-1), "there is room on the disk again");
  assert.equal(log.batches.length, length);
  await leader.journal.append(facts(1)).durable;
  await journal.close();
  await led;
});

Deno.test("shared journal: a batch that was changed in the log is refused", async () => {
  const log = new SharedLogDouble();
  await ledUntilItDied(log);
  for (const at of [3, 40, 200]) {
    const batches = log.batches.map((batch) => ({ ...batch, bytes: batch.bytes.slice() }));
    const bytes = batches[2]?.bytes ?? new Uint8Array();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const damaged = Object.assign(new SharedLogDouble(), { batches });
    await assert.rejects(
      lead(damaged, new MemoryDisk(), "a"),
      (error: Error) =>
        error instanceof DamagedLogError &&
        /^the batch at logId \d+ in the database is not what was written: .*--against/
          .test(error.message),
    );
  }
});

Deno.test("shared journal: a follower ends before it takes over what a newer version wrote", async () => {
  const log = new SharedLogDouble();
  const leader = await lead(log, new MemoryDisk(), "newer");
  const disk = new MemoryDisk();
  const { journal, consumer, led } = await follow(log, disk);
  consumer.unknownTypes.add("job.TaskTold");
  const { logId } = journal.head;
  await leader.journal.append([fact({}, { eventType: "job.TaskTold" })]).durable;
  await assert.rejects(
    led,
    new NewerEntryError(logId + 1, "event type job.TaskTold is not known to this version"),
  );
  await led.catch(({ exitCode }) => assert.equal(exitCode, 65));
  assert.equal(journal.head.logId, logId);
  await journal.close();
  const again = startOn(disk, { consumer, shared: sharing(log, "older") });
  await assert.rejects(again, NewerEntryError);
  await leader.journal.close();
});

Deno.test("shared journal: a batch that is gone from the log is named", async () => {
  const log = new SharedLogDouble();
  await ledUntilItDied(log);
  const [first, gone, ...rest] = log.batches;
  assert.ok(first !== undefined && gone !== undefined && rest.length > 0);
  log.batches = [first, ...rest];
  await assert.rejects(
    lead(log, new MemoryDisk(), "a"),
    (error: Error) =>
      error instanceof DamagedLogError &&
      error.message.startsWith("the database lacks the ent") &&
      error.message.includes(`logId ${gone.firstLogId}`),
  );
});
