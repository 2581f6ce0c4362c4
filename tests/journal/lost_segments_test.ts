/** Segments that are gone although other files prove that they were there. */

import assert from "node:assert/strict";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { facts } from "../support/journal/journal_events.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { proven, SEGMENTS, SIDECARS, startOn } from "../support/journal/sidecar_journal.ts";

/** A cleanly stopped journal of several segments, each full one with its sidecar. */
async function stopped(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const first = await startOn(disk);
  while ((await first.journal.info()).segments.length < 5) {
    await first.journal.append(facts(3)).durable;
  }
  await proven(first);
  await first.journal.close();
  return disk;
}

async function remove(disk: MemoryDisk, folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await disk.remove(`${folder}/${name}`);
}

async function refusal(
  disk: MemoryDisk,
  options: Parameters<typeof startOn>[1] = {},
): Promise<string> {
  try {
    await startOn(disk, options);
  } catch (error) {
    assert.ok(error instanceof JournalDamagedError, String(error));
    assert.equal(error.exitCode, 78);
    return error.message;
  }
  return "it started";
}

async function segmentsOf(disk: MemoryDisk): Promise<readonly string[]> {
  return (await disk.list(SEGMENTS)).toSorted();
}

for (const missing of [1, 2, 5]) {
  Deno.test(`lost segments: with the last ${missing} of 5 removed, the start names what a sidecar proves, until that is accepted`, async () => {
    const disk = await stopped();
    const names = await segmentsOf(disk);
    assert.equal((await disk.list(SIDECARS)).length, 4);
    await remove(disk, SEGMENTS, names.slice(5 - missing));
    await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));

    for (let times = 0; times < 2; times++) {
      const message = await refusal(disk);
      assert.match(
        message,
        missing === 5 ? /there are no segments, but/ : /the journal ends at logId/,
      );
      const full = missing === 1 ? "this segment" : `segment ${names[3]}, which is missing,`;
      assert.ok(message.includes(`shows that ${full} was full`), message);
      assert.match(message, /acknowledged entries are lost, logId \d+ to \d+ or more/);
      assert.match(message, /--accept-snapshot-ahead continues without them/);
    }
    const accepted = await startOn(disk, { acceptSnapshotAhead: true });
    await accepted.journal.append(facts(1)).durable;
    await accepted.journal.close();
    assert.equal(await refusal(disk), "it started");
  });
}

Deno.test("lost segments: a damaged sidecar proves nothing", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, (await segmentsOf(disk)).slice(1));
  await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));
  for (const name of await disk.list(SIDECARS)) {
    const file = await disk.open(`${SIDECARS}/${name}`, "write");
    await file.write(20, new TextEncoder().encode("x"));
    file.close();
  }
  assert.equal(await refusal(disk), "it started");
});

Deno.test("lost segments: without any cache the rest of a journal starts, as it always did", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, (await segmentsOf(disk)).slice(3));
  await remove(disk, "journal/snapshots", await disk.list("journal/snapshots"));
  await remove(disk, SIDECARS, await disk.list(SIDECARS));
  assert.equal(await refusal(disk), "it started");
});

Deno.test("lost segments: a snapshot proves that a folder without segments is no new journal", async () => {
  const disk = await stopped();
  await remove(disk, SEGMENTS, await segmentsOf(disk));
  await remove(disk, SIDECARS, await disk.list(SIDECARS));
  assert.match(await refusal(disk), /snapshot \d+\.snapshot covers logId \d+, but/);
});
