/**
 * Everything that can happen to the bytes of a journal of real jobs, one damage at a time, and the
 * result of a start. An oracle that knows only the promise judges it.
 */

import assert from "node:assert/strict";
import {
  endingAtBlankLines,
  unsealed,
  withoutBatchId,
  withoutChecks,
} from "../support/damage/broken_readers.ts";
import {
  appended,
  batchDamage,
  blankPages,
  type Damage,
  fileDamage,
  flips,
  lineDamage,
  powerCuts,
  swappedLines,
  truncations,
  zeroedPages,
} from "../support/damage/damage_kinds.ts";
import { sampled, sweep, type SweepOptions, type Tally } from "../support/damage/damage_sweep.ts";
import { rounds } from "../support/effort.ts";
import {
  mixedJournal,
  withoutSnapshots,
  type WrittenJournal,
  writtenJournal,
} from "../support/journal/written_journal.ts";

/** A different bit of each byte, varying with every run; or all of them. */
const FIRST_BIT = Math.floor(Math.random() * 8);

/** One in this many is tried. */
const STEP = rounds(8, 1, 40);
/** The short form tries others each time. */
const FIRST = Math.floor(Math.random() * STEP);

function* everyFlip({ segments, disk }: WrittenJournal): Iterable<Damage> {
  for (const path of segments) yield* flips(disk, path, rounds(1, 8) === 1 ? 1 : 8, FIRST_BIT);
}

function* everyTruncation({ segments, disk }: WrittenJournal): Iterable<Damage> {
  for (const path of segments) yield* truncations(disk, path);
}

/** Lines, batches, pages and files. */
function* everyOther(journal: WrittenJournal): Iterable<Damage> {
  const { segments, disk } = journal;
  for (const path of segments) {
    yield* lineDamage(disk, path);
    yield* zeroedPages(disk, path);
    yield* blankPages(disk, path);
  }
  yield* swappedLines(journal);
  yield* batchDamage(journal);
  yield* fileDamage(journal);
  yield* appended(disk, segments.at(-1) ?? "");
}

/** Nothing is undetected, wrongly refused, or changed by a refusal. */
function assertRight(tally: Tally, what: string): void {
  console.log(`${what}:\n${tally}`);
  assert.deepEqual(tally.violations.slice(0, 5), [], `${tally.violations.length} violations`);
}

const JOURNALS: Readonly<Record<string, () => Promise<WrittenJournal>>> = {
  "with its snapshots": () => writtenJournal("stop"),
  "without its snapshots": async () => withoutSnapshots(await writtenJournal("stop")),
};

for (const [name, make] of Object.entries(JOURNALS)) {
  Deno.test(`exhaustive damage: every flipped bit of a journal ${name}`, async () => {
    const journal = await make();
    assert.ok(journal.segments.length >= 3);
    const tally = await sweep(journal, sampled(everyFlip(journal), STEP, FIRST));
    assertRight(tally, `flips ${name}, from bit ${FIRST_BIT} on`);
    assert.ok(tally.total > 15_000 / STEP, `${tally.total} flips`);
  });

  Deno.test(`exhaustive damage: every truncation of a journal ${name}`, async () => {
    const journal = await make();
    const tally = await sweep(journal, sampled(everyTruncation(journal), STEP, FIRST));
    assertRight(tally, `truncations ${name}`);
    assert.ok(tally.total > 15_000 / STEP, `${tally.total} truncations`);
  });

  Deno.test(`exhaustive damage: lines, batches, pages and files of a journal ${name}`, async () => {
    const journal = await make();
    const tally = await sweep(journal, sampled(everyOther(journal), STEP, FIRST));
    assertRight(tally, `lines, batches, pages and files ${name}`);
    assert.ok(tally.total > 3_500 / STEP, `${tally.total} damages`);
  });
}

Deno.test("exhaustive damage: a segment of version 1 before those of version 2", async () => {
  const journal = withoutSnapshots(await mixedJournal());
  const old = { ...journal, segments: journal.segments.slice(0, 1) };
  const damages = [...everyFlip(old), ...everyTruncation(old), ...everyOther(old)];
  const tally = await sweep(journal, sampled(damages, 2 * STEP, FIRST));
  assertRight(tally, "a segment of version 1");
  assert.ok(journal.segments.length > 1 && tally.total > 10_000 / STEP, `${tally.total} damages`);
});

Deno.test("exhaustive damage: after a crash, every truncation and power cut is recovered", async () => {
  const journal = await writtenJournal("crash");
  const bare = withoutSnapshots(journal);
  const truncated = sampled(everyTruncation(bare), STEP, FIRST);
  assertRight(await sweep(bare, truncated), "truncations after a crash");
  assertRight(await sweep(journal, powerCuts(journal)), "power cuts in the last batch");
  assert.ok([...powerCuts(journal)].length >= 15);
});

/** A segment as it was when it was active, with any page lost. */
function* everyBlankPage(journal: WrittenJournal): Iterable<Damage> {
  for (const path of journal.segments) yield* blankPages(journal.disk, path);
}

/** A sample of the same sweep with something broken, which must be caught. */
async function violations(
  journal: WrittenJournal,
  damages: Iterable<Damage>,
  step: number,
  options: SweepOptions,
): Promise<Tally> {
  const tally = await sweep(journal, sampled(damages, step), options);
  console.log(
    `of ${tally.total} damages: ${tally.violated("undetected damage")} undetected, ` +
      `${tally.violated("false refusal")} refused in vain`,
  );
  return tally;
}

Deno.test("exhaustive damage: a reader without crc and chain is caught", async () => {
  const journal = withoutSnapshots(await writtenJournal("stop"));
  const through = withoutChecks({ crc: true, chain: true });
  const tally = await violations(journal, everyFlip(journal), 40, { through });
  assert.ok(tally.violated("undetected damage") > 50);
});

Deno.test("exhaustive damage: a reader without chain is caught", async () => {
  const journal = withoutSnapshots(await writtenJournal("stop"));
  const through = withoutChecks({ crc: false, chain: true });
  const lines = journal.segments.flatMap((path) => [...lineDamage(journal.disk, path)]);
  const tally = await violations(journal, lines, 1, { through });
  assert.ok(tally.violated("undetected damage") > 10);
});

Deno.test("exhaustive damage: a reader without crc is caught", async () => {
  const journal = await writtenJournal("crash");
  const through = withoutChecks({ crc: true, chain: false });
  const tally = await violations(journal, powerCuts(journal), 1, { through });
  assert.ok(tally.violated("false refusal") > 0);
});

Deno.test("exhaustive damage: a writer without seals is caught", async () => {
  const journal = withoutSnapshots(await writtenJournal("stop"));
  const last = journal.segments.at(-1) ?? "";
  const beforeSeal = [...flips(journal.disk, last, 1)].slice(0, journal.batches.at(-1)?.start);
  const tally = await violations(journal, unsealed(journal, beforeSeal), 3, {});
  assert.ok(tally.violated("undetected damage") > 50);
});

Deno.test("exhaustive damage: a reader that treats newlines as the end is caught", async () => {
  const journal = withoutSnapshots(await writtenJournal("crash"));
  const through = endingAtBlankLines;
  const tally = await violations(journal, everyBlankPage(journal), 1, { through });
  assert.ok(tally.violated("undetected damage") > 2);
});

Deno.test("exhaustive damage: a reader without batch ids is caught", async () => {
  const journal = await writtenJournal("crash");
  const through = withoutBatchId(journal);
  const tally = await violations(journal, powerCuts(journal), 1, { through });
  assert.ok(tally.violated("false refusal") > 5);
});
