/** A start for which another thread proves the next full segment while one is replayed. */

import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { withFile } from "../../src/journal/files/file_system.ts";
import type { SegmentProver } from "../../src/journal/options.ts";
import { requireWhole } from "../../src/journal/read/segment_proof.ts";
import { bytesOf, type MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  flipped,
  proven,
  SEGMENTS,
  type Started,
  startOn,
  type Written,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

type IsWhole = SegmentProver["isWhole"];

/** As the thread of the index does. */
function proofOn(disk: MemoryDisk): IsWhole {
  return async (path, segment) => {
    try {
      await withFile(disk, path, "read", (file) => requireWhole(file, segment, () => undefined));
      return true;
    } catch {
      return false;
    }
  };
}

/** A start that reads everything, and lets proofs come to an end after each batch. */
async function started(
  disk: MemoryDisk,
  isWhole?: IsWhole,
): Promise<Started | JournalDamagedError> {
  const progress = () => new Promise<void>((resolve) => setImmediate(resolve));
  const prover = isWhole === undefined ? {} : { prover: { isWhole } };
  return await startOn(disk, { ...prover, progress }).catch(damage);
}

function damage(error: unknown): JournalDamagedError {
  if (error instanceof JournalDamagedError) return error;
  throw error;
}

/** Without caches, so that a start replays each segment. */
async function bare(): Promise<Written> {
  const written = await writtenWithSidecars();
  const { files } = written.disk;
  for (const path of [...files.keys()]) if (!path.startsWith(SEGMENTS)) files.delete(path);
  return written;
}

/** Where a value is that can change without a trace, except in the hashes: not at the end of a batch. */
function valueIn(segment: Uint8Array): number {
  return new TextDecoder().decode(segment).indexOf('{"n":0}') + 5;
}

async function assertStarts(found: Started | JournalDamagedError, { entries }: Written) {
  assert.ok(!(found instanceof JournalDamagedError), String(found));
  assert.deepEqual(await found.journal.read(0, entries.length), entries);
  await found.journal.close();
}

Deno.test("file journal: a start does not verify again what another thread has proven meanwhile", async () => {
  const written = await bare();
  const [, second] = written.sealed;
  const asked: string[] = [];
  const trusting: IsWhole = (path) => {
    asked.push(path);
    return Promise.resolve(true);
  };
  const disk = written.disk.copy();
  const path = `${SEGMENTS}/${second}`;
  const bytes = bytesOf(disk, path);
  disk.files.set(path, flipped(bytes, valueIn(bytes)));
  await assertStarts(await started(written.disk.copy(), trusting), written);
  assert.deepEqual(
    asked.slice(0, written.sealed.length - 1),
    written.sealed.slice(1).map((name) => `${SEGMENTS}/${name}`),
    "all but the first, which is read at once, and the active one",
  );
  assert.ok(await started(disk.copy()) instanceof JournalDamagedError);
  const found = await started(disk, trusting);
  assert.ok(!(found instanceof JournalDamagedError), "the proof is what the start relies on");
  await found.journal.close();
});

Deno.test("file journal: a start refuses damage with the same words, with another thread and without", async () => {
  const written = await bare();
  for (const name of written.sealed) {
    const path = `${SEGMENTS}/${name}`;
    const bytes = bytesOf(written.disk, path);
    for (let at = 1; at < bytes.length; at += 29) {
      const disk = written.disk.copy();
      disk.files.set(path, flipped(bytes, at));
      const [alone, helped] = [
        await started(disk.copy()),
        await started(disk.copy(), proofOn(disk)),
      ];
      assert.ok(alone instanceof JournalDamagedError, `${name} at ${at}`);
      assert.ok(helped instanceof JournalDamagedError, `${name} at ${at}: ${helped}`);
      assert.deepEqual(
        [helped.message, helped.segment, helped.offset, helped.logId],
        [alone.message, alone.segment, alone.offset, alone.logId],
      );
    }
  }
});

Deno.test("file journal: a start verifies a segment that has changed since another thread proved it", async () => {
  const written = await bare();
  const path = `${SEGMENTS}/${written.sealed.at(-1)}`;
  const bytes = bytesOf(written.disk, path);
  const changed = flipped(bytes, valueIn(bytes));
  const before = written.disk.copy();
  before.files.set(path, changed);
  const expected = await started(before);
  const disk = written.disk.copy();
  const found = await started(disk, async (asked, segment) => {
    const isWhole = await proofOn(disk)(asked, segment);
    if (asked === path) disk.files.set(path, changed);
    return isWhole;
  });
  assert.ok(expected instanceof JournalDamagedError && found instanceof JournalDamagedError);
  assert.equal(found.message, expected.message);
});

Deno.test("file journal: a proven segment that changed while a start read it is verified again soon", async () => {
  const { disk, sealed } = await writtenWithSidecars();
  for (const path of [...disk.files.keys()]) {
    if (path.includes("snapshots/")) disk.files.delete(path);
  }
  const path = `${SEGMENTS}/${sealed.at(-1)}`;
  const bytes = bytesOf(disk, path);
  const before = sealed.slice(0, -1).reduce((sum, name) => {
    return sum + bytesOf(disk, `${SEGMENTS}/${name}`).length;
  }, 0);
  const progress = (done: number) => {
    if (done > before && disk.files.get(path) === bytes) {
      disk.files.set(path, flipped(bytes, valueIn(bytes)));
    }
    return new Promise<void>((resolve) => setImmediate(resolve));
  };
  const found = await startOn(disk, { prover: { isWhole: proofOn(disk) }, progress });
  await proven(found);
  assert.ok(found.consumer.failures[0]?.cause instanceof JournalDamagedError);
  await found.journal.close();
});

Deno.test("file journal: a start verifies segments itself if the other thread ends or does not answer", async () => {
  const written = await bare();
  const dead: IsWhole = () => Promise.reject(new Error("it has ended"));
  await assertStarts(await started(written.disk.copy(), dead), written);
  await assertStarts(await started(written.disk.copy(), () => new Promise(() => {})), written);
});
