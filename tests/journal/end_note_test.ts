/** The note of a process that ended itself. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { refuseEntry } from "../../src/engine/writer/framework_schemas.ts";
import { openOn, sampleJournal } from "../support/damage/journal_sweep.ts";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";

class StrictConsumer extends RememberingConsumer {
  override refuse(entry: JobEventLogEntry): string | undefined {
    return refuseEntry(entry);
  }
}

/** What a start records of how the process before ended; the journal is left as by a crash. */
async function endOnRecord(disk: MemoryDisk, note?: string): Promise<unknown> {
  if (note !== undefined) disk.files.set("journal/ended.json", new TextEncoder().encode(note));
  const consumer = new StrictConsumer();
  await openOn(disk, consumer);
  assert.equal(disk.files.has("journal/ended.json"), false, "the note is gone");
  const recovered = consumer.entries.findLast(({ eventType }) => eventType === "journal.Recovered");
  return (recovered?.attributes as { readonly ended?: unknown } | undefined)?.ended;
}

const NOTE = { reason: "exited", exitCode: 3, attempt: { jobId: "j", taskId: "t", attempt: 1 } };

Deno.test("end note: a start after a crash records it once", async () => {
  const { disk } = await sampleJournal("crash");
  assert.deepEqual(await endOnRecord(disk, JSON.stringify(NOTE)), NOTE);
  assert.equal(await endOnRecord(disk.copy()), undefined);
});

for (
  const [what, note] of [
    ["empty", ""],
    ["cut", JSON.stringify(NOTE).slice(0, 30)],
    ["of another form", JSON.stringify({ ...NOTE, exitCode: "3" })],
    ["null", "null"],
  ] as const
) {
  Deno.test(`end note: one that is ${what} is removed and ignored`, async () => {
    const { disk } = await sampleJournal("crash");
    assert.equal(await endOnRecord(disk, note), undefined);
  });
}
