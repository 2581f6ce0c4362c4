import assert from "node:assert/strict";
import { countText } from "../../src/core/counted.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import {
  bytesOf,
  lastSegment,
  MemoryDisk,
  segmentPaths,
  setText,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const COPY = "copy/journal";

async function backedUp(disk: MemoryDisk | TestDisk, folder = COPY) {
  const said = await journalCommand(disk, ["backup", folder], { isInteractive: false });
  const [line] = said.out;
  return { ...said, result: line === undefined ? undefined : JSON.parse(line) };
}

function segmentsOf(disk: MemoryDisk, folder: string): ReadonlyMap<string, Uint8Array> {
  const prefix = `${folder}/segments/`;
  return new Map(
    [...disk.files].filter(([path]) => path.startsWith(prefix)).sort()
      .map(([path, bytes]) => [path.slice(prefix.length), bytes]),
  );
}

/** Replaces the journal with the copy, and removes everything else. */
function restored(disk: MemoryDisk): MemoryDisk {
  const fresh = new MemoryDisk();
  for (const [path, bytes] of disk.files) {
    if (path.startsWith(`${COPY}/`)) fresh.files.set(path.replace(COPY, "journal"), bytes);
  }
  return fresh;
}

/** Adds entries, in at least one more segment. */
async function goOn(disk: MemoryDisk): Promise<void> {
  const { engine, clock, stop } = await engineOn(disk);
  for (let count = 0; count < 12; count++) {
    const created = await engine.create({ type: "test.greet", input: { name: "x".repeat(500) } });
    assert.ok(created.ok);
    await clock.settle();
  }
  await stop();
}

Deno.test("backup: a copy has all whole batches, no caches, and is verified", async () => {
  const disk = await journalOfJobs();
  const { code, err, result } = await backedUp(disk);
  assert.deepEqual([code, err], [0, []]);
  assert.deepEqual(segmentsOf(disk, COPY), segmentsOf(disk, "journal"));
  assert.equal(result.written, 3);
  assert.match(result.detail, /^intact: \d+ entries in 3 segments, 0 snapshots, 9 jobs; head /);
  assert.equal(JSON.parse(textAt(disk, `${COPY}/verification.json`)).verdict, "intact");
  const names = [...disk.files.keys()].filter((path) => path.startsWith(COPY));
  assert.equal(names.length, 4, names.join());
});

Deno.test("backup: at a terminal it says what was copied, and the verdict", async () => {
  const disk = await journalOfJobs();
  const { out } = await journalCommand(disk, ["backup", `${COPY}/`]);
  const bytes = [...segmentsOf(disk, COPY).values()].reduce((sum, { length }) => sum + length, 0);
  assert.equal(
    out[0],
    `backed up to ${COPY}: 3 segments written, ${countText(bytes)} bytes; 0 already there`,
  );
  assert.match(out[1] ?? "", /^intact: /);
});

Deno.test("backup: it starts elsewhere, with the same states", async () => {
  const disk = await journalOfJobs();
  await backedUp(disk);
  const original = await engineOn(disk);
  const copy = await engineOn(restored(disk));
  assert.equal(copy.report.clean, true);
  assert.deepEqual(copy.journal.head, original.journal.head);
  const { jobs } = original.engine.lists.page({ limit: 100 });
  assert.equal(jobs.length, 9);
  assert.deepEqual(copy.engine.lists.page({ limit: 100 }).jobs, jobs);
  await copy.stop();
  await original.stop();
});

Deno.test("backup: the next one copies only what is new", async () => {
  const disk = await journalOfJobs();
  await backedUp(disk);
  const before = segmentsOf(disk, COPY);
  assert.equal((await backedUp(disk)).result.written, 0);
  await goOn(disk);
  const counting = new TestDisk(disk);
  const { code, result } = await backedUp(counting);
  assert.equal(code, 0);
  const after = segmentsOf(disk, COPY);
  assert.deepEqual(after, segmentsOf(disk, "journal"));
  assert.ok(after.size > before.size);
  assert.equal(result.written, after.size - before.size + 1, "the last one, and new ones");
  const written = counting.operations.filter((each) => /^create .*ndjson\.tmp$/.test(each));
  assert.equal(written.length, result.written);
});

Deno.test("backup: a batch that is being written, or is torn, is left out", async () => {
  const disk = await journalOfJobs();
  const last = lastSegment(disk);
  const whole = bytesOf(disk, last);
  setText(disk, last, `${textAt(disk, last)}\n{"logId":999,"batch":`);
  const { code, result } = await backedUp(disk);
  assert.equal(code, 0);
  assert.doesNotMatch(result.detail, /after the last whole batch/);
  assert.deepEqual(segmentsOf(disk, COPY).get(last.split("/").at(-1) ?? ""), whole);
});

Deno.test("backup: a new, empty segment is left out", async () => {
  const disk = await journalOfJobs();
  const next = JSON.parse(textAt(disk, lastSegment(disk)).trimEnd().split("\n").at(-1) ?? "").logId;
  setText(disk, `journal/segments/${String(next + 1).padStart(20, "0")}.ndjson`, "");
  const { code, result } = await backedUp(disk);
  assert.deepEqual([code, result.written], [0, 3]);
});

Deno.test("backup: a folder of another history is left unchanged", async () => {
  const disk = await journalOfJobs();
  await backedUp(disk);
  const other = await journalOfJobs();
  forge(other, (line) => line.replace('"eventId":"evt_0', '"eventId":"evt_1'));
  const longer = disk.copy();
  await goOn(longer);
  await backedUp(longer);
  const changes: readonly ((changed: MemoryDisk) => void)[] = [
    (changed) =>
      segmentPaths(other).forEach((path) => changed.files.set(path, bytesOf(other, path))),
    (changed) =>
      segmentsOf(longer, COPY).forEach((bytes, name) =>
        changed.files.set(`${COPY}/segments/${name}`, bytes.slice())
      ),
    (changed) => setText(changed, `${COPY}/segments/${"0".repeat(19)}7.ndjson`, "x"),
  ];
  for (const change of changes) {
    const changed = disk.copy();
    change(changed);
    const before = segmentsOf(changed, COPY);
    const { code, err } = await backedUp(changed);
    assert.equal(code, 1, err.join());
    assert.match(
      err.join(),
      /^daybook: Cannot back up: copy\/journal holds another history: .*choose an empty/,
    );
    assert.deepEqual(segmentsOf(changed, COPY), before);
  }
});

Deno.test("backup: a decayed copy is detected, and repaired by removing the file", async () => {
  const disk = await journalOfJobs();
  await backedUp(disk);
  const path = `${COPY}/segments/${"0".repeat(19)}1.ndjson`;
  const bytes = bytesOf(disk, path);
  bytes[500] = 0;
  const { code, result } = await backedUp(disk);
  assert.equal(code, 78);
  assert.match(result.detail, /^damaged: segment 0{19}1\.ndjson line \d+ /);
  disk.files.delete(path);
  assert.equal((await backedUp(disk)).code, 0);
  assert.deepEqual(segmentsOf(disk, COPY), segmentsOf(disk, "journal"));
});

Deno.test("backup: a damaged journal is reported, whatever the segment", async () => {
  for (const index of [0, 1, 2]) {
    const disk = await journalOfJobs();
    bytesOf(disk, segmentPaths(disk)[index] ?? "")[500] = 0;
    assert.equal((await backedUp(disk)).code, 78, `segment ${index}`);
  }
});

Deno.test("backup: a folder in use is not written to", async () => {
  const disk = await journalOfJobs();
  const lock = await disk.lock(`${COPY}/LOCK`);
  assert.equal((await backedUp(disk)).code, 73);
  lock?.release();
  assert.equal((await backedUp(disk)).code, 0);
});

Deno.test("backup: the journal itself, and a folder that is not a journal, are refused", async () => {
  const disk = await journalOfJobs();
  for (const folder of ["journal", "./journal", "journal/"]) {
    const { code, err } = await backedUp(sameFolders(disk), folder);
    assert.equal(code, 74, err.join());
    assert.match(err.join(), /it is the journal itself/);
  }
  // A server holds it; to stop the server would not help.
  const lock = await disk.lock("journal/LOCK");
  const held = await backedUp(disk, "journal");
  assert.deepEqual([held.code, /it is the journal itself/.test(held.err.join())], [74, true]);
  lock?.release();
  setText(disk, `${COPY}/segments/notes.txt`, "mine");
  const { code, err } = await backedUp(disk);
  assert.equal(code, 78);
  assert.match(err.join(), /notes\.txt: it is not a segment; move it elsewhere/);
});

/** Resolves `./journal` to `journal`. */
function sameFolders(disk: MemoryDisk): MemoryDisk {
  const { open, kind } = disk;
  const plain = (path: string) => path.replace(/^\.\//, "");
  disk.open = (path, mode) => open.call(disk, plain(path), mode);
  disk.kind = (path) => kind.call(disk, plain(path));
  return disk;
}

Deno.test("backup: without a folder it is a usage error", async () => {
  assert.equal((await backedUp(await journalOfJobs(), "")).code, 64);
  assert.equal((await journalCommand(new MemoryDisk(), ["backup"])).code, 64);
});

Deno.test("backup: without permission for the folder it prints the command that has it", () =>
  inFolder(async (folder) => {
    const { code, errors } = await runTask("journal", ["backup", "/elsewhere/backup"], {
      cwd: folder,
      env: { INIT_CWD: folder },
    });
    assert.equal(code, 74);
    assert.match(errors, /cannot read and write \/elsewhere\/backup: permission is missing, add /);
    const command = errors.split("\n").find((line) => line.startsWith("  deno run"));
    assert.match(command ?? "", /--allow-read=\.,\/elsewhere\/backup,\/elsewhere /);
    assert.match(command ?? "", /--allow-write=\.,\/elsewhere\/backup,\/elsewhere /);
    assert.match(command ?? "", /src\/cli\/journal\.ts backup \/elsewhere\/backup$/);
  }));

Deno.test("backup: a folder in the journal, or around it, is refused", async () => {
  const disk = await journalOfJobs();
  for (const folder of ["journal/copy", "journal/segments/copy"]) {
    const before = disk.files.size;
    const { code, err } = await backedUp(disk, folder);
    assert.equal(code, 74);
    assert.match(err.join(), /is inside it$/);
    assert.equal(disk.files.size, before);
  }
});
