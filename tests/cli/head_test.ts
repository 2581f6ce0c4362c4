import assert from "node:assert/strict";
import { journalCommand } from "../support/process/journal_command.ts";
import {
  bytesOf,
  lastSegment,
  MemoryDisk,
  segmentPaths,
  setText,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, entryAt, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { incoming } from "../support/engine/incoming.ts";

/** The output of `head`, and the result of reading all lines to the last one. */
async function headOf(disk: MemoryDisk) {
  const { code, out } = await journalCommand(disk, ["head"], { isInteractive: false });
  assert.equal(code, 0);
  return JSON.parse(out.join("\n"));
}

function endOf(disk: MemoryDisk, path = lastSegment(disk)) {
  const lines = textAt(disk, path).split("\n");
  const at = lines.findLastIndex((line) => line.includes('"chain"'));
  const { logId, chain, receivedAt } = JSON.parse(lines[at] ?? "");
  return { logId, chain, segment: path.split("/").at(-1), line: at + 1, receivedAt };
}

Deno.test("head: it has the position, chain, location and time of the last entry", async () => {
  const disk = await journalOfJobs();
  assert.deepEqual(await headOf(disk), { ...endOf(disk), tornBytes: 0 });
});

Deno.test("head: at a terminal it prints a few short lines", async () => {
  const disk = await journalOfJobs();
  const { logId, chain, segment, line } = endOf(disk);
  const { code, out } = await journalCommand(disk, ["head"]);
  assert.equal(code, 0);
  assert.deepEqual(out.slice(0, 3), [
    `logId    ${logId}`,
    `chain    ${chain}`,
    `segment  ${segment} line ${line}`,
  ]);
});

Deno.test("head: a torn tail and an empty segment are ignored", async () => {
  const disk = await journalOfJobs();
  const [path, end] = [lastSegment(disk), endOf(disk)];
  setText(disk, path, `${textAt(disk, path)}\n{"logId":999,`);
  assert.deepEqual(await headOf(disk), { ...end, tornBytes: 14 });

  const next = `journal/segments/${String(end.logId + 1).padStart(20, "0")}.ndjson`;
  const rolled = await journalOfJobs();
  setText(rolled, next, "");
  assert.deepEqual(await headOf(rolled), { ...end, tornBytes: 0 });
  setText(rolled, next, '\n{"logId":');
  assert.deepEqual(await headOf(rolled), { ...end, tornBytes: 10 });
});

Deno.test("head: a journal without entries is empty", async () => {
  const disk = new MemoryDisk();
  await disk.makeFolder("journal/segments");
  assert.deepEqual(await headOf(disk), { logId: 0, chain: "" });
  assert.deepEqual((await journalCommand(disk, ["head"])).out, ["the journal is empty"]);
});

Deno.test("head: damage at the end is reported with its location", async () => {
  const disk = await journalOfJobs();
  const path = lastSegment(disk);
  const { logId } = entryAt(disk, Number(endOf(disk).logId) - 3);
  bytesOf(disk, path)[textAt(disk, path).indexOf(`{"logId":${logId},`) + 40] = 0;
  const { code, err } = await journalCommand(disk, ["head"]);
  assert.equal(code, 78);
  assert.match(err.join(), new RegExp(`segment ${path.split("/").at(-1)} at byte \\d+ \\(logId `));
});

/** A journal of some MB in one segment, with this many events in the last batch. */
async function longJournal(lastBatch: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { engine, journal } = await engineOn(disk, undefined, { segmentBytes: 64 * 1024 * 1024 });
  const deliver = (count: number) =>
    engine.deliver(
      Array.from({ length: count }, () => incoming("test.Happened", { text: "x".repeat(1_000) })),
    );
  for (let batch = 0; batch < 10; batch++) await deliver(200);
  await deliver(lastBatch);
  assert.equal(segmentPaths(disk).length, 1);
  assert.ok(journal.head.logId > 2_000);
  return disk;
}

Deno.test("head: of a long segment only the end is read, and what precedes is counted", async () => {
  const disk = await longJournal(3);
  bytesOf(disk, lastSegment(disk))[1_000] = 0; // Too far back to be read.
  assert.deepEqual(await headOf(disk), { ...endOf(disk), tornBytes: 0 });
});

Deno.test("head: a last batch longer than the first read is read from the start of its segment", async () => {
  const disk = await longJournal(1_500);
  assert.deepEqual(await headOf(disk), { ...endOf(disk), tornBytes: 0 });
});

Deno.test("head: offsets of damage at the end are counted from the start of the segment, as in verify", async () => {
  const disk = await longJournal(3);
  const path = lastSegment(disk);
  const bytes = bytesOf(disk, path);
  const text = textAt(disk, path);
  const { logId } = endOf(disk);
  const at = text.indexOf(`{"logId":${logId - 3},`);
  bytes[at + 40] = 0;
  const batch = text.indexOf(`{"logId":${logId - 2},`);

  const { code, err } = await journalCommand(disk, ["head"]);
  const verified = await journalCommand(disk, ["verify", "--no-server"]);

  assert.equal(code, 78);
  assert.ok(at > 1024 * 1024);
  assert.match(err.join(), new RegExp(`at byte ${at} \\(logId ${logId - 3}\\): `));
  const proof = `a whole line of batch ${logId - 2} is at byte ${batch}`;
  assert.ok(err.join().includes(proof), `${err.join()} has not: ${proof}`);
  assert.ok(verified.out.join().includes(proof), verified.out.join());
});

Deno.test("journal commands: what a newer version wrote ends them with 65, which their help names", async () => {
  const commands = [["head"], ["cat"], ["export", "x"], ["replay-test"], ["backup", "copy"], [
    "verify",
  ], ["repair"]];
  for (const args of commands) {
    const disk = await journalOfJobs();
    forge(disk, (line) => line.replace('"formatVersion":', '"formatVersion":9'));
    const tools = { definitions: () => Promise.resolve([]) };
    const { code, err } = await journalCommand(disk, args, { tools });
    assert.equal(code, 65, err.join());
    const { out } = await journalCommand(disk, [args[0] ?? "", "--help"]);
    assert.match(out.join(" "), / 65 a newer version wrote/, args[0]);
  }
});
