/** What an earlier verdict proves about a journal that lost whole batches at its end. */

import assert from "node:assert/strict";
import { FakeRandom } from "../support/fake_clock.ts";
import { journalCommand, type Said } from "../support/process/journal_command.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  dropSnapshots,
  engineOn,
  forge,
  journalOfJobs,
  setText,
  textAt,
} from "../support/journal/journal_of_jobs.ts";
import { lastSegment } from "../support/damage/journal_sweep.ts";

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
