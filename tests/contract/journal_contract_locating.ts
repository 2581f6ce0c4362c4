/** The contract of locations: where the line of an entry is, and what is read there. */

import assert from "node:assert/strict";
import type { Journal } from "../../src/engine/ports.ts";
import { facts, logIdsOf, RememberingConsumer } from "../support/journal/journal_events.ts";
import type { JournalHarness, Test } from "./journal_contract.ts";

/** So that there are several segments. */
const OPTIONS = { segmentBytes: 10_000 };

export function testLocating(test: Test): void {
  test("locate returns the line of every entry", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer(), OPTIONS);
    await appendBatches(journal);
    await assertLocated(harness, journal);
    await journal.close();
    const { journal: reopened } = await harness.open(new RememberingConsumer(), OPTIONS);
    await assertLocated(harness, reopened);
    await appendBatches(reopened);
    await assertLocated(harness, reopened);
    harness.crash();
    const { journal: recovered } = await harness.open(new RememberingConsumer(), OPTIONS);
    await assertLocated(harness, recovered);
    await recovered.close();
  });

  test("locate and readAt require ascending durable positions", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer());
    await journal.append(facts(3)).durable;
    const { first } = harness;
    await assertLocated(harness, journal);
    assert.deepEqual(await journal.locate([]), []);
    for (const wrong of [[first + 3], [3, 2], [2, 2], [0], [1.5]]) {
      await assert.rejects(journal.locate(wrong), RangeError);
      await assert.rejects(journal.readAt(wrong), RangeError);
    }
    await journal.close();
  });

  test("readAt returns entries of every segment, near and far apart", async (harness) => {
    const { journal } = await harness.open(new RememberingConsumer(), OPTIONS);
    await appendBatches(journal);
    await journal.close();
    const consumer = new RememberingConsumer();
    consumer.canRestore = false;
    const { journal: reopened } = await harness.open(consumer, OPTIONS);
    for (const step of [1, 2, 7, 31, 32, 33, 100]) {
      const wanted = consumer.entries.filter(({ logId }) => logId % step === 0);
      assert.deepEqual(await reopened.readAt(logIdsOf(wanted)), wanted);
    }
    for (const entry of consumer.entries) {
      assert.deepEqual(await reopened.readAt([entry.logId]), [entry]);
    }
    await reopened.close();
  });

  test("entries are read unchanged, long after they were appended", async (harness) => {
    const consumer = new RememberingConsumer();
    const { journal } = await harness.open(consumer, { segmentBytes: 100_000 });
    while (journal.head.logId < OLD) await appendBatches(journal);
    const wanted = consumer.entries.filter(({ logId }) => logId % 17 < 2);
    assert.deepEqual(await journal.readAt(logIdsOf(wanted)), wanted);
    assert.deepEqual(await journal.read(0, OLD), consumer.entries.slice(0, OLD));
    await journal.close();
  });
}

/** More entries than a journal keeps in memory for its readers. */
const OLD = 3_000;

/** Small and large batches, including ones longer than a block of the index. */
async function appendBatches(journal: Journal): Promise<void> {
  for (const size of [1, 1, 3, 2, 70, 1, 31, 32, 33, 5, 1, 64, 2]) {
    await journal.append(facts(size)).durable;
  }
}

async function assertLocated(harness: JournalHarness, journal: Journal): Promise<void> {
  const logIds = Array.from({ length: journal.head.logId }, (_, index) => index + 1);
  const locations = await journal.locate(logIds);
  assert.deepEqual(locations.map(({ logId }) => logId), logIds);
  const segments = new Map<string, readonly string[]>();
  for (const { logId, segment, line } of locations) {
    const lines = segments.get(segment) ?? await harness.linesOf(segment);
    segments.set(segment, lines);
    assert.equal(JSON.parse(lines[line - 1] ?? "null")?.logId, logId, `${segment}:${line}`);
  }
  assert.equal(segments.size, (await journal.info()).segments.length);
}
