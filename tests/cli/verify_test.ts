import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rounds } from "../support/effort.ts";
import { journalCommand, runJournal, type Said } from "../support/process/journal_command.ts";
import {
  bytesOf,
  dropSnapshots,
  lastSegment,
  type MemoryDisk,
  segmentPaths,
  setText,
  snapshotPaths,
  textAt,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, forge, furtherIds, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { testWithHomes } from "./journal_home.ts";
import { DEFINITIONS, KINDS } from "./journal_kinds.ts";

const CHAIN = "[A-Za-z0-9_-]{43}";

function verify(disk: MemoryDisk, ...args: string[]): Promise<Said> {
  return journalCommand(disk, ["verify", "--no-server", ...args]);
}

/** Verifies a journal that must not pass; returns the verdict and the other findings. */
async function damaged(disk: MemoryDisk, verdict: RegExp): Promise<readonly string[]> {
  const { code, out, err } = await verify(disk);
  assert.match(out.join("\n"), verdict);
  assert.equal(code, 78);
  return err;
}

function lineOf(text: string, logId: number): { readonly number: number; readonly byte: number } {
  const at = text.indexOf(`{"logId":${logId},`);
  assert.ok(at > 0);
  return { number: text.slice(0, at).split("\n").length, byte: at };
}

Deno.test("verify: a journal of three segments and two snapshots is intact", async () => {
  const disk = await journalOfJobs();
  assert.equal(segmentPaths(disk).length, 3);
  assert.equal(snapshotPaths(disk).length, 2);
  const { code, out, err } = await verify(disk);

  const [line = "", ...more] = out;
  const intact = new RegExp(
    `^intact: (\\d+) entries in 3 segments, 2 snapshots, 9 jobs; head (\\d+) chain ${CHAIN}$`,
  );
  const [, entries, head] = intact.exec(line) ?? [];
  assert.ok(Number(entries) > 80, line);
  assert.equal(entries, head);
  assert.match(textAt(disk, lastSegment(disk)), new RegExp(`"chain":"${line.slice(-43)}"`));
  assert.deepEqual([code, more, err], [0, [], []]);
});

Deno.test("verify: a snapshot that was written while a pause was in force is intact", async () => {
  const disk = await journalOfJobs();
  const { stop } = await engineOn(disk, furtherIds, { hold: true });
  await stop();

  assert.match(textAt(disk, snapshotPaths(disk).at(-1) ?? ""), /^\{"pauses":\[/m);
  assert.match((await verify(disk)).out.join("\n"), /^intact: /);
});

Deno.test("verify: the verdict is stored, and printed as JSON in a pipe", async () => {
  const disk = await journalOfJobs();
  const piped = await journalCommand(disk, ["verify", "--no-server"], { isInteractive: false });
  const result = JSON.parse(piped.out.join("\n"));
  const kept = JSON.parse(textAt(disk, "journal/verification.json"));

  assert.deepEqual([result.verdict, result.segments, result.jobs], ["intact", 3, 9]);
  assert.deepEqual(result.problems, []);
  assert.equal(kept.verdict, "intact");
  assert.equal(kept.detail, result.detail);
  assert.deepEqual(kept.head, result.head);
  assert.deepEqual(result.proved, { firstLogId: 1, lastLogId: result.head.logId });
  assert.deepEqual(kept.proved, result.proved);
  assert.equal(kept.at, "2026-01-01T00:00:00.000Z");
});

Deno.test("journal commands: --text and --json choose the form of the output, wherever it goes", async () => {
  const disk = await journalOfJobs();
  for (const command of [["verify", "--no-server"], ["head"], ["repair"]]) {
    const pipe = { isInteractive: false };
    const [seen, piped] = [
      await journalCommand(disk, command),
      await journalCommand(disk, command, pipe),
    ];
    const text = await journalCommand(disk, [...command, "--text"], pipe);
    const json = await journalCommand(disk, [...command, "--json"]);
    assert.deepEqual(text.out, seen.out);
    const members = ({ out }: Said) => Object.keys(JSON.parse(out.join("\n")));
    assert.deepEqual(members(json), members(piped));
    const both = await journalCommand(disk, [...command, "--json", "--text"]);
    assert.deepEqual([both.code, both.out], [64, []]);
  }
  const lines = await journalCommand(disk, ["cat", "--json"]);
  assert.equal(
    lines.written,
    (await journalCommand(disk, ["cat"], { isInteractive: false })).written,
  );
  assert.equal((await journalCommand(disk, ["export", "job-1", "--text"])).code, 64);
});

Deno.test("verify: a verdict that cannot be stored gives a warning", async () => {
  const disk = await journalOfJobs();
  disk.rename = () => Promise.reject(new Error("Read-only file system (os error 30)"));
  const { code, out, err } = await verify(disk);
  assert.equal(code, 0);
  assert.match(out.join(), /^intact: /);
  assert.deepEqual(err, [
    "daybook: the verdict could not be saved: Read-only file system (os error 30)",
  ]);
});

Deno.test("verify: it finds a flipped bit wherever it is, and names its line", async () => {
  const whole = await journalOfJobs();
  const last = lastSegment(whole);
  const sealAt = textAt(whole, last).lastIndexOf("\n\n") + 1;
  let found = 0;
  for (const path of segmentPaths(whole)) {
    const { length } = bytesOf(whole, path);
    for (let offset = 0; offset < length; offset += rounds(50, 50, 250)) {
      const disk = whole.copy();
      const bytes = bytesOf(disk, path).slice();
      bytes[offset] = (bytes[offset] ?? 0) ^ (1 << (offset % 8));
      disk.files.set(path, bytes);
      const { code, out } = await verify(disk);
      const what = `${path} byte ${offset}: ${out}`;
      if (path === last && offset >= sealAt) {
        // It looks like a torn write and is reported, but nothing is lost.
        assert.match(out.join(), /^intact: .*; \d+ bytes after the last whole batch: /, what);
        assert.equal(code, 0, what);
        continue;
      }
      const [, segment, byte] =
        /^damaged: segment (\d+\.ndjson) line \d+ byte (\d+) logId \d+: /.exec(out.join()) ?? [];
      assert.equal(`journal/segments/${segment}`, path, what);
      assert.ok(Number(byte) <= offset && offset - Number(byte) < 1_000, what);
      assert.equal(code, 78, what);
      found++;
    }
  }
  assert.ok(found > rounds(300, 300, 60), `${found} found`);
});

Deno.test("verify: damage is reported with line, byte and logId, and where reading stopped", async () => {
  const disk = await journalOfJobs();
  const [, second = ""] = segmentPaths(disk);
  const text = textAt(disk, second);
  const logId = Number(/"logId":(\d+)/.exec(text)?.[1]) + 5;
  const { number, byte } = lineOf(text, logId);
  bytesOf(disk, second)[byte + 60] = 0;
  const name = second.split("/").at(-1);
  const err = await damaged(
    disk,
    new RegExp(
      `^damaged: segment ${name} line ${number} byte ${byte} logId ${logId}: ` +
        "the line does not match its crc, and a whole line of batch",
    ),
  );
  assert.match(
    err.join("\n"),
    new RegExp(`reading stopped at segment ${name} line ${number}, after logId `),
  );
});

Deno.test("verify: after damage it still finds what is wrong in later segments", async () => {
  const disk = await journalOfJobs();
  const [first = "", , third = ""] = segmentPaths(disk);
  bytesOf(disk, first)[500] = 0;
  bytesOf(disk, third)[200] = 0;
  const err = await damaged(disk, /^damaged: segment 0{19}1\.ndjson /);
  assert.match(err.join("\n"), new RegExp(`segment ${third.split("/").at(-1)} line 2 `));
});

Deno.test("verify: it finds a removed line", async () => {
  const disk = await journalOfJobs();
  const [, path = ""] = segmentPaths(disk);
  const lines = textAt(disk, path).split("\n");
  lines.splice(lines.findLastIndex((line) => line !== "" && !line.includes('"chain"')), 1);
  setText(disk, path, lines.join("\n"));
  await damaged(disk, /^damaged: segment .*: the line should (?:begin|have) |has logId/);
});

Deno.test("verify: it finds two swapped lines", async () => {
  const disk = await journalOfJobs();
  const [, path = ""] = segmentPaths(disk);
  const lines = textAt(disk, path).split("\n");
  const at = lines.findLastIndex((line) => line !== "" && !line.includes('"chain"'));
  const [one = "", other = ""] = lines.slice(at, at + 2);
  lines.splice(at, 2, other, one);
  setText(disk, path, lines.join("\n"));
  await damaged(disk, /^damaged: segment .*: the line has logId \d+$/);
});

Deno.test("verify: it finds a duplicate event id, even with correct crcs and chains", async () => {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  const [first = "", , third = ""] = segmentPaths(disk);
  const idIn = (path: string) => {
    const line = textAt(disk, path).split("\n").filter((text) => text !== "")[3] ?? "";
    return { id: String(JSON.parse(line).eventId), logId: JSON.parse(line).logId as number };
  };
  const [early, late] = [idIn(first), idIn(third)];
  forge(disk, (line) => line.replace(`"eventId":"${late.id}"`, `"eventId":"${early.id}"`));
  const err = await damaged(
    disk,
    new RegExp(
      `^damaged: segment .* logId ${late.logId}: event id ${early.id} was used before, by logId ` +
        `${early.logId}$`,
    ),
  );
  assert.deepEqual(err, []);
});

Deno.test("verify: it finds names and references that Daybook could not have written", async () => {
  const ofFact = /(?<="stratum":"domain","eventId":"[^"]*","eventType":")shop.ParcelShipped/;
  const emptyPlan = '{"expected":[],"policy":{"errors":[],"onCompensated":"Failed"}}';
  const created = `{"plan":${emptyPlan},"priority":0,"labels":{}}`;
  const forgeries: readonly (readonly [RegExp | string, string, string])[] = [
    [ofFact, "shop..Parcel", '"shop..Parcel" is not legal'],
    [ofFact, "job.Shipped", "is in a namespace of the framework, and its stratum is domain"],
    ['"stratum":"domain"', '"stratum":"framework"', "is not in a namespace of the framework"],
    ['"taskId":"greet"', '"taskId":"gr eet"', 'taskId "gr eet" is not legal'],
    ['"taskId":"greet",', "", "names no task"],
    [/"causedBy":\d+/, '"causedBy":9999', "causedBy 9999 is not a position before"],
    ['"eventType":"job.JobCreated"', '"eventType":"job.JobResumed"', "was not created"],
    [/"job.JobStarted"(.*"attributes":)\{\}/, `"job.JobCreated"$1${created}`, "already exists"],
  ];
  const whole = await journalOfJobs();
  dropSnapshots(whole);
  for (const [pattern, replacement, verdict] of forgeries) {
    const disk = whole.copy();
    let done = false;
    forge(disk, (line) => {
      const changed = done ? line : line.replace(patternOf(pattern), replacement);
      done ||= changed !== line;
      return changed;
    });
    assert.ok(done, String(pattern));
    await damaged(disk, new RegExp(`^damaged: segment .* logId \\d+: .*${RegExp.escape(verdict)}`));
  }
});

Deno.test("verify: it finds an edited snapshot with a corrected sha256", async () => {
  const whole = await journalOfJobs();
  const [older = "", newer = ""] = snapshotPaths(whole);
  const edits: readonly [string, (text: string) => string, string][] = [
    [newer, (text) => text.replace('"state":"Failed"', '"state":"Done"'), "job \\S+ differs"],
    [older, (text) => text.replace('"priority":0', '"priority":1'), "job \\S+ differs"],
    [newer, (text) => text.replace(/\{"job":[^\n]*\n/, ""), "job \\S+ differs"],
    [
      newer,
      (text) =>
        text.replace(/("trail":")(.)/, (_, field, first) => field + (first === "A" ? "B" : "A")),
      "job \\S+ differs",
    ],
    [
      newer,
      (text) =>
        text.replace(
          /("eventIds","part":")(.)/,
          (_, field, first) => field + (first === "A" ? "B" : "A"),
        ),
      "column eventIds differs",
    ],
    [newer, (text) => text.replace(/"chain":"./, '"chain":"~'), "it belongs to another history"],
    [newer, (text) => text.replace("{", "["), "the header is incomplete|format undefined"],
    [newer, (text) => `${text}{"job":1}\n`, "line \\d+ should not be there"],
  ];
  for (const [path, edit, reason] of edits) {
    const disk = whole.copy();
    const lines = textAt(disk, path).split("\n").slice(0, -2).map((line) => `${line}\n`).join("");
    const edited = edit(lines);
    assert.notEqual(edited, lines, reason);
    const sha256 = createHash("sha256").update(edited).digest("hex");
    const count = edited.split("\n").length - 2;
    setText(disk, path, `${edited}${JSON.stringify({ lines: count, sha256 })}\n`);
    await damaged(
      disk,
      new RegExp(`^damaged: snapshot ${path.split("/").at(-1)}: .*(?:${reason})`),
    );
  }
});

Deno.test("verify: it finds a snapshot with changed bytes", async () => {
  const disk = await journalOfJobs();
  const [, path = ""] = snapshotPaths(disk);
  setText(disk, path, textAt(disk, path).replace('"state":"Failed"', '"state":"Done"'));
  await damaged(disk, /^damaged: snapshot \d+\.snapshot: the content does not match its sha256$/);
});

Deno.test("verify: it does not check a snapshot of another version of Daybook, and says so", async () => {
  const disk = await journalOfJobs();
  const [, path = ""] = snapshotPaths(disk);
  const lines = textAt(disk, path).split("\n").slice(0, -2).map((line) => `${line}\n`).join("")
    .replace(/\{"content":\d+\}/, '{"content":99}');
  const sha256 = createHash("sha256").update(lines).digest("hex");
  const count = lines.split("\n").length - 2;
  setText(disk, path, `${lines}${JSON.stringify({ lines: count, sha256 })}\n`);
  const { code, out, err } = await verify(disk);
  assert.equal(code, 0);
  assert.match(out.join(), / 1 snapshot,/);
  assert.match(err.join(), /another version wrote it; not compared/);
});

Deno.test("verify: it finds a removed segment", async () => {
  for (const index of [0, 1]) {
    const disk = await journalOfJobs();
    disk.files.delete(segmentPaths(disk)[index] ?? "");
    await damaged(disk, /^damaged: segment \d+\.ndjson line 1 byte 0 logId \d+: .* should be here/);
  }
  const disk = await journalOfJobs();
  disk.files.delete(lastSegment(disk));
  await damaged(
    disk,
    /^damaged: snapshot .* acknowledged entries are missing, unless this is a copy .*; in that case delete its snapshots/,
  );
});

Deno.test("verify: a torn tail is reported, but is not damage", async () => {
  const disk = await journalOfJobs();
  const last = lastSegment(disk);
  setText(disk, last, `${textAt(disk, last)}\n{"logId":999,"batch":`);
  const { code, out } = await verify(disk);
  assert.match(
    out.join(),
    /^intact: .*; 22 bytes after the last whole batch: a write in progress, or cut short by a cr/,
  );
  assert.equal(code, 0);
});

Deno.test("verify: a file that is not a segment makes the journal unusable", async () => {
  const disk = await journalOfJobs();
  setText(disk, "journal/segments/notes.txt", "hello");
  const { code, out } = await verify(disk);
  assert.equal(
    out.join(),
    "unusable: Cannot use journal/segments/notes.txt: it is not a segment; move it elsewhere",
  );
  assert.equal(code, 78);
  setText(disk, "journal/segments/00000000000000000001.ndjson.tmp", "left by a start");
  disk.files.delete("journal/segments/notes.txt");
  assert.equal((await verify(disk)).code, 0);
});

Deno.test("verify: without a journal it says so", async () => {
  const disk = await journalOfJobs();
  const { code, err } = await journalCommand(disk, ["verify", "--journal", "elsewhere/"]);
  assert.equal(code, 74);
  assert.match(err.join(), /Cannot read journal elsewhere: the folder does not exist/);
});

Deno.test("verify: the environment can name the journal, and an option takes precedence", async () => {
  const disk = await journalOfJobs();
  const env = { DAYBOOK_JOURNAL: "elsewhere" };
  assert.equal((await journalCommand(disk, ["verify", "--no-server"], { env })).code, 74);
  const args = ["verify", "--no-server", "--journal", "journal"];
  assert.equal((await journalCommand(disk, args, { env })).code, 0);
  assert.equal((await journalCommand(disk, ["verify", "--nonsense"])).code, 64);
});

function patternOf(pattern: RegExp | string): RegExp {
  return pattern instanceof RegExp ? pattern : new RegExp(RegExp.escape(pattern));
}

testWithHomes(
  "verify: journals with every kind of job are intact, including those with imported jobs",
  DEFINITIONS,
  async (old, fresh) => {
    await old.start();
    const ids = [];
    for (const make of Object.values(KINDS)) ids.push(await make(old));
    await fresh.start();
    await fresh.stop();
    for (const id of ids) {
      const { code, out } = await runJournal(["export", id, "--journal", old.folder]);
      assert.equal(code, 0);
      const path = fresh.path(`${id}.ndjson`);
      await Deno.writeTextFile(path, out.map((line) => `${line}\n`).join(""));
      const imported = await runJournal(
        ["import", path, "--unfinished", "--journal", fresh.folder],
      );
      assert.equal(imported.code, 0, imported.err.join("\n"));
    }
    for (const home of [old, fresh]) {
      const args = ["verify", "--no-server", "--journal", home.folder];
      const { code, out, err } = await journalCommand(new DenoFileSystem(), args);
      assert.equal(code, 0, [...out, ...err].join("\n"));
    }
  },
);

/** What this version could not have written, but another one could. */
const UNKNOWN: readonly (readonly [string, string, RegExp])[] = [
  ['"eventType":"job.TaskStarted"', '"eventType":"job.TaskTold"', /a newer version of Daybook/],
  ['"attributes":{"attempt":1}', '"attributes":{"attempt":0}', /unknown shape: another version/],
];

Deno.test("verify: what a newer version wrote is not verified, and no verdict is stored", async () => {
  for (const [from, to, reason] of UNKNOWN) {
    const disk = await journalOfJobs();
    forge(disk, (line) => line.replace(from, to));
    const before = [...disk.files.keys()];
    const { code, out } = await verify(disk);
    assert.equal(code, 65);
    assert.match(out.join(), /^not verified: segment .* wrote it; use that version$/);
    assert.match(out.join(), reason);
    assert.deepEqual([...disk.files.keys()], before);
  }
});
