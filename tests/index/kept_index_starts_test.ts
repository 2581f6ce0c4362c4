/** Real starts without a usable snapshot: they keep the index, and so does one after a kill. */

import assert from "node:assert/strict";
import { type IndexOptions, jobIndexIn, openFile } from "../../src/index/open_index.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { inFolder } from "../support/temporary_folder.ts";
import {
  filesIn,
  type Life,
  lifeOn,
  type Picture,
  pictureOfVersion1,
  withoutSnapshots,
  work,
} from "./cached_journal.ts";

/** A journal as its process left it, and as it was in between. */
async function pictures(folder: string, ends: "stopped" | "killed") {
  let before = await pictureOfVersion1();
  const taken: Picture[] = [];
  for (const rounds of [[1, 2, 3], [4, 5, 6]]) {
    const life = await lifeOn({ ...before, disk: before.disk.copy() }, folder);
    await work(life, rounds);
    const killed = life.picture();
    const stopped = await life.stop();
    taken.push(before = ends === "killed" ? killed : stopped);
  }
  const [early, now] = taken as [Picture, Picture];
  return { early, now };
}

/** Explanations of all jobs, and all lists. */
async function servedBy({ engine }: Life) {
  const { jobs } = engine.lists.page({ limit: 500 });
  const { explainer } = await engine.explanations();
  const explained = await Promise.all(jobs.map(({ jobId }) => explainer.explain(jobId)));
  return {
    jobs,
    explained,
    summaries: engine.lists.summaries({ limit: 500 }),
    failures: engine.lists.failures({}),
    head: engine.headLogId,
  };
}

Deno.test("kept index: a start without a usable snapshot writes no job again, and serves and explains each as a start with one does, and one without an index", () =>
  inFolder(async (folder) => {
    const { now } = await pictures(folder, "stopped");
    const served: unknown[] = [];
    const fromSnapshot = { ...now, disk: now.disk.copy() };
    const withoutIndex = { ...withoutSnapshots(now, "deleted"), index: {} };
    for (const picture of [fromSnapshot, withoutIndex]) {
      const life = await lifeOn(picture, folder);
      served.push(await servedBy(life));
      await life.stop();
    }
    for (const how of ["deleted", "damaged"] as const) {
      let [upTo, jobs] = [() => 0, 0];
      const life = await lifeOn(withoutSnapshots(now, how), folder, (options) => {
        const index = jobIndexIn(options);
        const put = index.put.bind(index);
        index.put = (ended, ids) => {
          jobs += ended.length;
          return put(ended, ids);
        };
        upTo = () => index.upTo;
        return index;
      });
      served.push(await servedBy(life));
      assert.equal(jobs, 0, "they were in it");
      assert.ok(upTo() > 0 && upTo() <= life.engine.headLogId);
      await life.stop();
    }
    const [first, ...others] = served;
    for (const other of others) assert.deepEqual(other, first);
  }));

/** Every state of the index that a kill would leave behind in a start. */
async function leftBehind(picture: Picture, folder: string): Promise<readonly Picture["index"][]> {
  const left: Picture["index"][] = [];
  const indexIn = ({ folder, warn }: IndexOptions) => {
    const open = (fresh: boolean) => openFile(folder, fresh);
    const index = new SqliteJobIndex({ open, discard: () => {}, batch: 1, warn });
    for (const method of ["put", "wake"] as const) {
      const write = index[method].bind(index) as (...given: unknown[]) => never;
      index[method] = (...given: unknown[]) => {
        left.push(filesIn(folder));
        return write(...given);
      };
    }
    return index;
  };
  const life = await lifeOn({ ...picture, disk: picture.disk.copy() }, folder, indexIn);
  const inStart = left.slice();
  await life.stop();
  return inStart;
}

Deno.test("kept index: after a kill in a start that keeps the index the next one does too, wherever it was", () =>
  inFolder(async (folder) => {
    const { early, now } = await pictures(folder, "killed");
    const behind = { ...withoutSnapshots(now, "deleted"), index: early.index };
    const left = await leftBehind(behind, folder);
    assert.ok(left.length > 10, `${left.length} kills`);
    for (const [kill, index] of left.entries()) {
      let upTo = () => 0;
      const killed = { index, disk: behind.disk.copy() };
      const life = await lifeOn(killed, folder, (options) => {
        const jobIndex = jobIndexIn(options);
        upTo = () => jobIndex.upTo;
        return jobIndex;
      });
      assert.ok(upTo() > 0, `kill ${kill}`);
      const { problems, served, notes } = await life.proof();
      assert.deepEqual([problems, served?.kind, notes], [[], "same", []], `kill ${kill}`);
      await life.stop();
    }
  }));
