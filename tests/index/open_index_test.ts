/** An index that is being built: nothing relies on it until it is on disk, whatever happens. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { jobId } from "../../src/core/ids.ts";
import { FILE, jobIndexIn } from "../../src/index/open_index.ts";
import { scratchIndexIn } from "../../src/index/scratch_index.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { VALUES_FILE } from "../../src/index/value_rows.ts";
import { SqliteValueRuns } from "../../src/index/value_runs.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { endedJob, jobsFrom } from "./ended_jobs.ts";
import { checkpoint } from "../../src/index/database_files.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { until } from "../support/until.ts";
import { threadOf } from "../values/valued_events.ts";
import { ROOT } from "../support/process/task_process.ts";

const HEAD = { logId: 20_000, chain: "chain" };
/** Offsets of the version bytes in an SQLite file that say whether it has a write-ahead log. */
const LOGGED = [18, 19];

const warn = (message: string) => assert.fail(message);

Deno.test("building an index: a killed process leaves nothing that the next one relies on", () =>
  inFolder(async (folder) => {
    const making = jobIndexIn({ folder, warn });
    assert.ok(making.begin(undefined));
    assert.ok(making.put(jobsFrom(1, 500), []));
    const left = await Deno.readFile(`${folder}/${FILE}`);
    making.close();
    for (const bytes of [left, left.slice(0, left.length / 2), left.fill(0, left.length / 2)]) {
      await Deno.writeFile(`${folder}/${FILE}`, bytes);
      const next = jobIndexIn({ folder, warn: () => {} });
      assert.equal(next.begin(HEAD), false);
      assert.ok(next.begin(undefined));
      assert.equal(next.job(jobId("job-1")), undefined);
      next.close();
    }
  }));

Deno.test("building an index: once it is complete, positions are found, and further writes use the write-ahead log", () =>
  inFolder(async (folder) => {
    const making = jobIndexIn({ folder, warn });
    assert.ok(making.begin(undefined));
    assert.ok(making.put(jobsFrom(1, 500), []));
    const before = await Deno.readFile(`${folder}/${FILE}`);
    assert.deepEqual(LOGGED.map((at) => before[at]), [1, 1]);
    making.made();
    const after = await Deno.readFile(`${folder}/${FILE}`);
    assert.deepEqual(LOGGED.map((at) => after[at]), [2, 2]);
    assert.ok(making.put(jobsFrom(501, 1), []));
    making.mark(HEAD);
    making.close();
    const next = jobIndexIn({ folder, warn });
    assert.ok(next.begin(HEAD));
    assert.equal(next.conditions.get("succeeded"), 501);
    for (const number of [1, 500, 501]) {
      assert.deepEqual(next.job(jobId(`job-${number}`)), endedJob(number).job);
    }
    next.close();
  }));

Deno.test("the log of the index: from the end of building on, and after a start, SQLite syncs it at each checkpoint", () =>
  inFolder((folder) => {
    let database: DatabaseSync | undefined;
    const index = () =>
      new SqliteJobIndex({
        open: () => database ??= new DatabaseSync(`${folder}/${FILE}`),
        discard: () => assert.fail("it is not damaged"),
        warn,
      });
    const synchronous = () => database?.prepare("PRAGMA synchronous").get()?.["synchronous"];
    const [off, normal] = [0, 1];
    const first = index();
    assert.ok(first.begin(undefined));
    assert.ok(first.put(jobsFrom(1, 128), []));
    assert.equal(synchronous(), off);
    first.mark(HEAD);
    assert.equal(synchronous(), normal);
    first.close();
    database = undefined;
    const next = index();
    assert.ok(next.begin(HEAD));
    assert.equal(synchronous(), normal);
    next.close();
    return Promise.resolve();
  }));

Deno.test("index: one that lacks a job that it had at a point cannot be reset to that point", () =>
  inFolder((folder) => {
    const database = new DatabaseSync(`${folder}/${FILE}`);
    const discard = () => assert.fail("no row is damaged");
    const index = () => new SqliteJobIndex({ open: () => database, discard, warn });
    const before = index();
    assert.ok(before.begin(undefined));
    assert.ok(before.put(jobsFrom(1, 3), []));
    before.mark(HEAD);
    assert.ok(index().begin(HEAD));
    database.exec("DELETE FROM jobs WHERE job_id = 'job-2'");
    assert.equal(index().begin(HEAD), false);
    before.close();
    return Promise.resolve();
  }));

Deno.test("building an index: a failed write is repeated, and nothing before it is lost", () =>
  inFolder((folder) => {
    const warnings: string[] = [];
    let database: DatabaseSync | undefined;
    const index = new SqliteJobIndex({
      open: () => database ??= new DatabaseSync(`${folder}/${FILE}`),
      discard: () => assert.fail("it is not damaged"),
      warn: (message) => void warnings.push(message),
    });
    assert.ok(index.begin(undefined));
    assert.ok(index.put(jobsFrom(1, 128), []));
    const { page_count: pages } = database?.prepare("PRAGMA page_count").get() ?? {};
    database?.exec(`PRAGMA max_page_count = ${Number(pages) + 1}`);
    assert.equal(index.put(jobsFrom(129, 128), []), false);
    assert.equal(warnings.length, 1);
    database?.exec("PRAGMA max_page_count = 100000");
    assert.equal(index.job(jobId("job-129")), undefined);
    assert.ok(index.put(jobsFrom(129, 128), []));
    for (const number of [1, 128, 129, 256]) {
      assert.deepEqual(index.job(jobId(`job-${number}`)), endedJob(number).job);
    }
    assert.equal(index.conditions.get("succeeded"), 256);
    index.close();
    return Promise.resolve();
  }));

Deno.test("index: a failed write of a job that was in it does not make the next start rebuild it", () =>
  inFolder((folder) => {
    let database: DatabaseSync | undefined;
    const open = () => database = new DatabaseSync(`${folder}/${FILE}`);
    const index = new SqliteJobIndex({ open, discard: () => {}, warn: () => {} });
    assert.ok(index.begin(undefined));
    assert.ok(index.put(jobsFrom(1, 128), []));
    index.wake(10);
    const woken = { ...endedJob(1), wasThere: true };
    const { page_count: pages } = database?.prepare("PRAGMA page_count").get() ?? {};
    database?.exec(`PRAGMA max_page_count = ${Number(pages) + 1}`);
    assert.equal(index.put([woken, ...jobsFrom(129, 128)], []), false);
    database?.exec("PRAGMA max_page_count = 100000");
    assert.ok(index.put([woken, ...jobsFrom(129, 128)], []));
    index.mark(HEAD);
    index.close();
    const next = new SqliteJobIndex({ open, discard: () => {}, warn });
    assert.ok(next.begin(HEAD));
    next.close();
    return Promise.resolve();
  }));

Deno.test("building an index: after any number of writes it is complete", () =>
  inFolder((folder) => {
    const making = jobIndexIn({ folder, warn });
    assert.ok(making.begin(undefined));
    for (let number = 1; number <= 200; number++) assert.ok(making.put(jobsFrom(number, 1), []));
    making.made();
    making.mark(HEAD);
    making.close();
    const next = jobIndexIn({ folder, warn });
    assert.ok(next.begin(HEAD));
    assert.equal(next.conditions.get("succeeded"), 200);
    next.close();
    return Promise.resolve();
  }));

// The log of the index is copied into its database by another thread.

const TRANSACTIONS = 64;

/** An index with a log, which holds as many jobs as there are transactions. */
function loggedIndex(folder: string, asked: string[] = []): SqliteJobIndex {
  const index = jobIndexIn({ folder, checkpoint: (path) => void asked.push(path), warn });
  assert.ok(index.begin(undefined));
  for (let number = 1; number <= TRANSACTIONS; number++) index.put(jobsFrom(number, 1), []);
  assert.deepEqual(asked, [], "there is no log yet");
  index.made();
  for (let at = 1; at <= TRANSACTIONS; at++) index.put(jobsFrom(TRANSACTIONS + at, 1), []);
  return index;
}

/** How many pages the log has had since it was begun. */
function logPages(path: string): number {
  using database = new DatabaseSync(path);
  return Number(database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get()?.log);
}

Deno.test("the log of the index: it asks for a checkpoint from time to time, and then begins the log anew", () =>
  inFolder((folder) => {
    const asked: string[] = [];
    const path = `${folder}/${FILE}`;
    const index = loggedIndex(folder, asked);
    assert.ok(asked.length > 1 && asked.length < TRANSACTIONS, `${asked.length} times`);
    assert.deepEqual(new Set(asked), new Set([path]));
    checkpoint(path);
    index.put(jobsFrom(2 * TRANSACTIONS + 1, 1), []);
    assert.ok(logPages(path) < TRANSACTIONS, `${logPages(path)} pages`);
    for (const number of [1, TRANSACTIONS + 1, 2 * TRANSACTIONS + 1]) {
      assert.deepEqual(index.job(jobId(`job-${number}`)), endedJob(number).job);
    }
    index.close();
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), [FILE]);
    return Promise.resolve();
  }));

Deno.test("the log of the index: the thread of the index copies it while the index is in use", () =>
  inFolder(async (folder) => {
    const { index: place, segments } = journalLayout(folder);
    await Deno.mkdir(segments, { recursive: true });
    const path = `${place}/${FILE}`;
    const index = loggedIndex(place);
    const before = Deno.statSync(path).size;
    const { pastEvents, warnings } = threadOf(folder);
    pastEvents.beginSoon();
    await until("its thread copied it", () => {
      pastEvents.checkpoint(path);
      return Deno.statSync(path).size > before;
    });
    index.put(jobsFrom(2 * TRANSACTIONS + 1, 1), []);
    assert.deepEqual(index.job(jobId(`job-${TRANSACTIONS}`)), endedJob(TRANSACTIONS).job);
    index.close();
    await pastEvents.close();
    assert.deepEqual(warnings, []);
  }));

Deno.test("the log of the index: a checkpoint of an index that is gone does not bring it back", () =>
  inFolder((folder) => {
    assert.throws(() => checkpoint(`${folder}/${FILE}`), Deno.errors.NotFound);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    return Promise.resolve();
  }));

// The folder of a scratch index.

Deno.test("scratch index: a process that exits early, as on Ctrl-C, leaves no folder behind", () =>
  inFolder(async (folder) => {
    const script = `
      import { scratchIndexIn } from "${ROOT}src/index/scratch_index.ts";
      const folder = ${JSON.stringify(folder)};
      scratchIndexIn({ folder, index: folder + "/index" }).index.begin(undefined);
      console.log([...Deno.readDirSync(folder)].length);
      Deno.exit(130);`;
    const args = ["eval", `--config=${ROOT}deno.json`, script];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    assert.equal(code, 130, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout).trim(), "1");
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

const IS_LINUX = Deno.build.os === "linux";

/** The files of a folder that this process has open, removed ones included. */
async function openFilesIn(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir("/proc/self/fd"))).flatMap(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // The descriptor of the listing itself.
    }
  });
}

Deno.test({
  name: "index: one of another version is closed, so that its space is free once it is removed",
  ignore: !IS_LINUX,
  fn: () =>
    inFolder(async (folder) => {
      {
        using old = new DatabaseSync(`${folder}/${FILE}`);
        old.exec("PRAGMA user_version = 1; CREATE TABLE jobs (first INTEGER)");
      }
      const index = jobIndexIn({ folder, warn: () => {} });
      assert.equal(index.known(HEAD.logId), undefined);
      assert.equal(index.begin(HEAD), false);
      assert.ok(index.begin(undefined));
      assert.deepEqual(
        (await openFilesIn(folder)).filter((path) => path.endsWith(" (deleted)")),
        [],
      );
      index.close();
      assert.deepEqual(await openFilesIn(folder), []);
    }),
});

Deno.test({
  name: "scratch index: an index that cannot be compared is closed",
  ignore: !IS_LINUX,
  fn: () =>
    inFolder(async (folder) => {
      const layout = journalLayout(folder);
      Deno.mkdirSync(layout.index);
      Deno.writeTextFileSync(`${layout.index}/${FILE}`, "not a database ".repeat(1_000));
      using scratch = scratchIndexIn(layout);
      assert.throws(() => scratch.held(), /not a database/);
      assert.deepEqual(await openFilesIn(layout.index), []);
    }),
});

const INTRUDERS = [
  ["a link to the file of another program", (path: string) => Deno.symlink(`${path}.other`, path)],
  ["a pipe", (path: string) => made("mkfifo", path)],
] as const;

for (const [what, put] of INTRUDERS) {
  Deno.test(`index: ${what} in its place is replaced by a new index`, () =>
    inFolder(async (folder) => {
      const [path, other] = [`${folder}/${FILE}`, `${folder}/${FILE}.other`];
      using database = new DatabaseSync(other);
      database.exec("CREATE TABLE accounts (name TEXT)");
      const before = await Deno.readFile(other);
      await put(path);
      const warnings: string[] = [];
      const index = jobIndexIn({ folder, warn: (message) => void warnings.push(message) });
      assert.equal(index.begin(HEAD), false);
      assert.ok(index.begin(undefined));
      assert.ok(index.put(jobsFrom(1, 1), []));
      index.made();
      assert.deepEqual(index.job(jobId("job-1")), endedJob(1).job);
      index.close();
      assert.match(warnings.join(), /^Cannot use the index as it is: .*jobs.sqlite is not a file/);
      assert.equal((await Deno.lstat(path)).isFile, true);
      assert.deepEqual(await Deno.readFile(other), before);
    }));

  Deno.test(`index of values: ${what} in its place is not opened, and can be replaced`, () =>
    inFolder(async (folder) => {
      const [path, other] = [`${folder}/${VALUES_FILE}`, `${folder}/${VALUES_FILE}.other`];
      await Deno.writeFile(other, new Uint8Array());
      await put(path);
      assert.throws(() => new SqliteValueRuns(folder), /values.sqlite is not a file/);
      SqliteValueRuns.remove(folder);
      new SqliteValueRuns(folder).close();
      assert.equal((await Deno.lstat(path)).isFile, true);
      assert.equal((await Deno.stat(other)).size, 0);
    }));
}

async function made(program: string, path: string): Promise<void> {
  const { success } = await new Deno.Command(program, { args: [path] }).output();
  assert.ok(success);
}
