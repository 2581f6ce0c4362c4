import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { journalCommand, type Said } from "../support/process/journal_command.ts";
import { TestDisk } from "../support/journal/journal_disk.ts";
import {
  bytesOf,
  dropSnapshots,
  lastSegment,
  linesOf,
  type MemoryDisk,
  segmentPaths,
  setText,
  snapshotPaths,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";

function repair(disk: FileSystem, ...args: string[]): Promise<Said> {
  return journalCommand(disk, ["repair", ...args]);
}

interface RepairedFact {
  readonly logId: number;
  readonly eventType: string;
  readonly attributes: {
    readonly lostFrom: number;
    readonly lostEntries: number;
    readonly aside: string;
    readonly previousHead?: { readonly logId: number; readonly chain: string };
  };
}

function repairsIn(disk: MemoryDisk): readonly RepairedFact[] {
  return linesOf(disk).filter((line) => line.includes('"eventType":"journal.Repaired"'))
    .map((line) => JSON.parse(line));
}

/** Files of a journal, or of its copy, by their names within it. */
function filesIn(disk: MemoryDisk, folder: string): Map<string, Uint8Array> {
  const inside = [...disk.files].filter(([path]) => path.startsWith(`${folder}/`));
  return new Map(inside.map(([path, bytes]) => [path.slice(folder.length), bytes.slice()]));
}

function copiesIn(disk: MemoryDisk): readonly string[] {
  const names = [...disk.files.keys()].map((path) => path.split("/")[0] ?? "");
  return [...new Set(names)].filter((name) => name.startsWith("journal-before-repair-"));
}

/** The journal passes `verify`, the server starts on it, and jobs continue. */
async function assertSound(disk: MemoryDisk, what = ""): Promise<void> {
  const { code, out } = await journalCommand(disk, ["verify", "--no-server"]);
  assert.equal(code, 0, `${what} ${out.join("\n")}`);
  const started = disk.copy();
  const { engine, stop } = await engineOn(started);
  const created = await engine.create({ type: "test.greet", input: { name: "Ada" } });
  assert.ok(created.ok, what);
  await stop();
  const again = await journalCommand(started, ["verify", "--no-server"]);
  assert.equal(again.code, 0, `${what} ${again.out.join("\n")}`);
}

interface Hurt {
  readonly disk: MemoryDisk;
  /** The first lost entry. */
  readonly from: number;
  readonly last: number;
}

/** A journal with a bit flipped in a batch in the middle of one of its segments. */
async function flippedIn(which: number): Promise<Hurt> {
  const disk = await journalOfJobs();
  const last = Number(/"logId":(\d+)/.exec(linesOf(disk).at(-1) ?? "")?.[1]);
  const path = segmentPaths(disk)[which] ?? "";
  const text = textAt(disk, path);
  const batchAt = text.indexOf("\n\n", text.length / 2) + 2;
  const from = Number(/"logId":(\d+)/.exec(text.slice(batchAt))?.[1]);
  const bytes = bytesOf(disk, path);
  bytes[new TextEncoder().encode(text.slice(0, batchAt)).length + 50] = 0;
  return { disk, from, last };
}

Deno.test("repair: an intact journal, torn tail or not, has nothing to repair", async () => {
  const disk = await journalOfJobs();
  const last = lastSegment(disk);
  setText(disk, last, `${textAt(disk, last)}\n{"logId":999,`);
  const before = filesIn(disk, "journal");
  for (const args of [[], ["--apply"]]) {
    const { code, out } = await repair(disk, ...args);
    assert.deepEqual([code, out], [0, ["there is nothing to repair"]]);
    const piped = await journalCommand(disk, ["repair", ...args], { isInteractive: false });
    assert.deepEqual([JSON.parse(piped.out.join()), piped.err], [
      { applied: false, snapshots: [] },
      ["daybook: there is nothing to repair"],
    ]);
    assert.deepEqual(filesIn(disk, "journal"), before);
  }
  assert.deepEqual(copiesIn(disk), []);
});

Deno.test("repair: keys of sealed inputs stay in place, and are not copied", async () => {
  const { disk } = await flippedIn(1);
  await disk.makeFolder("journal/keys");
  const key = `journal/keys/${"0".repeat(64)}.key`;
  setText(disk, key, "key\n");
  await repair(disk, "--apply");
  const [copy = ""] = copiesIn(disk);

  assert.ok(filesIn(disk, copy).size > 3, "the rest is in it");
  assert.deepEqual([...disk.files.keys()].filter((path) => path.includes("/keys/")), [key]);
});

Deno.test("repair: without --apply it says what it would do, and changes nothing", async () => {
  const { disk, from, last } = await flippedIn(1);
  const before = filesIn(disk, "journal");
  const { code, out } = await repair(disk);
  const text = out.join("\n");

  assert.equal(code, 1);
  assert.deepEqual(filesIn(disk, "journal"), before);
  assert.deepEqual(copiesIn(disk), []);
  assert.match(text, /^segment \d+\.ndjson line \d+ byte \d+ logId \d+: the line does not match/);
  assert.match(text, /^would cut segment \d+\.ndjson at byte \d+; the rest goes to quarantine/m);
  assert.match(text, /^would move segment \d+\.ndjson to quarantine\/$/m);
  assert.match(text, /^would rename snapshot \d+\.snapshot to \S+\.damaged: /m);
  assert.match(
    text,
    new RegExp(`^lost: logId ${from} to ${last}, ${last - from + 1} entries; `, "m"),
  );
  assert.match(text, /^they concern \d+ jobs: job_\S+, job_/m);
  assert.match(text, /^to do it: deno task journal repair --apply$/m);
});

for (const [which, name] of [[0, "first"], [1, "middle"], [2, "last"]] as const) {
  Deno.test(`repair: a flipped bit in the ${name} segment`, async () => {
    const { disk, from, last } = await flippedIn(which);
    const before = filesIn(disk, "journal");
    const kept = linesOf(disk).slice(0, from - 1);
    const { code, err } = await repair(disk, "--apply");
    const [copy = ""] = copiesIn(disk);

    assert.equal(code, 0, err.join("\n"));
    assert.deepEqual(filesIn(disk, copy), before);
    assert.ok(err.includes(`daybook: an unchanged copy is in ${copy}`));
    const [fact] = repairsIn(disk);
    assert.ok(fact);
    assert.equal(fact.logId, from);
    const { previousHead, ...lost } = fact.attributes;
    assert.deepEqual(lost, { lostFrom: from, lostEntries: last - from + 1, aside: copy });
    assert.equal(previousHead?.logId, last);
    assert.deepEqual(linesOf(disk).slice(0, from - 1), kept);
    await assertSound(disk);
  });
}

Deno.test("repair: what is cut off is in quarantine, byte for byte", async () => {
  const { disk } = await flippedIn(1);
  const [, second = "", third = ""] = segmentPaths(disk);
  const [cut, moved] = [bytesOf(disk, second).slice(), bytesOf(disk, third).slice()];
  await repair(disk, "--apply");
  const quarantined = [...disk.files].filter(([path]) => path.startsWith("journal/quarantine/"));
  const named = (path: string) => {
    const start = path.split("/").at(-1)?.replace(".ndjson", "") ?? "";
    return quarantined.find(([name]) => name.includes(start));
  };
  const [cutName = "", cutBytes] = named(second) ?? [];
  const offset = Number(/-(\d+)-\w+\.bin$/.exec(cutName)?.[1]);
  assert.ok(offset > 0);
  assert.deepEqual(cutBytes, cut.subarray(offset));
  assert.deepEqual(named(third)?.[1], moved);
});

Deno.test("repair: a missing segment is repaired", async () => {
  for (const index of [0, 1]) {
    const disk = await journalOfJobs();
    disk.files.delete(segmentPaths(disk)[index] ?? "");
    const { code, err } = await repair(disk, "--apply");
    assert.equal(code, 0, err.join("\n"));
    assert.equal(repairsIn(disk).length, 1);
    await assertSound(disk, `segment ${index}`);
  }
});

Deno.test("repair: a missing last segment is detected by its snapshot", async () => {
  const disk = await journalOfJobs();
  const snapshot = Number(/(\d+)\.snapshot/.exec(snapshotPaths(disk).at(-1) ?? "")?.[1]);
  disk.files.delete(lastSegment(disk));
  const end = Number(/"logId":(\d+)/.exec(linesOf(disk).at(-1) ?? "")?.[1]);
  const { code } = await repair(disk, "--apply");
  assert.equal(code, 0);
  const { lostFrom, lostEntries } = repairsIn(disk)[0]?.attributes ?? {};
  assert.deepEqual([lostFrom, lostEntries], [end + 1, snapshot - end]);
  await assertSound(disk);
});

Deno.test("repair: a damaged snapshot is set aside, and nothing is lost", async () => {
  const disk = await journalOfJobs();
  const [, path = ""] = snapshotPaths(disk);
  setText(disk, path, textAt(disk, path).replace('"state":"Failed"', '"state":"Done"'));
  const lines = linesOf(disk);
  const { code, out } = await repair(disk, "--apply");
  assert.equal(code, 0);
  assert.deepEqual(out.length, 1);
  assert.match(out.join(), /^renames snapshot \S+ to \S+\.damaged: the content does not match/);
  assert.deepEqual(linesOf(disk), lines);
  assert.ok(disk.files.has(`${path}.damaged`));
  await assertSound(disk);
});

Deno.test("repair: an entry that Daybook could not have written is cut off with everything after it", async () => {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  let from = 0;
  forge(disk, (line) => {
    if (from > 0 || !line.includes('"eventId":"evt_01J00000000000000000000040"')) return line;
    from = Number(/"batch":(\d+)/.exec(line)?.[1]);
    return line.replace(/"taskId":"[^"]*"|"attributes"/, '"causedBy":99999,$&');
  });
  assert.ok(from > 0);
  const { code, err } = await repair(disk, "--apply");
  assert.equal(code, 0, err.join("\n"));
  assert.equal(repairsIn(disk)[0]?.attributes.lostFrom, from);
  await assertSound(disk);
});

Deno.test("repair: what a newer version wrote is not cut off", async () => {
  const disk = await journalOfJobs();
  forge(
    disk,
    (line) => line.replace('"eventType":"job.TaskStarted"', '"eventType":"job.TaskTold"'),
  );
  const before = filesIn(disk, "journal");
  const { code, err } = await repair(disk, "--apply");
  assert.equal(code, 65);
  assert.match(err.join(), /this is not damage, and is not cut off: .* a newer version of Daybook/);
  assert.deepEqual(filesIn(disk, "journal"), before);
});

Deno.test("repair: a foreign file is reported, and left to its owner", async () => {
  const { disk } = await flippedIn(1);
  setText(disk, "journal/segments/notes.txt", "hello");
  const { code, err } = await repair(disk, "--apply");
  assert.equal(code, 78);
  assert.match(err.join(), /notes\.txt: it is not a segment; move it elsewhere/);
  assert.deepEqual(copiesIn(disk), []);
});

Deno.test("repair: while another process holds the journal it does nothing", async () => {
  const { disk } = await flippedIn(1);
  const lock = await disk.lock("journal/LOCK");
  setText(disk, "journal/LOCK", "http://127.0.0.1:8000\n");
  const before = filesIn(disk, "journal");
  const { code, err } = await repair(disk, "--apply");
  assert.equal(code, 73);
  assert.match(
    err.join(),
    /another process holds it, which listens on http:\S+:8000; stop Daybook/,
  );
  assert.deepEqual(filesIn(disk, "journal"), before);
  lock?.release();
});

/** Repairs until the process dies at an operation on the disk; `false` if that was not reached. */
async function killedAt(disk: MemoryDisk, operation: number): Promise<boolean> {
  const faulty = new TestDisk(disk);
  let count = 0;
  faulty.before = (kind) => {
    if (kind !== "read" && ++count >= operation) throw new Error("killed");
  };
  await repair(faulty, "--apply").catch(() => {});
  faulty.crash();
  return count >= operation;
}

Deno.test("repair: after a kill at any step, with damage in the last segment, it can be repeated", async () => {
  const { disk: hurt, from, last } = await flippedIn(2);
  const before = filesIn(hurt, "journal");
  let operation = 1;
  for (; await survives(operation); operation += rounds(2, 1, 8));
  assert.ok(operation > 40, `${operation} operations`);

  async function survives(operation: number): Promise<boolean> {
    const disk = hurt.copy();
    const wasKilled = await killedAt(disk, operation);
    const what = `killed at ${operation}`;
    const [copy] = copiesIn(disk).filter((path) => !path.endsWith("-unfinished"));
    assert.deepEqual(filesIn(disk, copy ?? "journal"), before, what);
    const resumed = disk.copy();
    const { code, err } = await repair(resumed, "--apply");
    assert.equal(code, 0, `${what} ${err.join("\n")}`);
    const facts = repairsIn(resumed);
    assert.equal(facts.length, 1, what);
    const { lostFrom, lostEntries } = facts[0]?.attributes ?? {};
    assert.deepEqual([lostFrom, lostEntries], [from, last - from + 1], what);
    const aside = facts[0]?.attributes.aside ?? "";
    // Files of the first, unfinished repair may remain beside it.
    const copied = filesIn(resumed, aside);
    for (const [path, bytes] of before) assert.deepEqual(copied.get(path), bytes, what);
    await assertSound(resumed, what);
    return wasKilled;
  }
});

Deno.test("repair: if it is interrupted after the cut, verify and a start work, and the next repair records it", async () => {
  const { disk, from } = await flippedIn(1);
  let operation = 1;
  const isCut = () => disk.files.has("journal/repair.json") && segmentPaths(disk).length === 2;
  const whole = disk.copy();
  for (;; operation++) {
    for (const path of [...disk.files.keys()]) disk.files.delete(path);
    for (const [path, bytes] of whole.copy().files) disk.files.set(path, bytes);
    await killedAt(disk, operation);
    const { code } = await journalCommand(disk, ["verify", "--no-server"]);
    if (isCut() && code === 0 && repairsIn(disk).length === 0) break;
    assert.ok(operation < 200);
  }
  const verified = await journalCommand(disk, ["verify", "--no-server"]);
  assert.match(
    verified.err.join(),
    /a repair was interrupted before it was recorded; its copy is in/,
  );
  const { stop } = await engineOn(disk);
  await stop();
  const { code, out } = await repair(disk, "--apply");
  assert.equal(code, 0);
  assert.match(out.join(), new RegExp(`records what an unfinished repair lost: logId ${from} to`));
  assert.equal(repairsIn(disk)[0]?.attributes.lostFrom, from);
  assert.ok(!disk.files.has("journal/repair.json"));
  await assertSound(disk);
});

Deno.test("repair: before it, a start is refused with what to do", async () => {
  const { disk } = await flippedIn(1);
  await assert.rejects(engineOn(disk), (error) => {
    assert.ok(error instanceof JournalDamagedError);
    assert.match(error.message, /`deno task journal repair` says what can be kept/);
    return true;
  });
});

Deno.test("repair: if segments are misplaced, it cuts at the first damage of the files", async () => {
  const disk = await journalOfJobs();
  const [first = "", second = "", third = ""] = segmentPaths(disk);
  const flipped = bytesOf(disk, second);
  flipped[Math.floor(flipped.length / 2)] = 0;
  // A copy of the first segment replaces the third: its positions are lower.
  disk.files.set(third, bytesOf(disk, first).slice());

  const { code, err } = await repair(disk, "--apply");

  assert.equal(code, 0, err.join("\n"));
  await assertSound(disk);
});

Deno.test("repair: a segment before the first one is removed, with everything after it", async () => {
  const disk = await journalOfJobs();
  setText(disk, "journal/segments/00000000000000000000.ndjson", "{}");
  const { code, err } = await repair(disk, "--apply");
  assert.equal(code, 0, err.join("\n"));
  await assertSound(disk);
});

Deno.test("repair: the commands that it and others suggest are for the same journal", async () => {
  const { disk } = await flippedIn(1);
  for (const [path, bytes] of filesIn(disk, "journal")) {
    disk.files.set(`my data${path}`, new Uint8Array(bytes));
  }
  await disk.makeFolder("my data/segments");
  const elsewhere = ["--journal", "my data"];
  const env = { DAYBOOK_JOURNAL: "my data" };

  const repaired = await journalCommand(disk, ["repair"], { env });
  const printed = await journalCommand(disk, ["cat", ...elsewhere]);

  assert.equal(
    repaired.out.at(-1),
    "to do it: deno task journal repair --apply --journal 'my data'",
  );
  assert.equal(printed.code, 78);
  assert.match(printed.err.join(), /`deno task journal verify --journal 'my data'` lists what/);
  assert.match(printed.err.join(), /`deno task journal repair --journal 'my data'` says what/);
});
