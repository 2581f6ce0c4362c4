import assert from "node:assert/strict";
import { LineIndex } from "../../src/journal/read/line_index.ts";
import { decodedSidecar, encodedSidecar } from "../../src/journal/read/sidecar_store.ts";
import { journalCommand, type Said } from "../support/process/journal_command.ts";
import {
  bytesOf,
  dropSnapshots,
  lastSegment,
  type MemoryDisk,
  setText,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import {
  flipped,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { engineOn, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";

/** Where the first block of a line index has its byte offset in the segment. */
const OFFSET_AT = 4;

async function notesOn(disk: MemoryDisk): Promise<readonly string[]> {
  // They were written by a consumer without jobs.
  for (const path of disk.files.keys()) if (path.includes("/snapshots/")) disk.files.delete(path);
  const said = await journalCommand(disk, ["verify", "--no-server"], { isInteractive: false });
  assert.equal(said.code, 0, `a sidecar is a cache: ${said.out}`);
  return JSON.parse(said.out.join("\n")).notes;
}

Deno.test("journal verify: sidecars that agree with their segments are not mentioned", async () => {
  const { disk } = await writtenWithSidecars();
  assert.deepEqual(await notesOn(disk), []);
});

Deno.test("journal verify: a sidecar that disagrees with its segment is named", async () => {
  const written = await writtenWithSidecars();
  const [first = "", second = ""] = written.sealed;
  const pathOf = (segment: string) => `${SIDECARS}/${sidecarOf(segment)}`;
  const swapped = written.disk.copy();
  swapped.files.set(pathOf(first), bytesOf(swapped, pathOf(second)));
  assert.deepEqual(await notesOn(swapped), [
    `sidecar ${sidecarOf(first)}: it is that of ${second}; the next start reads its segment`,
  ]);
  const damaged = written.disk.copy();
  damaged.files.set(pathOf(second), flipped(bytesOf(damaged, pathOf(second)), 40));
  assert.match((await notesOn(damaged))[0] ?? "", /: the content does not match its sha256; /);
  const known = decodedSidecar(bytesOf(written.disk, pathOf(second)));
  const other = decodedSidecar(bytesOf(written.disk, pathOf(first)));
  assert.ok(typeof known !== "string" && typeof other !== "string");
  const wrong = written.disk.copy();
  const segment = { ...known.segment, chain: other.segment.chain };
  wrong.files.set(pathOf(second), new Uint8Array(encodedSidecar({ ...known, segment })));
  assert.match((await notesOn(wrong))[0] ?? "", /: it differs from the lines of its segment; /);
  const { index } = known;
  const shifted = LineIndex.of(flipped(index.blocks, OFFSET_AT), index.count, index.lines);
  const misplaced = { ...known, index: shifted };
  wrong.files.set(pathOf(second), new Uint8Array(encodedSidecar(misplaced)));
  assert.match(
    (await notesOn(wrong))[0] ?? "",
    /: its positions of the segment's lines are wrong; /,
  );
});

Deno.test("journal verify: no line is taken from a verdict, and the proved lines are reported", async () => {
  const { disk, sealed } = await writtenWithSidecars();
  const path = `${SEGMENTS}/${sealed[1]}`;
  // A start still trusts it.
  disk.files.rot(path, flipped(bytesOf(disk, path), 100));
  const args = ["verify", "--no-server"];
  const { code, out } = await journalCommand(disk, args, { isInteractive: false });
  const { proved } = JSON.parse(out.join("\n"));
  const firstLost = Number(sealed[1]?.replace(".ndjson", ""));
  assert.deepEqual([code, proved], [78, { firstLogId: 1, lastLogId: firstLost - 1 }]);
});

Deno.test("journal verify: sidecars of other files, as in a copy, are counted", async () => {
  const { disk, sealed } = await writtenWithSidecars();
  for (const segment of sealed) {
    disk.files.set(`${SEGMENTS}/${segment}`, bytesOf(disk, `${SEGMENTS}/${segment}`).slice());
  }
  assert.deepEqual(await notesOn(disk), [
    `${sealed.length} sidecars were written for other files than their segments, as in a copy: the next ` +
    "start reads those segments",
  ]);
});

// What an earlier verdict proves about a journal that lost whole batches at its end.

const VERDICT = "journal/verification.json";

function verify(disk: MemoryDisk): Promise<Said> {
  return journalCommand(disk, ["verify", "--no-server"]);
}

/** A journal that was verified and then lost its last batches. */
async function truncated(): Promise<{ disk: MemoryDisk; whole: MemoryDisk; head: number }> {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  assert.equal((await verify(disk)).code, 0);
  const whole = disk.copy();
  const path = lastSegment(disk);
  const lines = textAt(disk, path).split("\n");
  const ends = lines.flatMap((line, index) => line.includes('"chain":') ? [index] : []);
  setText(disk, path, lines.slice(0, (ends.at(-4) ?? 0) + 1).join("\n") + "\n");
  return { disk, whole, head: JSON.parse(textAt(disk, VERDICT)).head.logId };
}

Deno.test("verify: an earlier verdict proves that batches are missing at the end", async () => {
  const { disk, head } = await truncated();
  const before = JSON.parse(textAt(disk, VERDICT));

  for (const _ of [1, 2]) {
    const { code, out } = await verify(disk);
    assert.equal(code, 78);
    assert.match(
      out.join(),
      new RegExp(
        `^damaged: it was intact up to logId ${head}, chain ${before.head.chain}, at .*, ` +
          `but ends at \\d+: entries that were there are gone; .* journal repair --apply;`,
      ),
    );
    const kept = JSON.parse(textAt(disk, VERDICT));
    assert.equal(kept.verdict, "damaged");
    assert.deepEqual(kept.lastIntact, { ...before.head, at: before.at });
  }
});

Deno.test("start: a journal that ends before a point once found intact is refused, with that point", async () => {
  const { disk, whole, head } = await truncated();
  await assert.rejects(engineOn(disk, new FakeRandom("09X")), {
    name: "JournalDamagedError",
    exitCode: 78,
    message: new RegExp(`ends at logId \\d+, but it was found intact up to logId ${head} at `),
  });
  const { stop } = await engineOn(whole, new FakeRandom("09Y"));
  await stop();
});

Deno.test("verify: with the lost batches back, the journal is intact again", async () => {
  const { disk, whole } = await truncated();
  assert.equal((await verify(disk)).code, 78);
  setText(disk, lastSegment(disk), textAt(whole, lastSegment(whole)));
  assert.equal((await verify(disk)).code, 0);
  assert.equal(JSON.parse(textAt(disk, VERDICT)).lastIntact, undefined);
});

Deno.test("verify: a journal that continued after it lost batches is another history", async () => {
  const { disk, head } = await truncated();
  const verdict = textAt(disk, VERDICT);
  // With its verdict it would not have started.
  disk.files.delete(VERDICT);
  const { engine, stop } = await engineOn(disk);
  for (let order = 0; order < 9; order++) {
    await engine.create({ type: "test.parcel", input: { orderId: `new-${order}` } });
  }
  await stop();
  dropSnapshots(disk);
  setText(disk, VERDICT, verdict);

  const { code, out } = await verify(disk);

  assert.equal(code, 78);
  assert.match(out.join(), new RegExp(`up to logId ${head}, .* another entry is there now`));
  const repair = await journalCommand(disk, ["repair"]);
  assert.equal(repair.code, 78);
  assert.match(repair.err.join(), /another history; .* move verification.json elsewhere/);
});

Deno.test("verify: without its earlier verdict a restored journal is intact", async () => {
  const { disk } = await truncated();
  disk.files.delete(VERDICT);
  assert.equal((await verify(disk)).code, 0);
});

Deno.test("verify: a journal that continued since its verdict is intact", async () => {
  const disk = await journalOfJobs();
  assert.equal((await verify(disk)).code, 0);
  const { engine, stop } = await engineOn(disk);
  await engine.create({ type: "test.parcel", input: { orderId: "later" } });
  await stop();
  assert.equal((await verify(disk)).code, 0);
});

Deno.test("verify: forged lines with correct chains contradict the verdict", async () => {
  const disk = await journalOfJobs();
  assert.equal((await verify(disk)).code, 0);
  dropSnapshots(disk);
  forge(disk, (line) => line.replace('"orderId":"2"', '"orderId":"7"'));
  const { code, out } = await verify(disk);
  assert.equal(code, 78);
  assert.match(out.join(), /this is another history/);
});

Deno.test("repair: it records the loss that a verdict proves, and verify accepts that", async () => {
  const { disk, head } = await truncated();
  assert.equal((await verify(disk)).code, 78);
  assert.equal((await journalCommand(disk, ["repair"])).code, 1);

  const { code, err } = await journalCommand(disk, ["repair", "--apply"]);

  assert.equal(code, 0, err.join("\n"));
  const line = textAt(disk, lastSegment(disk)).split("\n").find((text) =>
    text.includes("journal.Repaired")
  );
  const { lostFrom, lostEntries } = JSON.parse(line ?? "").attributes;
  assert.equal(lostFrom + lostEntries - 1, head);
  assert.equal((await verify(disk)).code, 0);
});
