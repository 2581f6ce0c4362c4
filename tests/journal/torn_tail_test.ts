import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";
import { openOn, sampleJournal, startOn } from "../support/damage/journal_sweep.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import {
  bytesOf,
  lastSegment,
  type MemoryDisk,
  setText,
} from "../support/journal/journal_memory_disk.ts";
import { refuseEntry } from "../../src/engine/writer/framework_schemas.ts";

/** Starts with a tail that a crash can leave, and checks that only whole batches remain. */
async function checkTorn(
  disk: MemoryDisk,
  batches: readonly (readonly JobEventLogEntry[])[],
  what: string,
): Promise<{ quarantined: number }> {
  const started = await startOn(disk);
  if (started instanceof Error) assert.fail(`${what}: ${started.message}`);
  const found = started.entries.filter(({ eventType }) => eventType !== "journal.Recovered");
  // An empty segment gets its opening again, together with journal.Recovered.
  if (found.at(-1)?.eventType === "journal.SegmentOpened") found.pop();
  let kept = 0;
  for (let count = 0; count < found.length; kept++) count += batches[kept]?.length ?? 1;
  assert.deepEqual(found, batches.slice(0, kept).flat(), what);
  return { quarantined: started.report.bytesQuarantined };
}

Deno.test("file journal: a last batch that is partly zeros is set aside", async () => {
  const { disk, batches } = await sampleJournal("crash");
  const path = lastSegment(disk);
  const whole = bytesOf(disk, path);
  const last = new TextDecoder().decode(whole).lastIndexOf("\n\n") + 1;
  for (let start = last; start < whole.length; start += 13) {
    for (const length of [1, 40, 512, whole.length]) {
      const copy = disk.copy();
      const bytes = whole.slice();
      bytes.fill(0, start, start + length);
      copy.files.set(path, bytes);
      const what = `zeros at ${start}, ${length} bytes`;
      const { quarantined } = await checkTorn(copy, batches.slice(0, -1), what);
      assert.equal(quarantined, whole.length - last, what);
    }
  }
});

Deno.test("file journal: zeros after the last batch are set aside", async () => {
  const { disk, batches } = await sampleJournal("crash");
  const path = lastSegment(disk);
  const whole = bytesOf(disk, path);
  for (const extra of [1, 4096]) {
    const copy = disk.copy();
    const bytes = new Uint8Array(whole.length + extra);
    bytes.set(whole);
    copy.files.set(path, bytes);
    const { quarantined } = await checkTorn(copy, batches, `${extra} zeros`);
    assert.equal(quarantined, extra);
  }
});

testWithFolder(
  "file journal: a torn last batch is quarantined and cut, and the journal continues",
  async (folder) => {
    const before = new RememberingConsumer();
    const { journal } = await folder.open(before);
    await journal.append(facts(3)).durable;
    await journal.append(facts(3)).durable;
    folder.crash();
    const segment = "segments/00000000000000000001.ndjson";
    const whole = await folder.written(segment);
    await folder.write(segment, whole.subarray(0, whole.length - 20));
    const after = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(after);
    const start = new TextDecoder().decode(whole).indexOf('\n{"logId":5,');
    const torn = whole.subarray(start, whole.length - 20);
    assert.equal(report.bytesQuarantined, torn.length);
    assert.equal(report.clean, false);
    const [name = ""] = await folder.names("quarantine");
    assert.equal(report.quarantine, `quarantine/${name}`);
    assert.match(name, new RegExp(`^00000000000000000001-${start}-[0-9A-Z]{26}\\.bin$`));
    assert.deepEqual(await folder.read(`quarantine/${name}`), torn);
    assert.deepEqual(after.entries.slice(0, 4), before.entries.slice(0, 4));
    const recovered = after.entries[4];
    assert.equal(recovered?.eventType, "journal.Recovered");
    assert.deepEqual(recovered.attributes, {
      segment: "00000000000000000001.ndjson",
      bytesQuarantined: torn.length,
      quarantine: `quarantine/${name}`,
    });
    await reopened.append(facts(2)).durable;
    await reopened.close();
    const again = new RememberingConsumer();
    again.canRestore = false;
    const { journal: third, report: thirdReport } = await folder.open(again);
    assert.equal(thirdReport.clean, true);
    assert.deepEqual(again.entries, after.entries);
    await third.close();
  },
);

testWithFolder(
  "file journal: a new segment whose first batch is torn is started again",
  async (folder) => {
    const before = new RememberingConsumer();
    const { journal } = await folder.open(before, { segmentBytes: 500 });
    await journal.append(facts(3)).durable;
    await journal.append(facts(3)).durable;
    folder.crash();
    const name = "segments/00000000000000000005.ndjson";
    const whole = await folder.written(name);
    await folder.write(name, whole.subarray(0, 100));
    const after = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(after, { segmentBytes: 500 });
    assert.equal(report.bytesQuarantined, 100);
    assert.equal(report.recoveredLogId, 6);
    assert.deepEqual(after.entries.map(({ eventType }) => eventType).slice(4), [
      "journal.SegmentOpened",
      "journal.Recovered",
    ]);
    await reopened.close();
    const again = new RememberingConsumer();
    const { journal: third } = await folder.open(again);
    assert.deepEqual(again.entries, after.entries);
    await third.close();
  },
);

testWithFolder(
  "file journal: a new segment that is still empty after a crash is used",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 500 });
    await journal.append(facts(3)).durable;
    folder.crash();
    await folder.write("segments/00000000000000000005.ndjson", new Uint8Array());
    const after = new RememberingConsumer();
    const { journal: reopened, report } = await folder.open(after);
    assert.equal(report.bytesQuarantined, 0);
    assert.equal(report.recoveredLogId, 6);
    assert.deepEqual(await folder.names("segments"), [
      "00000000000000000001.ndjson",
      "00000000000000000005.ndjson",
    ]);
    await reopened.close();
  },
);

Deno.test("file journal: a crash at any step of a recovery is recovered from", async () => {
  const { disk, batches } = await sampleJournal("crash");
  const path = lastSegment(disk);
  disk.files.set(path, bytesOf(disk, path).slice(0, -30));
  let steps = 0;
  for (let failsAt = 1;; failsAt++) {
    const copy = disk.copy();
    steps = 0;
    const faulty = new TestDisk(copy);
    faulty.before = (operation) => {
      if (operation !== "read" && ++steps >= failsAt) throw new Error("the power is gone");
    };
    const first = await startOn(faulty);
    if (!(first instanceof Error)) break;
    const what = `crash at step ${failsAt}`;
    await checkTorn(copy.copy(), batches, what);
  }
  assert.ok(steps > 15, `${steps} steps`);
});

/** Byte offsets after each batch of a segment. */

// The note of a process that ended itself.

class StrictConsumer extends RememberingConsumer {
  override refuse(entry: JobEventLogEntry): string | undefined {
    return refuseEntry(entry);
  }
}

/** What a start records of how the process before ended; the journal is left as by a crash. */
async function endOnRecord(disk: MemoryDisk, note?: string): Promise<unknown> {
  if (note !== undefined) setText(disk, "journal/ended.json", note);
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
