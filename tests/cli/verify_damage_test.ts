/** `journal verify` against the same oracle that judges a start. */

import assert from "node:assert/strict";
import { withoutChecks } from "../support/damage/broken_readers.ts";
import {
  appended,
  batchDamage,
  type Damage,
  fileDamage,
  flips,
  lineDamage,
  swappedLines,
  truncations,
  zeroedPages,
} from "../support/damage/damage_kinds.ts";
import { expectationOf } from "../support/damage/damage_oracle.ts";
import { sampled } from "../support/damage/damage_sweep.ts";
import { rounds } from "../support/effort.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { forkOf, type WrittenJournal, writtenJournal } from "../support/journal/written_journal.ts";

const EXIT_INTACT = 0;
const EXIT_UNUSABLE = 74;
const EXIT_DAMAGED = 78;

function* everyDamage(journal: WrittenJournal): Iterable<Damage> {
  const { segments, disk } = journal;
  for (const path of segments) {
    yield* flips(disk, path, 1, Math.floor(Math.random() * 8));
    yield* truncations(disk, path);
    yield* lineDamage(disk, path);
    yield* zeroedPages(disk, path);
  }
  yield* batchDamage(journal);
  yield* swappedLines(journal, 7);
}

async function verified(
  disk: MemoryDisk,
): Promise<{ code: number; logId: number; detail: string }> {
  const args = ["verify", "--no-server"];
  const { code, out } = await journalCommand(disk, args, { isInteractive: false });
  const { head, detail } = JSON.parse(out.join("\n"));
  return { code, logId: head.logId, detail };
}

/** What is wrong with a verdict, or `undefined`. */
async function flawIn(
  journal: WrittenJournal,
  damage: Damage,
  through: (disk: MemoryDisk) => MemoryDisk = (disk) => disk,
): Promise<string | undefined> {
  const disk = forkOf(journal.disk);
  damage.apply(disk);
  const { kind, batches } = expectationOf(journal, disk);
  const { code, logId, detail } = await verified(through(disk));
  const isRefused = code === EXIT_DAMAGED || code === EXIT_UNUSABLE;
  const what = `${damage.kind}, ${damage.what}: ${code}, ${detail}`;
  if (!isRefused && code !== EXIT_INTACT) return `another exit code: ${what}`;
  if (isRefused) return kind === "start" ? `found in vain: ${what}` : undefined;
  if (kind === "refuse") return `not found: ${what}`;
  return logId === journal.batches[batches - 1]?.lastLogId ? undefined : `another head: ${what}`;
}

Deno.test("verify: it finds exactly what a start must refuse, wherever it is", async () => {
  const journal = await writtenJournal("stop");
  const step = rounds(61, 1, 300);
  const first = Math.floor(Math.random() * step);
  let judged = 0;
  for (const damage of sampled(everyDamage(journal), step, first)) {
    assert.equal(await flawIn(journal, damage), undefined);
    judged++;
  }
  for (
    const damage of [
      ...fileDamage(journal),
      ...appended(journal.disk, journal.segments.at(-1) ?? ""),
    ]
  ) {
    assert.equal(await flawIn(journal, damage), undefined);
    judged++;
  }
  console.log(`${judged} damages judged, every ${step}th from ${first} on`);
  assert.ok(judged > rounds(400, 1_000, 50), `${judged} judged`);
});

Deno.test("verify: it finds each damage to a snapshot, which a start would set aside", async () => {
  const journal = await writtenJournal("stop");
  const step = rounds(101, 1, 400);
  let judged = 0;
  for (const { path } of journal.snapshots) {
    const damages = [...flips(journal.disk, path, 1), ...truncations(journal.disk, path)];
    for (const damage of sampled(damages, step, Math.floor(Math.random() * step))) {
      const disk = forkOf(journal.disk);
      damage.apply(disk);
      const { code, detail } = await verified(disk);
      assert.equal(code, EXIT_DAMAGED, damage.what);
      assert.match(detail, /^damaged: snapshot \d+\.snapshot: /, damage.what);
      judged++;
    }
  }
  assert.ok(judged > rounds(80, 200, 10), `${judged} judged`);
});

Deno.test("verify: one without crc and chain is caught", async () => {
  const journal = await writtenJournal("stop");
  const through = withoutChecks({ crc: true, chain: true });
  let found = 0;
  for (const path of journal.segments) {
    for (const damage of sampled(flips(journal.disk, path, 1), 120)) {
      if (await flawIn(journal, damage, through) !== undefined) found++;
    }
  }
  assert.ok(found > 10, `${found} found`);
});
