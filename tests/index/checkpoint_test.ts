/** The log of the index is copied into its database by another thread. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { jobId } from "../../src/core/ids.ts";
import { checkpoint } from "../../src/index/checkpoint.ts";
import { FILE, jobIndexIn } from "../../src/index/open_index.ts";
import type { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { threadOf } from "../values/valued_events.ts";
import { endedJob, jobsFrom } from "./ended_jobs.ts";

const TRANSACTIONS = 64;

const warn = (message: string) => assert.fail(message);

/** An index with a log, which holds as many jobs as there are transactions. */
function loggedIndex(folder: string, asked: string[] = []): SqliteJobIndex {
  const index = jobIndexIn({ folder, checkpoint: (path) => void asked.push(path), warn });
  assert.ok(index.begin(undefined));
  for (let number = 1; number <= TRANSACTIONS; number++) index.put(jobsFrom(number, 1));
  assert.deepEqual(asked, [], "there is no log yet");
  index.made();
  for (let at = 1; at <= TRANSACTIONS; at++) index.put(jobsFrom(TRANSACTIONS + at, 1));
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
    index.put(jobsFrom(2 * TRANSACTIONS + 1, 1));
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
    pastEvents.checkpoint(path);
    await until("its thread copied it", () => Deno.statSync(path).size > before);
    index.put(jobsFrom(2 * TRANSACTIONS + 1, 1));
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
