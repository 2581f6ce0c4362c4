/** The contract of an open journal: positions, durability, reading, a failed sync. */

import assert from "node:assert/strict";
import { JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import { fact, facts, logIdsOf, RememberingConsumer } from "../support/journal/journal_events.ts";
import { positions, type Test } from "./journal_contract.ts";

export function testAppending(test: Test): void {
  testPositions(test);
  testDurability(test);
  testReading(test);
  testFailedSync(test);
}

function testPositions(test: Test): void {
  test("positions are assigned at once, in order and without gaps", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const first = journal.append(facts(2));
    const second = journal.append(facts(3));
    const start = harness.first;
    assert.deepEqual(logIdsOf(first.entries), positions(start, start + 1));
    assert.deepEqual(logIdsOf(second.entries), positions(start + 2, start + 4));
    await Promise.all([first.durable, second.durable]);
    assert.deepEqual(logIdsOf(await journal.read(0, 100)), positions(1, start + 4));
    await journal.close();
  });

  test("gathered groups share a batch with those between them, which waits for the last", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const before = (await journal.read(0, 100)).length;
    const end = journal.gather();
    const groups = [];
    for (let group = 0; group < 3; group++) {
      groups.push(journal.append(facts(2)));
      assert.equal((await journal.read(0, 100)).length, before);
    }
    end();
    await Promise.all(groups.map(({ durable }) => durable));
    const segment = (await journal.info()).segments.at(-1)?.name ?? "";
    const lines = (await harness.linesOf(segment)).join("\n").trimEnd().split("\n");
    // A blank line begins a batch.
    const batch = lines.slice(lines.lastIndexOf("") + 1).map((line) => JSON.parse(line).logId);
    assert.deepEqual(batch.slice(-6), positions(harness.first, harness.first + 5));
    await journal.append(facts(1)).durable;
    await journal.close();
  });

  test("an index in causedBy becomes the position of that draft", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append(facts(5)).durable;
    const { entries, durable } = journal.append([
      fact(),
      fact({}, { causedBy: { draft: 0 } }),
      fact({}, { causedBy: 3 }),
    ]);
    await durable;
    const causes = [undefined, harness.first + 5, 3];
    assert.deepEqual(entries.map(({ causedBy }) => causedBy), causes);
    const read = await journal.readAt(logIdsOf(entries));
    assert.deepEqual(read.map(({ causedBy }) => causedBy), causes);
    await journal.close();
  });

  test("a group that cannot be encoded takes no position", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    assert.throws(() => journal.append([fact({}, { causedBy: { draft: 1 } })]), RangeError);
    const circular: Record<string, never> = {};
    Object.assign(circular, { circular });
    assert.throws(() => journal.append([fact(), fact(circular)]), TypeError);
    const { entries, durable } = journal.append([fact()]);
    await durable;
    assert.deepEqual(logIdsOf(entries), [harness.first]);
    await journal.close();
  });

  test("an empty group is durable at once", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const { head } = journal;
    const { entries, durable } = journal.append([]);
    await durable;
    assert.deepEqual(entries, []);
    assert.deepEqual(journal.head, head);
    await journal.close();
  });
}

function testDurability(test: Test): void {
  test("nothing is visible before it is durable", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    await journal.append([fact()]).durable;
    harness.hold();
    let isDurable = false;
    const { durable } = journal.append([fact()]);
    durable.then(() => isDurable = true);
    await harness.held();
    const { first } = harness;
    assert.equal(isDurable, false);
    assert.equal(journal.head.logId, first);
    assert.equal((await journal.read(0, 100)).length, first);
    await assert.rejects(journal.readAt([first + 1]), RangeError);
    assert.equal(consumer.entries.length, first);
    harness.release();
    await durable;
    assert.equal(journal.head.logId, first + 1);
    assert.equal((await journal.read(0, 100)).length, first + 1);
    await journal.close();
  });

  test("the consumer sees an entry before its group is answered", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    const { first } = harness;
    const batch = positions(journal.head.logId + 1, first + 2);
    const steps: string[] = [];
    consumer.onDurable = (entries) => {
      steps.push(`consumer ${logIdsOf(entries)}, head ${journal.head.logId}`);
    };
    const groups = [journal.append(facts(1)), journal.append(facts(2))];
    await Promise.all(groups.map(({ durable, entries }) =>
      durable.then(() => {
        steps.push(`group ${logIdsOf(entries)}`);
      })
    ));
    assert.deepEqual(steps, [
      `consumer ${batch}, head ${first + 2}`,
      `group ${first}`,
      `group ${positions(first + 1, first + 2)}`,
    ]);
    await journal.close();
  });

  test("groups that arrive while a batch is being written form the next batch", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    const [start, { length }] = [journal.head.logId + 1, consumer.batches];
    harness.hold();
    const first = journal.append(facts(2));
    await harness.held();
    const others = [journal.append(facts(1)), journal.append(facts(1)), journal.append(facts(1))];
    harness.release();
    await Promise.all([first, ...others].map(({ durable }) => durable));
    const end = harness.first + 1;
    assert.deepEqual(
      consumer.batches.slice(length).map(logIdsOf),
      [positions(start, end), positions(end + 1, end + 3)],
    );
    await journal.close();
  });

  test("the consumer may append while it receives a batch", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    const { first } = harness;
    const [start, { length }] = [journal.head.logId + 1, consumer.batches];
    const answered: Promise<void>[] = [];
    consumer.onDurable = (entries) => {
      const last = entries.at(-1)?.logId ?? 0;
      if (last < first + 4) answered.push(journal.append([fact({ after: last })]).durable);
    };
    await journal.append([fact()]).durable;
    for (const each of answered) await each;
    assert.deepEqual(
      consumer.batches.slice(length).map(logIdsOf),
      [positions(start, first), ...positions(first + 1, first + 4).map((logId) => [logId])],
    );
    await journal.close();
  });
}

function testReading(test: Test): void {
  test("read gives a page after a position", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append(facts(9)).durable;
    assert.deepEqual(logIdsOf(await journal.read(3, 4)), [4, 5, 6, 7]);
    const last = harness.first + 8;
    assert.deepEqual(logIdsOf(await journal.read(8, 100)), positions(9, last));
    assert.deepEqual(await journal.read(last, 100), []);
    assert.deepEqual(await journal.read(99, 100), []);
    assert.deepEqual(await journal.read(3, 0), []);
    await journal.close();
  });

  test("readAt returns exactly the requested entries", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const { entries, durable } = journal.append(facts(9));
    await durable;
    const expected = entries.filter((_, index) => [0, 1, 5, 8].includes(index));
    assert.deepEqual(await journal.readAt(logIdsOf(expected)), expected);
    assert.deepEqual(await journal.readAt([]), []);
    await assert.rejects(journal.readAt([harness.first + 9]), RangeError);
    await assert.rejects(journal.readAt([3, 3]), RangeError);
    await assert.rejects(journal.readAt([0]), RangeError);
    await journal.close();
  });

  test("text of every kind survives a round trip", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    const attributes = {
      umlauts: "Äußerst",
      emoji: "😀👩‍👩‍👧",
      loneSurrogates: "\ud800 and \udc00",
      escapes: '"\\\u0000\u001f\n\r\t\u2028\u2029\u007f',
      looksLikeALine: '"}\n{"logId":1,"batch":1,"crc":"00000000"}',
      nested: { list: [1, -1.5e300, null, true, { deep: "\ufeff" }], "": "no name" },
      ["__proto__"]: { own: true },
    };
    const odd = fact(attributes, { traceId: 'a"b\\c\ud800' });
    const { entries, durable } = journal.append([odd]);
    await durable;
    harness.crash();
    const consumer = new RememberingConsumer();
    const reopened = await harness.open(consumer);
    const replayed = consumer.entries[harness.first - 1];
    assert.deepEqual(replayed, entries[0]);
    assert.deepEqual((await reopened.journal.readAt([harness.first]))[0], entries[0]);
    assert.equal(JSON.stringify(replayed), JSON.stringify(entries[0]));
    await reopened.journal.close();
  });

  test("info has the head, the segments and the last recovery", async (harness) => {
    const { journal, report } = await harness.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    const info = await journal.info();
    assert.deepEqual(info.head, journal.head);
    assert.deepEqual(info.segments.map(({ firstLogId }) => firstLogId), [1]);
    assert.equal(info.segments[0]?.bytes, info.bytes);
    assert.ok(info.bytes > 0);
    assert.equal(info.lastSnapshot, null);
    assert.deepEqual(info.lastRecovery, report);
    await journal.close();
  });
}

/** For a journal in a folder of its own. */
export function testFullDisk(test: Test): void {
  test("a full disk rejects waiting groups, and service resumes automatically", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    await journal.append(facts(1)).durable;
    harness.hold();
    const inFlight = journal.append(facts(1));
    await harness.held();
    const next = journal.append(facts(2));
    harness.failNextForRoom();
    harness.release();
    // In memory the fault hits the batch in flight, on a disk the one after it.
    const outcomes = await Promise.allSettled([inFlight.durable, next.durable]);
    assert.ok(outcomes.some(({ status }) => status === "rejected"));
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof JournalFullError);
    }
    const head = journal.head.logId;
    const { entries, durable } = journal.append(facts(2));
    assert.deepEqual(logIdsOf(entries), [head + 1, head + 2], "positions restart after the head");
    await durable;
    assert.equal(consumer.failures.length, 0);
    assert.deepEqual(logIdsOf(consumer.entries), logIdsOf(await journal.read(0, 100)));
    await journal.close();
  });
}

function testFailedSync(test: Test): void {
  test("a failed sync ends the journal: everything is rejected and nothing more is accepted", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer);
    await journal.append(facts(1)).durable;
    harness.hold();
    const inFlight = journal.append(facts(1));
    await harness.held();
    const next = journal.append(facts(2));
    harness.failNextSync();
    harness.release();
    await assert.rejects(inFlight.durable, JournalFailedError);
    await assert.rejects(next.durable, JournalFailedError);
    assert.throws(() => journal.append(facts(1)), JournalFailedError);
    assert.equal(consumer.failures.length, 1);
    const { first } = harness;
    assert.equal(journal.head.logId, first);
    assert.deepEqual(logIdsOf(await journal.read(0, 100)), positions(1, first), "reads continue");
    await journal.close();
    assert.equal(consumer.entries.length, first, "no seal");
  });
}
