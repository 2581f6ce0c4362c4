/** How much is read back from disk before others have their turn. */

import assert from "node:assert/strict";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import { fact } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

const LINES = 40;
const LINE_BYTES = 200_000;

testWithFolder(
  "reading back: two large lines are parsed per turn, however many readers there are",
  async (folder) => {
    const { clock, disk } = folder;
    const { journal } = await folder.open(new RememberingConsumer());
    const attributes = { text: "x".repeat(LINE_BYTES) };
    for (let n = 0; n < LINES; n++) await journal.append([fact(attributes)]).durable;
    const byTurn = new Map<number, number>();
    let pauses = 0;
    clock.pause = async () => {
      await clock.nextTurn();
      pauses += 1;
    };
    disk.before = (operation) => {
      if (operation === "read") byTurn.set(pauses, (byTurn.get(pauses) ?? 0) + 1);
    };
    const old = Array.from({ length: LINES / 2 }, (_, n) => n + 2);
    const read = await Promise.all([old, old, old].map((logIds) => journal.readAt(logIds)));
    assert.deepEqual(read.map(({ length }) => length), [old.length, old.length, old.length]);
    const lines = [...byTurn.values()];
    assert.equal(lines.reduce((sum, count) => sum + count, 0), 3 * old.length);
    assert.ok(Math.max(...lines) <= 2, `lines by turn: ${lines.join()}`);
    await journal.close();
  },
);
