/**
 * The index and the sidecars damaged before one start, each in every way: what is served agrees
 * with the lines, changed segments are refused, and both caches are correct again afterwards.
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { FILE, type IndexOptions, jobIndexIn } from "../../src/index/open_index.ts";
import { IndexDamagedError } from "../../src/engine/job_index.ts";
import type { JournalHead } from "../../src/engine/ports.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { withoutBlankEnd } from "../support/journal/journal_bytes.ts";
import {
  lifeOn,
  orderOf,
  parcelOf,
  type Picture,
  pictureOfVersion1,
  withoutSnapshots,
  work,
} from "./cached_journal.ts";
import { rounds } from "../support/effort.ts";
import { bytesOf, MemoryDisk, textAt } from "../support/journal/journal_memory_disk.ts";
import {
  flipped,
  namesIn,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
} from "../support/journal/sidecar_journal.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";

const ROUNDS = [1, 2, 3, 4, 5, 6];
const LATER = [7, 8, 9];

interface Pictures {
  /** An earlier picture of the same journal. */
  readonly early: Picture;
  readonly now: Picture;
  readonly late: Picture;
  /** Of another journal. */
  readonly other: Picture;
}

/** @param ends How its process ended; after a kill, the segment is still written ahead. */
async function pictures(folder: string, ends: "stopped" | "killed"): Promise<Pictures> {
  const rounds = { early: ROUNDS.slice(0, 3), now: ROUNDS.slice(3), late: LATER };
  const taken: Partial<Record<keyof Pictures, Picture>> = {};
  let before = await pictureOfVersion1();
  for (const name of ["early", "now", "late"] as const) {
    const life = await lifeOn({ ...before, disk: before.disk.copy() }, folder);
    await work(life, rounds[name]);
    await life.proven();
    const killed = life.picture();
    const stopped = await life.stop();
    taken[name] = before = ends === "killed" ? killed : stopped;
  }
  const life = await lifeOn({ disk: new MemoryDisk(), index: {} }, folder);
  await work(life, ROUNDS);
  await life.proven();
  return { ...taken, other: await life.stop() } as Pictures;
}

type Damage = (pictures: Pictures) => Picture["index"];
/** The last commits to it, after a kill. */
const LOG = `${FILE}-wal`;

const INDEXES: Readonly<Record<string, Damage>> = {
  "as it was": ({ now }) => now.index,
  "deleted": () => ({}),
  "empty": () => ({ [FILE]: new Uint8Array() }),
  "cut": ({ now }) => ({ ...now.index, [FILE]: halfOf(fileOf(now)) }),
  "without its log": ({ now }) => ({ [FILE]: fileOf(now) }),
  "flipped": ({ now }) => ({ [FILE]: everywhereFlipped(fileOf(now), 4096) }),
  "with its log cut": ({ now }) => withLog(now, halfOf),
  "with its log flipped": ({ now }) => withLog(now, (log) => flipped(log, log.length / 2 | 0)),
  "behind": ({ early }) => early.index,
  "ahead": ({ late }) => late.index,
  "of another journal": ({ other }) => other.index,
};

const SIDECAR_SETS: Readonly<
  Record<string, (pictures: Pictures) => ReadonlyMap<string, Uint8Array>>
> = {
  "as they were": ({ now }) => sidecarsOf(now),
  "deleted": () => new Map(),
  "cut": ({ now }) => each(sidecarsOf(now), halfOf),
  "flipped": ({ now }) => each(sidecarsOf(now), (bytes) => flipped(bytes, bytes.length / 3 | 0)),
  "swapped": ({ now }) => rotated(sidecarsOf(now)),
  "behind": ({ early }) => sidecarsOf(early),
  "ahead": ({ late }) => sidecarsOf(late),
  "of another journal": ({ other }) => sidecarsOf(other),
};

function fileOf({ index }: Picture): Uint8Array {
  return index[FILE] ?? assert.fail("there is no index");
}

/** After a stop there is none, so the index is unchanged. */
function withLog({ index }: Picture, change: (log: Uint8Array) => Uint8Array): Picture["index"] {
  const log = index[LOG];
  return log === undefined ? index : { ...index, [LOG]: change(log) };
}

function halfOf(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, bytes.length / 2 | 0);
}

function everywhereFlipped(bytes: Uint8Array, every: number): Uint8Array {
  let damaged = bytes;
  for (let at = every / 2; at < bytes.length; at += every) damaged = flipped(damaged, at);
  return damaged;
}

function sidecarsOf({ disk }: Picture): ReadonlyMap<string, Uint8Array> {
  const names = namesIn(disk, SIDECARS);
  return new Map(names.map((name) => [name, bytesOf(disk, `${SIDECARS}/${name}`)]));
}

function each(files: ReadonlyMap<string, Uint8Array>, change: (bytes: Uint8Array) => Uint8Array) {
  return new Map([...files].map(([name, bytes]) => [name, change(bytes)]));
}

/** Each file under the name of the next one. */
function rotated(files: ReadonlyMap<string, Uint8Array>) {
  const contents = [...files.values()];
  return new Map([...files.keys()].map((name, at) => [name, contents.at(at - 1) as Uint8Array]));
}

function damaged(pictures: Pictures, index: string, sidecars: string): Picture {
  const disk = pictures.now.disk.copy();
  for (const name of namesIn(disk, SIDECARS)) disk.files.delete(`${SIDECARS}/${name}`);
  for (const [name, bytes] of SIDECAR_SETS[sidecars]?.(pictures) ?? []) {
    disk.files.set(`${SIDECARS}/${name}`, new Uint8Array(bytes));
  }
  return { disk, index: INDEXES[index]?.(pictures) ?? {} };
}

/** As `Daybook.open` does: if the index is damaged it is rebuilt. */
async function lifeOnDamaged(
  picture: Picture,
  folder: string,
  indexIn?: typeof jobIndexIn,
  acceptsLoss?: boolean,
) {
  try {
    return await lifeOn(picture, folder, indexIn, acceptsLoss);
  } catch (error) {
    if (!(error instanceof IndexDamagedError)) throw error;
    return await lifeOn({ ...picture, index: {} }, folder, indexIn, acceptsLoss);
  }
}

/** Starts, and returns how many full segments it did not read: each has a valid sidecar. */
async function lifeWithTrust(
  picture: Picture,
  pictures: Pictures,
  folder: string,
  indexIn?: typeof jobIndexIn,
  acceptsLoss?: boolean,
) {
  const sealed = namesIn(picture.disk, SEGMENTS).slice(0, -1);
  const found = sidecarsOf(picture);
  const right = [sidecarsOf(pictures.now), sidecarsOf(pictures.late)];
  const life = await lifeOnDamaged(picture, folder, indexIn, acceptsLoss);
  const trusted = sealed.filter((segment) => !life.read.includes(segment)).map(sidecarOf);
  for (const name of trusted) {
    const isRight = right.some((sidecars) => isSame(found.get(name), sidecars.get(name)));
    assert.ok(isRight, `${name} is trusted, and is not what it was`);
  }
  return { life, trusted: trusted.length };
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one?.length === other?.length && one?.every((byte, at) => byte === other?.[at]) === true;
}

/** Whatever was damaged, this is served; an index found damaged is rebuilt. */
async function assertServes(
  picture: Picture,
  pictures: Pictures,
  folder: string,
  what: string,
  indexIn?: typeof jobIndexIn,
  acceptsLoss?: boolean,
): Promise<number> {
  const { life, trusted } = await lifeWithTrust(picture, pictures, folder, indexIn, acceptsLoss);
  try {
    await life.proven();
    const sealed = namesIn(picture.disk, SEGMENTS).slice(0, -1).map(sidecarOf);
    assert.deepEqual(sealed.filter((name) => !sidecarsOf(picture).has(name)), [], what);
    const { problems, served, notes } = await life.proof();
    assert.deepEqual([problems, served?.kind], [[], "same"], what);
    assert.deepEqual(notes, [], what);
    for (const round of ROUNDS) {
      const [receipt] = await life.engine.deliver([parcelOf(round)]);
      assert.equal(receipt?.disposition, "duplicate", `${what}: event ${round}`);
      const again = await life.engine.create(orderOf(round));
      assert.ok(again.ok && again.value.replayed, `${what}: key ${round}`);
    }
    for (const round of LATER) {
      const [receipt] = await life.engine.deliver([parcelOf(round)]);
      assert.equal(receipt?.disposition, "recorded", `${what}: event ${round}`);
    }
  } catch (error) {
    if (!(error instanceof IndexDamagedError)) throw error;
    const { disk } = await life.stop();
    return await assertServes({ disk, index: {} }, pictures, folder, `${what}, made again`);
  }
  await life.stop();
  return trusted;
}

/** With every commit a quarter of all pairs, which include each damage. */
function pairs(): readonly (readonly [index: string, sidecars: string])[] {
  const apart = rounds(4, 1, 11);
  return Object.keys(INDEXES).flatMap((index, row) =>
    Object.keys(SIDECAR_SETS).filter((_, column) => (row + column) % apart === 0)
      .map((sidecars) => [index, sidecars] as const)
  );
}

for (const ends of ["stopped", "killed"] as const) {
  Deno.test(`damaged caches: a mixed journal that was ${ends} is served as its lines say, whatever the damage to both caches`, () =>
    inFolder(async (folder) => {
      const all = await pictures(folder, ends);
      for (const [index, sidecars] of pairs()) {
        const what = `index ${index}, sidecars ${sidecars}`;
        const picture = damaged(all, index, sidecars);
        // Caches of the same journal that are ahead of it prove that entries are lost.
        const isLoss = index === "ahead" || sidecars === "ahead";
        if (isLoss) await assert.rejects(lifeOnDamaged(picture, folder), /entries are lost/, what);
        const trusted = await assertServes(picture, all, folder, what, undefined, isLoss);
        if (what === "index as it was, sidecars as they were") assert.ok(trusted > 3, what);
      }
    }));

  Deno.test(`damaged caches: a changed segment of a journal that was ${ends} is refused, whatever the damage to both caches`, () =>
    inFolder(async (folder) => {
      const all = await pictures(folder, ends);
      const segments = namesIn(all.now.disk, SEGMENTS).slice(0, -1);
      for (const [at, [index, sidecars]] of pairs().entries()) {
        const picture = damaged(all, index, sidecars);
        const path = `${SEGMENTS}/${segments[at % segments.length]}`;
        picture.disk.files.set(path, flipped(bytesOf(picture.disk, path), 300));
        const what = `index ${index}, sidecars ${sidecars}, ${path}`;
        await assert.rejects(lifeOnDamaged(picture, folder), JournalDamagedError, what);
      }
    }));
}

/** What a statement makes of an index. */
function changed({ index }: Picture, folder: string, sql: string): Picture["index"] {
  const own = Deno.makeTempDirSync({ dir: folder });
  for (const [name, bytes] of Object.entries(index)) Deno.writeFileSync(`${own}/${name}`, bytes);
  const database = new DatabaseSync(`${own}/${FILE}`);
  database.exec(sql);
  database.close();
  return { [FILE]: Deno.readFileSync(`${own}/${FILE}`) };
}

/** Whether a start without a snapshot keeps such an index; some may be whole as of earlier. */
const KEEPS: Readonly<Record<string, boolean | undefined>> = {
  "as it was": true,
  "deleted": false,
  "empty": false,
  "cut": undefined,
  "without its log": undefined,
  "flipped": undefined,
  "with its log cut": undefined,
  "with its log flipped": undefined,
  "behind": true,
  "ahead": false,
  "of another journal": false,
};

/** More such indexes, by the SQL that makes them. */
const CHANGES: Readonly<Record<string, readonly [sql: string, keeps: boolean]>> = {
  "with other chains": ["UPDATE points SET chain = upper(chain)", false],
  "with points between batches": ["UPDATE points SET logId = logId - 1", false],
  "without a job": ["DELETE FROM jobs WHERE first = (SELECT min(first) FROM jobs)", false],
  "of another version": ["PRAGMA user_version = 1", false],
  // The start that keeps it reads some of them, and ends; the next one builds it.
  "with damaged jobs": ["UPDATE states SET crc = crc + 1", false],
};

/** Indexes of real starts, of which a test can see how far they were kept. */
function seenIndexes() {
  const made: SqliteJobIndex[] = [];
  const indexIn = (options: IndexOptions) => {
    const index = jobIndexIn(options);
    made.push(index);
    return index;
  };
  return { indexIn, keptUpTo: () => made.at(-1)?.upTo ?? 0 };
}

for (const ends of ["stopped", "killed"] as const) {
  Deno.test(`damaged caches: without a usable snapshot, a mixed journal that was ${ends} is served as its lines say, and an index that fits is kept`, () =>
    inFolder(async (folder) => {
      const all = await pictures(folder, ends);
      const damages: [string, Picture["index"], boolean | undefined][] = [
        ...Object.entries(KEEPS).map(([name, keeps]) =>
          [name, INDEXES[name]?.(all) ?? {}, keeps] as [string, Picture["index"], boolean]
        ),
        ...Object.entries(CHANGES).map(([name, [sql, keeps]]) =>
          [name, changed(all.now, folder, sql), keeps] as [string, Picture["index"], boolean]
        ),
      ];
      for (const [at, [name, index, keeps]] of damages.entries()) {
        const how = at % 2 === 0 ? "deleted" : "damaged";
        const picture = withoutSnapshots({ ...all.now, index }, how);
        const what = `index ${name}, snapshots ${how}`;
        const { indexIn, keptUpTo } = seenIndexes();
        await assertServes(picture, all, folder, what, indexIn, name === "ahead");
        if (keeps !== undefined) assert.equal(keptUpTo() > 0, keeps, what);
      }
    }));
}

/** Continues an earlier picture otherwise, entry for entry of the same kinds and positions. */
async function forkOf(picture: Picture, folder: string): Promise<Picture> {
  const life = await lifeOn({ ...picture, disk: picture.disk.copy() }, folder);
  await work(life, ROUNDS.slice(3).map((round) => round + 20));
  await life.proven();
  return await life.stop();
}

Deno.test("damaged caches: an index of a fork is not kept; a start that trusts its point without comparing the chain is caught", () =>
  inFolder(async (folder) => {
    const all = await pictures(folder, "stopped");
    const { index } = await forkOf(all.early, folder);
    const fork = withoutSnapshots({ ...all.now, index }, "deleted");
    const { indexIn, keptUpTo } = seenIndexes();
    await assertServes(fork, all, folder, "a fork", indexIn);
    assert.equal(keptUpTo(), 0);

    const [point, forked] = [pointIn(all.now, folder), pointIn(fork, folder)];
    assert.ok(point !== undefined && point.logId === forked?.logId, "it is at the same position");
    assert.notEqual(point.chain, forked.chain);
    const sql = `UPDATE points SET chain = '${point.chain}' WHERE logId = ${point.logId}`;
    const trusted = { ...fork, index: changed(fork, folder, sql) };
    await assert.rejects(
      assertServes(trusted, all, folder, "trusted", indexIn),
      { name: "AssertionError" },
    );
    assert.equal(keptUpTo(), point.logId);
  }));

function pointIn({ index }: Picture, folder: string): JournalHead | undefined {
  const own = Deno.makeTempDirSync({ dir: folder });
  for (const [name, bytes] of Object.entries(index)) Deno.writeFileSync(`${own}/${name}`, bytes);
  const jobIndex = jobIndexIn({ folder: own, warn: assert.fail });
  const point = jobIndex.point();
  jobIndex.close();
  return point;
}

const FORGET_NOTHING = `
  CREATE TEMP TRIGGER keep_states BEFORE DELETE ON states BEGIN SELECT RAISE(IGNORE); END;
  CREATE TEMP TRIGGER keep_jobs BEFORE DELETE ON jobs BEGIN SELECT RAISE(IGNORE); END;
  CREATE TEMP TRIGGER keep_rows BEFORE UPDATE OF last ON jobs WHEN new.last < old.last
    BEGIN SELECT RAISE(IGNORE); END;
  UPDATE points SET jobs = (SELECT count(*) FROM jobs);
`;

/** An index with a defect: rows of a formerly longer journal stay in it. */
function trustingIndexIn({ folder, warn }: IndexOptions): SqliteJobIndex {
  const path = `${folder}/${FILE}`;
  const open = (fresh: boolean) => {
    if (fresh) Deno.removeSync(path);
    const database = new DatabaseSync(path);
    if (!fresh) database.exec(FORGET_NOTHING);
    return database;
  };
  return new SqliteJobIndex({ open, discard: () => {}, warn });
}

Deno.test("damaged caches: a start that trusts an index ahead of the journal is caught", () =>
  inFolder(async (folder) => {
    const all = await pictures(folder, "stopped");
    const ahead = damaged(all, "ahead", "as they were");
    await assert.rejects(
      assertServes(ahead, all, folder, "trusted", trustingIndexIn, true),
      { name: "AssertionError", message: /is not in the files/ },
    );
  }));

Deno.test("damaged caches: the tested journals are mixed, and one is written ahead", () =>
  inFolder(async (folder) => {
    for (const [ends, isAhead] of [["stopped", false], ["killed", true]] as const) {
      const { disk, index } = (await pictures(folder, ends)).now;
      const versions = namesIn(disk, SEGMENTS).map((name) => {
        const text = textAt(disk, `${SEGMENTS}/${name}`);
        return /"formatVersion":(\d)/.exec(text)?.[1];
      });
      assert.deepEqual([versions[0], versions.at(-1)], ["1", "2"]);
      const active = bytesOf(disk, `${SEGMENTS}/${namesIn(disk, SEGMENTS).at(-1)}`);
      assert.equal(withoutBlankEnd(active).length < active.length, isAhead, ends);
      assert.equal(LOG in index, isAhead, ends);
    }
  }));
