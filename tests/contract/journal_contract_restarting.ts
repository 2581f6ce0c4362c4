/** The contract of a journal that is opened again, after a close or without one. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { JournalFailedError } from "../../src/engine/ports.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { fact, facts, logIdsOf, RememberingConsumer } from "../support/journal/journal_events.ts";
import type { Test } from "./journal_contract.ts";

export function testRestarting(test: Test): void {
  testRestart(test);
  testSnapshots(test);
  testSeals(test);
}

function testRestart(test: Test): void {
  test("a new journal is empty and clean", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal, report } = await harness.open(consumer);
    assert.deepEqual(journal.head, { logId: 0, chain: "" });
    assert.equal(report.clean, true);
    assert.equal(report.recoveredLogId, null);
    assert.deepEqual(consumer.entries, []);
    await journal.close();
    assert.deepEqual(consumer.entries, [], "there is nothing to seal");
  });

  test("after a clean stop the same entries are replayed and nothing is added", async (harness) => {
    const before = new RememberingConsumer();
    const { journal } = await harness.open(before, { snapshotEvery: 1000 });
    await journal.append(facts(5)).durable;
    await journal.close();
    const after = new RememberingConsumer();
    after.canRestore = false;
    const reopened = await harness.open(after);
    assert.equal(reopened.report.clean, true);
    assert.equal(reopened.report.recoveredLogId, null);
    assert.equal(reopened.report.entriesReplayed, before.entries.length);
    assert.deepEqual(after.entries, before.entries);
    assert.deepEqual(reopened.journal.head, journal.head);
    await reopened.journal.close();
    assert.deepEqual(reopened.journal.head, journal.head, "it is sealed already");
  });

  test("after a crash journal.Recovered is durable before anything else", async (harness) => {
    const before = new RememberingConsumer();
    const { journal } = await harness.open(before);
    await journal.append(facts(5)).durable;
    harness.crash();
    const after = new RememberingConsumer();
    const { journal: reopened, report } = await harness.open(after);
    assert.equal(report.clean, false);
    assert.equal(report.recoveredLogId, 7);
    assert.equal(reopened.head.logId, 7);
    assert.deepEqual(after.entries.slice(0, 6), before.entries);
    const recovered = after.entries[6];
    assert.equal(recovered?.eventType, "journal.Recovered");
    assert.equal(recovered?.stratum, "framework");
    assert.deepEqual({ ...recovered?.attributes, segment: "" }, {
      segment: "",
      bytesQuarantined: 0,
    });
    assert.deepEqual(logIdsOf(reopened.append(facts(1)).entries), [8]);
    await reopened.close();
  });

  test("after a crash non-durable groups may be gone, but none is there in part", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append(facts(1)).durable;
    journal.append(facts(3));
    harness.crash();
    const after = new RememberingConsumer();
    const reopened = await harness.open(after);
    const found = after.entries.filter(({ stratum }) => stratum === "domain").length;
    assert.ok(found === 1 || found === 4, `${found} facts`);
    await reopened.journal.close();
  });

  test("an entry that the consumer does not understand prevents the open", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append([fact(), fact({}, { eventType: "ec.FromTheFuture" })]).durable;
    harness.crash();
    const consumer = new RememberingConsumer();
    consumer.unknownTypes.add("ec.FromTheFuture");
    await assert.rejects(harness.open(consumer), (error) => {
      assert.ok(error instanceof JournalDamagedError);
      assert.equal(error.logId, 3);
      assert.equal(error.exitCode, 65);
      assert.match(error.message, /ec\.FromTheFuture is not known/);
      return true;
    });
    assert.equal(consumer.replayed, 2, "the entry itself was not replayed");
  });

  test("after close nothing is accepted, and closing twice is allowed", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const { durable } = journal.append(facts(1));
    const closing = journal.close();
    assert.throws(() => journal.append(facts(1)), JournalFailedError);
    await closing;
    await durable;
    await journal.close();
    assert.throws(() => journal.append(facts(1)), JournalFailedError);
  });
}

function testSnapshots(test: Test): void {
  test("a snapshot and the rest equal a full replay", async (harness) => {
    const before = new RememberingConsumer();
    const { journal } = await harness.open(before, { snapshotEvery: 10 });
    for (let round = 0; round < 8; round++) await journal.append(facts(3)).durable;
    await journal.close();
    const fromSnapshot = new RememberingConsumer();
    const first = await harness.open(fromSnapshot);
    assert.ok(fromSnapshot.restored > 20, `${fromSnapshot.restored} entries from the snapshot`);
    assert.equal(first.report.snapshotLogId, fromSnapshot.restored);
    assert.equal(first.report.entriesReplayed, fromSnapshot.replayed);
    await first.journal.close();
    const fromEverything = new RememberingConsumer();
    fromEverything.canRestore = false;
    const second = await harness.open(fromEverything);
    assert.equal(second.report.snapshotLogId, null);
    await second.journal.close();
    assert.deepEqual(fromSnapshot.entries, fromEverything.entries);
    assert.deepEqual(fromSnapshot.entries, before.entries);
  });

  test("a snapshot is captured right after the batch that makes it due", async (harness) => {
    const steps: string[] = [];
    const consumer = new RememberingConsumer();
    consumer.onDurable = (entries) => void steps.push(`durable ${logIdsOf(entries)}`);
    const capture = consumer.capture.bind(consumer);
    consumer.capture = () => {
      steps.push(`captured ${consumer.entries.length}`);
      return capture();
    };
    const { journal } = await harness.open(consumer, { snapshotEvery: 3 });
    await journal.append(facts(1)).durable.then(() => void steps.push("answered"));
    await journal.append(facts(1)).durable.then(() => void steps.push("answered"));
    assert.deepEqual(steps, ["durable 1,2", "answered", "durable 3", "captured 3", "answered"]);
    await journal.close();
  });

  test("no snapshot is taken at close if nothing came since the last", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    await journal.close();
    const { lastSnapshot } = await journal.info();
    assert.equal(lastSnapshot?.logId, 4);
    const reopened = await harness.open(new RememberingConsumer());
    await reopened.journal.close();
    assert.deepEqual((await reopened.journal.info()).lastSnapshot, lastSnapshot);
  });
}

function testSeals(test: Test): void {
  test("a quiet second after writes is sealed once", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer, { quietSealMs: 1000 });
    await journal.append(facts(1)).durable;
    harness.clock.pass(900);
    await journal.append(facts(1)).durable;
    harness.clock.pass(999);
    await harness.clock.settle();
    assert.equal(journal.head.logId, 3);
    const sealed = durableOnce(consumer);
    harness.clock.pass(1);
    assert.deepEqual((await sealed).map(({ attributes }) => attributes), [{ reason: "quiet" }]);
    assert.equal(consumer.entries.at(-1)?.eventType, "journal.Sealed");
    harness.clock.pass(100_000);
    await harness.clock.settle();
    assert.equal(journal.head.logId, 4, "a seal needs no seal");
    await journal.close();
  });

  test("close ends with a seal", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    await journal.append(facts(1)).durable;
    await journal.close();
    assert.equal(consumer.entries.at(-1)?.eventType, "journal.Sealed");
    assert.deepEqual(consumer.entries.at(-1)?.attributes, { reason: "stop" });
  });

  test("a quiet seal is not a clean stop", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer, { quietSealMs: 1000 });
    await journal.append(facts(1)).durable;
    const sealed = durableOnce(consumer);
    harness.clock.pass(1000);
    await sealed;
    harness.crash();
    const { journal: reopened, report } = await harness.open(new RememberingConsumer());
    assert.equal(report.clean, false);
    await reopened.close();
  });
}

/** The entries of the next batch that becomes durable. */
function durableOnce(consumer: RememberingConsumer): Promise<readonly JobEventLogEntry[]> {
  const { promise, resolve } = Promise.withResolvers<readonly JobEventLogEntry[]>();
  consumer.onDurable = (entries) => {
    consumer.onDurable = () => {};
    // After the journal has finished the batch.
    queueMicrotask(() => resolve(entries));
  };
  return promise;
}
