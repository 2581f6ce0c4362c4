import assert from "node:assert/strict";
import fc from "fast-check";
import { ulid } from "@std/ulid";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import * as v from "valibot";
import { EntryAudit, findIllegality } from "../../src/verify/entry_audit.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType } from "../../src/core/ids.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { action, Play } from "../support/engine/random_jobs.ts";
import { rounds } from "../support/effort.ts";
import { ContentComparison, type ContentDifference } from "../../src/verify/snapshot_audit.ts";
import { codedJob } from "../support/engine/entries.ts";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { audit } from "../../src/verify/audit.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";
import { type AuditReport, problemText } from "../../src/verify/audit_report.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { engineOn, forge, journalOfJobs } from "../support/journal/journal_of_jobs.ts";
import { dropSnapshots, type MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";

Deno.test("entry audit: everything that the engine writes is legal, and projects to its states", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { minLength: 2, maxLength: 14 }),
      fc.constantFrom(1, 2, 5),
      async (actions, maxRunning) => {
        const play = new Play();
        await play.start(maxRunning);
        for (const each of actions) {
          await play.act(each);
          await play.daybook.clock.settle(3);
        }
        await play.settle();
        const projection = new Projection();
        const audit = new EntryAudit(projection);
        const { journal, engine } = play.daybook;
        for (const entry of await journal.read(0, journal.head.logId)) {
          const audited = audit.audit(entry);
          assert.equal(audited.kind, "applied", JSON.stringify({ audited, entry }));
        }
        for (const job of projection.table.jobs()) {
          assert.equal(JSON.stringify(job), JSON.stringify(engine.job(job.jobId)));
        }
      },
    ),
    { numRuns: rounds(100, 200, 20) },
  );
});

const FACT: JobEventLogEntry = {
  logId: 7,
  receivedAt: "2026-01-01T00:00:00.000Z",
  occurredAt: "2026-01-01T00:00:00.000Z",
  stratum: "domain",
  eventId: eventId("evt_7"),
  eventType: eventType("test.Happened"),
  attributes: {},
};

Deno.test("legality: errors in an entry's names and references are described", () => {
  const changes: readonly (readonly [object, RegExp | undefined])[] = [
    [{}, undefined],
    [{ causedBy: 6, jobId: "a", taskId: "b", executionId: "c" }, undefined],
    [{ stratum: "coordination" }, undefined],
    [{ stratum: "framework", eventType: "journal.Sealed" }, undefined],
    [{ causedBy: 7 }, /causedBy 7 is not a position before/],
    [{ causedBy: 0 }, /causedBy 0/],
    [{ causedBy: 1.5 }, /causedBy 1\.5/],
    [{ eventType: "" }, /event type "" is not legal/],
    [{ eventType: "a".repeat(201) }, /is not legal/],
    [{ eventId: "a b" }, /eventId "a b" is not legal/],
    [{ eventId: "" }, /eventId "" is not legal/],
    [{ jobId: ".." }, /jobId "\.\." is not legal/],
    [{ executionId: "é" }, /executionId "é" is not legal/],
    [{ stratum: "framework" }, /test\.Happened is not in a namespace of the framework/],
    [{ eventType: "journal.Sealed" }, /is in a namespace of the framework, and its stratum is dom/],
    [{ stratum: "framework", eventType: "journal.Sealed", jobId: "a" }, /names a job/],
    [{ stratum: "framework", eventType: "job.JobStarted" }, /job\.JobStarted names no job/],
    [{ stratum: "framework", eventType: "job.PauseBegan" }, undefined],
    [{ stratum: "framework", eventType: "job.PauseEnded" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsChanged" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsRestored" }, undefined],
    [{ stratum: "framework", eventType: "job.LimitsChanged", jobId: "a" }, /concerns all of them/],
    [{ stratum: "framework", eventType: "job.TaskFailed", jobId: "a" }, /names no task/],
    [{ stratum: "framework", eventType: "job.CompensationStarted", jobId: "a" }, /names no task/],
    [{ stratum: "framework", eventType: "job.TimerElapsed", jobId: "a" }, /names no task/],
    [{ stratum: "framework", eventType: "job.TimerSet", jobId: "a" }, undefined],
    [{ stratum: "framework", eventType: "job.CompensationEnded", jobId: "a" }, undefined],
  ];
  for (const [change, reason] of changes) {
    const found = findIllegality({ ...FACT, ...change } as JobEventLogEntry);
    if (reason === undefined) assert.equal(found, undefined, JSON.stringify(change));
    else assert.match(found ?? "", reason);
  }
});

/** The position of a snapshot does not matter here. */
const HEAD = { logId: 0, chain: "" };

const RECEIVED_MS = Date.UTC(2026, 0, 1);

function fact(logId: number): JobEventLogEntry {
  return {
    logId,
    receivedAt: "2026-01-01T00:00:00.000Z",
    occurredAt: "2026-01-01T00:00:00.000Z",
    stratum: "domain",
    // Every other id contains its time.
    eventId: eventId(logId % 2 === 0 ? `evt_${logId}` : `evt_${ulid(RECEIVED_MS)}`),
    eventType: eventType("test.Happened"),
    attributes: { number: logId, group: `g${logId % 7}` },
  };
}

function see(projection: Projection, first: number, last: number): void {
  for (let logId = first; logId <= last; logId++) projection.replay(fact(logId));
}

function compared(
  found: readonly string[],
  expected: Iterable<string>,
): ContentDifference | undefined {
  const comparison = new ContentComparison(expected);
  for (const line of found) comparison.take(line);
  return comparison.end();
}

/** Changes the words of a column that fits on one line. */
function withWords(line: string, column: string, change: (words: Uint32Array) => void): string {
  const start = `{"column":"${column}","part":"`;
  if (!line.startsWith(start)) return line;
  const bytes = new Uint8Array(Buffer.from(line.slice(start.length, -2), "base64"));
  change(new Uint32Array(bytes.buffer, 0, bytes.length >> 2));
  return `${start}${Buffer.from(bytes).toString("base64")}"}`;
}

Deno.test("content: other numbers in a table are a difference", () => {
  const expected = new Projection();
  see(expected, 1, 500);
  for (
    const [column, at] of [["eventTimes", 1], ["eventIds", 7]] as const
  ) {
    const found = [...expected.capture(HEAD)].map((line) =>
      withWords(line, column, (words) => words.set([(words[at] ?? 0) ^ 4], at))
    );
    const difference = compared(found, expected.capture(HEAD));
    assert.ok(difference?.kind === "content");
    assert.ok(difference.reason.endsWith(`column ${column} differs from the journal`));
  }
});

Deno.test("content: it is the same after a restart from a snapshot and after a full replay", () => {
  const replayed = new Projection();
  see(replayed, 1, 9_000);
  for (const restart of [1_000, 5_000, 9_000]) {
    const [before, restored] = [new Projection(), new Projection()];
    see(before, 1, restart);
    assert.ok(restored.restore([...before.capture(HEAD)]));
    see(restored, restart + 1, 9_000);
    assert.equal(
      compared([...restored.capture(HEAD)], replayed.capture(HEAD)),
      undefined,
      `${restart}`,
    );
  }
});

Deno.test("content: an added, missing or changed entry is a difference", () => {
  const projections = [[1, 999], [1, 1_001], [2, 1_001]].map(([first = 0, last = 0]) => {
    const projection = new Projection();
    see(projection, first, last);
    return [...projection.capture(HEAD)];
  });
  const expected = new Projection();
  see(expected, 1, 1_000);
  for (const found of projections) {
    assert.equal(compared(found, expected.capture(HEAD))?.kind, "content");
  }
  const whole = [...expected.capture(HEAD)];
  assert.equal(compared(whole, expected.capture(HEAD)), undefined);
  assert.equal(compared(whole.slice(0, -1), expected.capture(HEAD))?.kind, "content");
});

Deno.test("content: parts that are not integers are a difference", () => {
  const expected = new Projection();
  see(expected, 1, 10);
  for (const edited of ["AAAA", "AAAAAA==", "", "AAAAAAAA"]) {
    const found = [...expected.capture(HEAD)].map((line) =>
      line.replace(/("eventIds","part":")([^"]*)/, (_, start, part) => start + part + edited)
    );
    const difference = compared(found, expected.capture(HEAD));
    assert.equal(difference?.kind, edited === "" ? undefined : "content", edited);
  }
});

Deno.test("content: another version is distinguished from a change", () => {
  const expected = new Projection();
  const [version = "", ...rest] = expected.capture(HEAD);
  assert.match(version, /^\{"content":\d+\}$/);
  assert.deepEqual(compared(['{"content":99}', ...rest], expected.capture(HEAD)), {
    kind: "version",
  });
  assert.equal(compared(['{"content":"x"}', ...rest], expected.capture(HEAD))?.kind, "content");
});

Deno.test("content: starts kept for a rate in code are not a difference, because a verification loads no code", () => {
  const running = new Projection(undefined, () => ({ count: 5, perMs: 60_000 }));
  const proof = new Projection();
  for (const entry of codedJob().started().mainStarted().entries) {
    running.replay(entry);
    proof.replay(entry);
  }
  const found = [...running.capture(HEAD)];
  assert.ok(found.some((line) => line.includes('"starts"')));
  assert.equal(compared(found, proof.capture(HEAD)), undefined);
  assert.equal(compared([...proof.capture(HEAD)], found), undefined);
  const [first = "", , ...rest] = found.filter((line) => !line.includes('"starts"'));
  assert.equal(compared([first, ...rest], proof.capture(HEAD))?.kind, "content");
});

// The index of a journal is compared with one built from its lines.

const greet = defineJob({
  type: "test.greet",
  version: 1,
  input: v.object({ name: v.string() }),
  expects: () => ({ heard: { eventType: "test.Heard" } }),
  async run(ctx, { name }) {
    const text = await ctx.task("write", () => `hello ${name}`);
    await ctx.expect("heard");
    return text;
  },
});

/** Five jobs, of which the last is unfinished, and an index with the others. */
async function journalIn(folder: string): Promise<string> {
  const journal = `${folder}/journal`;
  await using daybook = await openDaybook({ journal, definitions: [greet] });
  for (let nth = 0; nth < 5; nth++) {
    const job = await daybook.submit(greet, { name: `${nth}` }, { jobId: `job-${nth}` });
    if (nth === 4) break;
    await daybook.deliver({ eventType: "test.Heard", eventId: `heard-${nth}`, jobId: job.jobId });
    await daybook.wait(job, { timeoutMs: PATIENCE_MS });
  }
  return journal;
}

async function notesOf(journal: string): Promise<readonly string[]> {
  const { notes, problemCount } = await audit({
    fileSystem: new DenoFileSystem(),
    layout: journalLayout(journal),
    progress: () => {},
    scratch: () => scratchIndexIn(journalLayout(journal)),
  });
  assert.equal(problemCount, 0);
  return notes.filter((note) => note.startsWith("index: "));
}

const TAMPERINGS: Readonly<Record<string, readonly [(index: DatabaseSync) => void, RegExp]>> = {
  "a state that says something else": [(index) => {
    const { last, job } = index.prepare("SELECT last, job FROM states LIMIT 1").get() ?? {};
    const other = String(job).replace("hello", "hallo");
    index.prepare("UPDATE states SET job = ?, crc = ? WHERE last = ?")
      .run(other, crc32(other), last as number);
  }, /job job-0 differs from the lines/],
  "a row that says something else": [
    (index) => index.exec("UPDATE jobs SET priority = 7 WHERE job_id = 'job-1'"),
    /job job-1 differs from the lines/,
  ],
  "a job that is missing": [
    (index) => index.exec("DELETE FROM jobs WHERE job_id = 'job-2'"),
    /job job-2 is missing/,
  ],
  "a job that has not ended": [(index) => {
    index.exec(
      "UPDATE jobs SET first = (SELECT max(first) + 1 FROM jobs), job_id = 'job-9' " +
        "WHERE job_id = 'job-3'",
    );
  }, /job job-9 is in the index, but has not ended/],
  "an event id that is missing": [
    (index) => index.exec("DELETE FROM young_ids WHERE logId = (SELECT min(logId) FROM young_ids)"),
    /the event id of logId \d+ is missing/,
  ],
  "an event id that no entry has": [
    (index) => index.exec("INSERT INTO event_ids VALUES (12345, 3)"),
    /an event id is indexed under logId 3, which has another/,
  ],
};

Deno.test("index audit: an index agrees with the lines, and no file is left behind", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder);
    assert.deepEqual(await notesOf(journal), []);
    for (const { name } of Deno.readDirSync(journal)) assert.doesNotMatch(name, /^verifying-/);
  });
});

for (const [what, [tamper, note]] of Object.entries(TAMPERINGS)) {
  Deno.test(`index audit: it notes ${what}`, async () => {
    await inFolder(async (folder) => {
      const journal = await journalIn(folder);
      const index = new DatabaseSync(`${journal}/index/jobs.sqlite`);
      tamper(index);
      index.close();
      const notes = await notesOf(journal);
      assert.match(notes.join("\n"), note);
      assert.match(notes.at(-1) ?? "", /delete the folder index\/, and the next start rebuilds it/);
    });
  });
}

Deno.test("index audit: an unreadable one is noted, and the journal is still verified", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder);
    await Deno.writeTextFile(`${journal}/index/jobs.sqlite`, "no database at all, ".repeat(100));
    assert.match((await notesOf(journal)).join("\n"), /index: not compared: /);
  });
});

// A verification with ended jobs outside memory has the same result as one with all in memory.

async function proof(disk: MemoryDisk, isInMemory: boolean): Promise<AuditReport> {
  const index = MemoryIndex.empty();
  const scratch = () => ({
    index,
    content: () => assert.fail("there is no index to compare"),
    held: () => undefined,
    known: () => undefined,
    [Symbol.dispose]: () => index.close(),
  });
  return await audit({
    fileSystem: disk,
    layout: journalLayout("journal"),
    progress: () => {},
    ...(isInMemory ? {} : { scratch }),
  });
}

function told({ problems, problemCount, head, jobs }: AuditReport) {
  return { problems: problems.map(problemText), problemCount, head, jobs };
}

async function assertSame(disk: MemoryDisk): Promise<AuditReport> {
  const [inMemory, outside] = [await proof(disk, true), await proof(disk, false)];
  assert.deepEqual(told(outside), told(inMemory));
  return outside;
}

Deno.test("verification outside memory: a journal is intact, and its jobs are counted", async () => {
  const { problemCount, jobs } = await assertSame(await journalOfJobs());
  assert.equal(problemCount, 0);
  assert.equal(jobs, 9);
});

Deno.test("verification outside memory: a snapshot with ended jobs is not compared, and noted", async () => {
  const { snapshots, notes } = await proof(await journalOfJobs(), false);
  assert.equal(snapshots, 0);
  assert.match(notes.join("\n"), /it holds jobs that have ended; not compared/);
});

const FORGERIES: Readonly<Record<string, (line: string) => string>> = {
  "an event id that comes twice": (line) =>
    line.replace(/"eventId":"[^"]*"(?=,"eventType":"shop)/, '"eventId":"evt-twice"'),
  "an entry of a job that was never created": (line) =>
    line.replace('"eventType":"job.JobCreated"', '"eventType":"job.JobResumed"'),
  "a cause that is no position before": (line) => line.replace(/"causedBy":\d+/, '"causedBy":9999'),
};

for (const [what, change] of Object.entries(FORGERIES)) {
  Deno.test(`verification outside memory: it finds ${what}`, async () => {
    const disk = await journalOfJobs();
    dropSnapshots(disk);
    forge(disk, change);
    assert.ok((await assertSame(disk)).problemCount > 0);
  });
}

Deno.test("start: an entry that does not follow from those before it is damage, at the place that verify names", async () => {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  forge(disk, FORGERIES["an entry of a job that was never created"] ?? String);
  const { problems: [first] } = await assertSame(disk);
  const error = await engineOn(disk).then(() => undefined, (error) => error);
  assert.ok(error instanceof JournalDamagedError, String(error));
  assert.equal(error.exitCode, 78);
  assert.ok(first !== undefined && problemText(first).includes(`logId ${error.logId}`));
  assert.match(
    error.message,
    /Cannot project entry \d+ \(job.JobResumed\): job .* was not created/,
  );
});

Deno.test("verification outside memory: it finds an ended job that is created again", async () => {
  const disk = await journalOfJobs();
  dropSnapshots(disk);
  let ended = "";
  forge(disk, (line) => {
    ended ||= /"eventType":"job.JobCreated","jobId":"([^"]*)"/.exec(line)?.[1] ?? "";
    return line.replace(
      /"stratum":"domain",("eventId":"[^"]*",)"eventType":"shop.ParcelShipped",(.*)\{"orderId":"unknown"\}/,
      `"stratum":"framework",$1"eventType":"job.JobCreated","jobId":"${ended}",$2{"type":"test.greet"}`,
    );
  });
  const { problems } = await assertSame(disk);
  assert.match(problems.map(problemText).join("\n"), new RegExp(`job ${ended} already exists`));
});
