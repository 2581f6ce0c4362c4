/**
 * Everything that can happen to the bytes of a snapshot: it is set aside, and the states follow
 * from the lines, byte for byte.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Projection } from "../../src/engine/writer/projection.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { withoutDigest } from "../support/damage/broken_readers.ts";
import {
  type Damage,
  flips,
  lineDamage,
  truncations,
  zeroedPages,
} from "../support/damage/damage_kinds.ts";
import { sampled } from "../support/damage/damage_sweep.ts";
import { rounds } from "../support/effort.ts";
import { bytesOf, type MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { furtherIds } from "../support/journal/journal_of_jobs.ts";
import {
  forkOf,
  nameOf,
  type WrittenJournal,
  writtenJournal,
} from "../support/journal/written_journal.ts";
import { openOn } from "../support/damage/journal_sweep.ts";

/** The position of a snapshot does not matter here. */
const HEAD = { logId: 0, chain: "" };

/** Starts, and returns all resulting states and columns as text. */
async function statesOn(fileSystem: FileSystem) {
  const projection = new Projection();
  const { report } = await openOn(fileSystem, projection, { random: furtherIds });
  return { states: [...projection.capture(HEAD)].join("\n"), report };
}

function* everyDamage({ disk }: WrittenJournal, path: string): Iterable<Damage> {
  yield* flips(disk, path, rounds(1, 8) === 1 ? 1 : 8, Math.floor(Math.random() * 8));
  yield* truncations(disk, path);
  yield* lineDamage(disk, path);
  yield* zeroedPages(disk, path);
}

/** The states of a start from the lines alone. */
async function replayedStates(journal: WrittenJournal): Promise<string> {
  const disk = forkOf(journal.disk);
  for (const { path } of journal.snapshots) disk.files.delete(path);
  return (await statesOn(disk)).states;
}

/** What is wrong after a start on a damaged snapshot, or `undefined`. */
async function flawAfter(
  journal: WrittenJournal,
  disk: MemoryDisk,
  expected: string,
): Promise<string | undefined> {
  const { states, report } = await statesOn(disk);
  if (states !== expected) return "the states are others";
  if (!report.clean) return "the start had to recover something";
  const changed = journal.segments.find((each) =>
    !Buffer.from(bytesOf(disk, each)).equals(bytesOf(journal.disk, each))
  );
  return changed && `segment ${changed} was changed`;
}

Deno.test("snapshots: whatever happens to their bytes, the states follow from the lines", async () => {
  const journal = await writtenJournal("stop");
  const expected = await replayedStates(journal);
  for (const [index, { path }] of journal.snapshots.entries()) {
    // The older one is not read while the newer one is valid.
    const isOlder = index < journal.snapshots.length - 1;
    const newest = journal.snapshots.at(-1)?.path ?? "";
    const step = rounds(24, 1, 120);
    const first = Math.floor(Math.random() * step);
    let judged = 0;
    for (const damage of sampled(everyDamage(journal, path), step, first)) {
      const disk = forkOf(journal.disk);
      damage.apply(disk);
      if (isOlder) disk.files.delete(newest);
      const flaw = await flawAfter(journal, disk, expected);
      assert.equal(flaw, undefined, `${damage.kind}, ${damage.what}`);
      assert.ok(disk.files.has(`${path}.damaged`), damage.what);
      judged++;
    }
    console.log(`${nameOf(path)}: ${judged} damages judged, each set aside`);
    assert.ok(judged > 10_000 / step, `${judged}`);
  }
});

Deno.test("snapshots: renamed, swapped or missing ones are not trusted", async () => {
  const journal = await writtenJournal("stop");
  const expected = await replayedStates(journal);
  const [older, newer] = journal.snapshots.map(({ path }) => path);
  assert.ok(older !== undefined && newer !== undefined);
  const named = (logId: number) => `journal/snapshots/${String(logId).padStart(20, "0")}.snapshot`;
  const changes: Record<string, (disk: MemoryDisk) => void> = {
    "the newer one is missing": (disk) => void disk.files.delete(newer),
    "both are missing": (disk) => [older, newer].forEach((path) => disk.files.delete(path)),
    "both are swapped": (disk) => {
      disk.files.set(older, bytesOf(journal.disk, newer));
      disk.files.set(newer, bytesOf(journal.disk, older));
    },
    "one is there as the other": (disk) => void disk.files.set(newer, bytesOf(journal.disk, older)),
  };
  for (const logId of [1, 35, 37, 45, 47, 9_999]) {
    changes[`one is named ${logId}`] = (disk) => {
      disk.files.delete(newer);
      disk.files.set(named(logId), bytesOf(journal.disk, newer));
    };
    changes[`one is there as ${logId} too`] = (disk) =>
      void disk.files.set(named(logId), bytesOf(journal.disk, newer));
  }
  for (const [what, change] of Object.entries(changes)) {
    const disk = forkOf(journal.disk);
    change(disk);
    assert.equal((await statesOn(disk)).states, expected, what);
  }
});

Deno.test("snapshots: a reader that does not check the digest is caught", async () => {
  const journal = await writtenJournal("stop");
  const expected = await replayedStates(journal);
  const path = journal.snapshots.at(-1)?.path ?? "";
  let found = 0;
  for (const damage of sampled(flips(journal.disk, path, 1), rounds(14, 7, 70))) {
    const disk = forkOf(journal.disk);
    damage.apply(disk);
    const flaw = await flawAfter(journal, withoutDigest(disk), expected)
      .catch((error) => String(error));
    if (flaw !== undefined) found++;
  }
  assert.ok(found > rounds(25, 50, 5), `${found} found`);
});
