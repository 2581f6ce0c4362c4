/** A journal in a folder and in a shared log: moved there, moved back, and compared. */

import assert from "node:assert/strict";
import { journalLayout } from "../../src/journal/layout.ts";
import { DamagedLogError } from "../../src/journal/write/shared_log.ts";
import { compare, DivergedHistoryError, pull, push } from "../../src/tools/shared_transfer.ts";
import { facts } from "../support/journal/journal_events.ts";
import { bytesOf, MemoryDisk, setText, textAt } from "../support/journal/journal_memory_disk.ts";
import { SharedLogDouble } from "../support/journal/shared_log_double.ts";
import {
  FOLDER,
  namesIn,
  SEGMENTS,
  startOn,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

const LAYOUT = journalLayout(FOLDER);

function between(fileSystem: MemoryDisk, log: SharedLogDouble, begins = () => Promise.resolve()) {
  return { fileSystem, layout: LAYOUT, log, begins, progress: () => {} };
}

/** An empty folder, as `pull` finds it. */
async function emptyDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  await disk.makeFolder(FOLDER);
  await disk.makeFolder(SEGMENTS);
  return disk;
}

function textsOf(disk: MemoryDisk): readonly string[] {
  return namesIn(disk, SEGMENTS).map((name) => `${name}:${textAt(disk, `${SEGMENTS}/${name}`)}`);
}

async function pushed() {
  const { disk, entries } = await writtenWithSidecars();
  const log = new SharedLogDouble();
  const { head } = await push(between(disk, log));
  return { disk, entries, log, head };
}

Deno.test("push: every batch is there, its chain unchanged, and a folder pulled from it is the same", async () => {
  const { disk, log, head } = await pushed();
  assert.equal(log.batches.at(-1)?.chain, head.chain);
  const folder = await emptyDisk();
  const { batches } = await pull(between(folder, log));
  assert.equal(batches, log.batches.length);
  assert.deepEqual(textsOf(folder), textsOf(disk));
  const { journal, consumer } = await startOn(folder);
  assert.equal(consumer.entries.some(({ eventType }) => eventType === "journal.Recovered"), false);
  await journal.close();
});

Deno.test("push: if it is interrupted anywhere, it resumes there", async () => {
  const { disk, log } = await pushed();
  for (let kept = 0; kept <= log.batches.length; kept++) {
    const part = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, kept) });
    const { batches, head } = await push(between(disk, part));
    assert.equal(batches, log.batches.length - kept);
    assert.deepEqual(part.batches, log.batches);
    assert.equal(head.chain, log.batches.at(-1)?.chain);
  }
});

Deno.test("push: another history is left unchanged, however long either is", async () => {
  const { disk, log } = await pushed();
  const other = await writtenWithSidecars();
  for (const kept of [1, 3, log.batches.length]) {
    const part = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, kept) });
    const before = [...part.batches];
    const begins = () => assert.fail("nothing may be written");
    await assert.rejects(push(between(other.disk, part, begins)), DivergedHistoryError);
    assert.deepEqual(part.batches, before);
  }
  const { batches } = await push(between(disk, log));
  assert.equal(batches, 0);
});

Deno.test("pull: a folder with an earlier part is continued, and one with another history is left unchanged", async () => {
  const { disk, log } = await pushed();
  for (let kept = 1; kept < log.batches.length; kept++) {
    const folder = await emptyDisk();
    const part = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, kept) });
    await pull(between(folder, part));
    const { batches } = await pull(between(folder, log));
    assert.equal(batches, log.batches.length - kept);
    assert.deepEqual(textsOf(folder), textsOf(disk), `${kept} were there`);
    const whole = folder.copy();
    await assert.rejects(pull(between(folder, part)), /the folder ends at logId/);
    assert.deepEqual(textsOf(folder), textsOf(whole));
  }
  const { disk: other } = await writtenWithSidecars();
  const before = textsOf(other);
  await assert.rejects(pull(between(other, log)), DivergedHistoryError);
  assert.deepEqual(textsOf(other), before);
});

Deno.test("pull: a changed row is not written", async () => {
  const { log } = await pushed();
  const batches = log.batches.map((batch) => ({ ...batch, bytes: batch.bytes.slice() }));
  const bytes = batches[4]?.bytes ?? new Uint8Array();
  bytes[20] = (bytes[20] ?? 0) ^ 1;
  const damaged = Object.assign(new SharedLogDouble(), { batches });
  const folder = await emptyDisk();
  await assert.rejects(pull(between(folder, damaged)), DamagedLogError);
});

Deno.test("comparison: equal journals are equal, and rows missing in the folder are counted", async () => {
  const { disk, log } = await pushed();
  const head = log.batches.at(-1);
  assert.deepEqual(await compare(between(disk, log)), {
    same: { logId: head?.lastLogId, chain: head?.chain },
    batches: log.batches.length,
    more: 0,
    divergence: null,
  });
  const folder = await emptyDisk();
  const part = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, 3) });
  await pull(between(folder, part));
  const { batches, more, divergence } = await compare(between(folder, log));
  const last = part.batches.at(-1)?.lastLogId ?? 0;
  assert.deepEqual([batches, more, divergence], [3, (head?.lastLogId ?? 0) - last, null]);
});

Deno.test("comparison: any change in a row is found, with the position where the two diverge", async () => {
  const { disk, log } = await pushed();
  const changes: readonly ((batch: typeof log.batches[number]) => object)[] = [
    ({ bytes }) => ({ bytes: bytes.with(bytes.length >> 1, 0) }),
    ({ bytes }) => ({ bytes: bytes.subarray(1) }),
    () => ({ chain: "other" }),
    () => ({ previousChain: "other" }),
    ({ lastLogId }) => ({ lastLogId: lastLogId + 1 }),
    ({ firstLogId }) => ({ firstLogId: firstLogId + 1 }),
  ];
  for (let at = 0; at < log.batches.length; at++) {
    for (const change of changes) {
      const batches = log.batches.map((batch, index) =>
        index === at ? { ...batch, ...change(batch) } : batch
      );
      const { divergence, same } = await compare(
        between(disk, Object.assign(new SharedLogDouble(), { batches })),
      );
      assert.equal(divergence?.logId, log.batches[at]?.firstLogId, change.toString());
      assert.equal(same.logId, (log.batches[at]?.firstLogId ?? 0) - 1);
    }
  }
});

Deno.test("comparison: rows lost in the database are reported, and rows after the folder's end are verified", async () => {
  const { disk, log } = await pushed();
  const lost = Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, -1) });
  assert.match(
    (await compare(between(disk, lost))).divergence?.reason ?? "",
    /the folder holds more/,
  );
  const folder = await emptyDisk();
  await pull(between(
    folder,
    Object.assign(new SharedLogDouble(), { batches: log.batches.slice(0, 2) }),
  ));
  const batches = log.batches.map((batch, index) =>
    index === 3 ? { ...batch, bytes: batch.bytes.with(9, 0) } : batch
  );
  const { divergence } = await compare(
    between(folder, Object.assign(new SharedLogDouble(), { batches })),
  );
  assert.equal(divergence?.logId, log.batches[3]?.firstLogId);
  assert.match(divergence?.reason ?? "", /is not what was written/);
});

Deno.test("comparison: a damaged folder is reported as damaged", async () => {
  const { disk, log } = await pushed();
  const name = `${SEGMENTS}/${namesIn(disk, SEGMENTS)[1]}`;
  disk.files.set(name, bytesOf(disk, name).with(30, 0));
  assert.match(
    (await compare(between(disk, log))).divergence?.reason ?? "",
    /the folder is damaged/,
  );
});

Deno.test("push: a torn tail stays in the folder", async () => {
  const disk = new MemoryDisk();
  const { journal } = await startOn(disk);
  for (let batch = 0; batch < 5; batch++) await journal.append(facts(3)).durable;
  const died = disk.copy();
  const name = `${SEGMENTS}/${namesIn(died, SEGMENTS).at(-1)}`;
  const whole = textAt(died, name).trimEnd();
  setText(died, name, whole.slice(0, -20));
  const log = new SharedLogDouble();
  const { head } = await push(between(died, log));
  assert.equal(head.logId, log.batches.at(-1)?.lastLogId);
  assert.ok(head.logId < journal.head.logId);
  await journal.close();
});
