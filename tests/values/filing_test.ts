/** The index of values on disk is a cache: whatever it contains, results agree with the lines. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { ValueIndex } from "../../src/engine/views/value_index.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { JournalReading } from "../../src/tools/journal_reading.ts";
import { journalLayout, segmentName } from "../../src/journal/layout.ts";
import { Filing } from "../../src/values/filing.ts";
import type { Answer } from "../../src/values/protocol.ts";
import { runToEnd } from "../../src/core/work.ts";
import { Postings } from "../../src/engine/views/postings.ts";
import { SqliteValueRuns } from "../../src/index/value_runs.ts";
import { valueKeys } from "../../src/engine/views/value_keys.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { orders, shopIn } from "./valued_events.ts";

/** Few postings per run, so that runs and merged runs occur. */
const GENERATION = 1_000;
const LIMIT = 5_000;

interface Journal {
  readonly folder: string;
  readonly head: number;
}

async function journalIn(folder: string, events: number): Promise<Journal> {
  const shop = await shopIn(folder);
  for (let first = 1; first <= events; first += 100) await shop.deliver(orders(first, 100));
  const head = shop.engine.headLogId;
  await shop.engine.stop(0);
  await shop.journal.close();
  return { folder, head };
}

class Desk {
  readonly warnings: string[] = [];
  readonly unreadable: number[] = [];
  readonly filing: Filing;
  #answer: Answer | undefined;
  #now = 0;

  constructor({ folder }: Journal, generationPostings = GENERATION) {
    const { segments, index } = journalLayout(folder);
    this.filing = new Filing({
      ...{ segments, index, generationPostings },
      answer: (answer) => this.#answer = answer,
      warn: (message) => this.warnings.push(message),
      unreadable: (logId) => this.unreadable.push(logId),
      monotonic: () => this.#now++,
    });
  }

  /** Indexes the lines up to a position, and writes pending data. */
  upTo(head: number): void {
    this.filing.durable(head);
    while (this.filing.turn());
  }

  find(keys: readonly number[], asOf: number): readonly (readonly number[])[] {
    const limits = keys.map(() => LIMIT);
    this.filing.find({
      ...{ kind: "find", id: 1, asOf, lagMs: 1e9 },
      keys: Uint32Array.from(keys),
      limits: Uint32Array.from(limits),
    });
    while (this.filing.turn());
    const { counts, positions } = this.#answer ?? assert.fail("there is no answer");
    let at = 0;
    return Array.from(counts, (count) => [...positions.subarray(at, at += count)]);
  }
}

/** Everything found under all keys. */
async function assertTrue(desk: Desk, journal: Journal): Promise<void> {
  const truth = new ValueIndex();
  const keys = new Set<number>();
  await JournalReading.begin(new DenoFileSystem(), journal.folder, {
    refuse: () => undefined,
    replay: (entry) => {
      if (entry.logId > journal.head) return;
      truth.add(entry);
      for (const key of valueKeys(entry)) keys.add(key);
    },
  });
  const wanted = [...keys, 12];
  const { positions } = truth.find(new Map(wanted.map((key) => [key, LIMIT])));
  const found = desk.find(wanted, journal.head);
  wanted.forEach((key, at) => assert.deepEqual(found[at], positions.get(key), `${key}`));
}

function filed(journal: Journal): void {
  const desk = new Desk(journal);
  desk.upTo(journal.head);
  desk.filing.stop();
  assert.deepEqual(desk.warnings, []);
}

const fileOf = ({ folder }: Journal) => `${journalLayout(folder).index}/values.sqlite`;

Deno.test("filing: all values of the lines are found, in memory and in merged runs", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder, 3_000);
    const desk = new Desk(journal);
    await assertTrue(desk, journal);
    desk.filing.stop();
    assert.deepEqual(desk.warnings, []);
  });
});

Deno.test("filing: after a stop nothing is read again, and after a kill only what was not on disk", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder, 3_000);
    filed(journal);
    // New lines are read by a process that had found none before.
    const desk = await withoutFirstSegment(journal);
    await assertTrue(desk, journal);
    const killed = new Desk({ ...journal, folder });
    await assertTrue(killed, journal);
    killed.filing.stop();
    desk.filing.stop();
  });
});

/** Indexes a journal whose first segment cannot be read meanwhile. */
async function withoutFirstSegment(journal: Journal, generation = GENERATION): Promise<Desk> {
  const first = `${journalLayout(journal.folder).segments}/${segmentName(1)}`;
  await Deno.rename(first, `${journal.folder}/aside`);
  const desk = new Desk(journal, generation);
  desk.upTo(journal.head);
  await Deno.rename(`${journal.folder}/aside`, first);
  assert.deepEqual(desk.warnings, []);
  return desk;
}

/** Its input is too long to be indexed. */
const note = defineJob({
  type: "test.note",
  version: 1,
  input: v.object({ document: v.string() }),
  run: () => Promise.resolve(),
});

Deno.test("filing: lines without values are not read again either, after a stop or a kill", async () => {
  await inFolder(async (folder) => {
    const shop = await shopIn(folder, { definitions: [note] });
    for (let made = 0; made < 200; made++) {
      await shop.engine.create({ type: note.type, input: { document: "text ".repeat(100) } });
    }
    const journal = { folder, head: shop.engine.headLogId };
    await shop.engine.stop(0);
    await shop.journal.close();
    filed(journal);
    (await withoutFirstSegment(journal)).filing.stop();

    Deno.removeSync(fileOf(journal));
    const killed = new Desk(journal, 10);
    killed.upTo(journal.head);
    (await withoutFirstSegment(journal, 10)).filing.stop();
    killed.filing.stop();
  });
});

Deno.test("filing: a position without values is written although runs are being merged", async () => {
  await inFolder((folder) => {
    const pointAt = (logId: number) => ({ logId, chain: "chain", segment: 1, offset: logId });
    const runs = new SqliteValueRuns(folder);
    for (const logId of [1, 2, 3, 4]) {
      const postings = new Postings();
      postings.add(12, logId);
      runToEnd(runs.write(postings, pointAt(logId)));
    }
    let logId = 4;
    // After each step of the merge.
    for (const _ of runs.merge()) runToEnd(runs.write(new Postings(), pointAt(++logId)));
    assert.ok(logId > 6);
    assert.deepEqual([runs.count, runs.point?.logId], [1, logId]);
    assert.deepEqual(runs.newest(12, 9), [4, 3, 2, 1]);
    runs.close();
    return Promise.resolve();
  });
});

type Damage = (journal: Journal) => void | Promise<void>;

const DAMAGES: Readonly<Record<string, Damage>> = {
  "deleted": (journal) => Deno.removeSync(fileOf(journal)),
  "empty": (journal) => Deno.writeFileSync(fileOf(journal), new Uint8Array()),
  "no database": (journal) => Deno.writeTextFileSync(fileOf(journal), "nothing ".repeat(9_000)),
  "cut": (journal) => Deno.truncateSync(fileOf(journal), Deno.statSync(fileOf(journal)).size / 2),
  "flipped": (journal) => {
    const bytes = Deno.readFileSync(fileOf(journal));
    for (let at = 16_384 + 9_000; at < bytes.length; at += 4_096) bytes[at] = (bytes[at] ?? 0) ^ 4;
    Deno.writeFileSync(fileOf(journal), bytes);
  },
  "of another journal": async (journal) => {
    const other = await journalIn(`${journal.folder}/other`, 1_200);
    filed(other);
    Deno.copyFileSync(fileOf(other), fileOf(journal));
  },
};

for (const [name, damage] of Object.entries(DAMAGES)) {
  Deno.test(`filing: an index that is ${name} is rebuilt`, async () => {
    await inFolder(async (folder) => {
      const journal = await journalIn(folder, 1_000);
      filed(journal);
      await damage(journal);
      const desk = new Desk(journal);
      await assertTrue(desk, journal);
      desk.filing.stop();
      const next = new Desk(journal);
      await assertTrue(next, journal);
      next.filing.stop();
      assert.deepEqual(next.warnings, []);
    });
  });
}

Deno.test("filing: an index that is ahead of its journal, or behind it, becomes correct", async () => {
  await inFolder(async (folder) => {
    const early = await journalIn(folder, 1_000);
    await Deno.mkdir(`${folder}/early`);
    const copy = `${folder}/early/segments`;
    await Deno.mkdir(copy);
    for await (const { name } of Deno.readDir(journalLayout(folder).segments)) {
      await Deno.copyFile(`${journalLayout(folder).segments}/${name}`, `${copy}/${name}`);
    }
    filed(early);
    const behind = fileOf(early);
    await Deno.copyFile(behind, `${folder}/behind`);
    const late = await journalIn(folder, 1_000);
    filed(late);
    await Deno.mkdir(`${folder}/early/index`);
    await Deno.copyFile(fileOf(late), `${folder}/early/index/values.sqlite`);
    const ahead = new Desk({ folder: `${folder}/early`, head: early.head });
    await assertTrue(ahead, { folder: `${folder}/early`, head: early.head });
    ahead.filing.stop();
    await Deno.copyFile(`${folder}/behind`, fileOf(late));
    const caughtUp = new Desk(late);
    await assertTrue(caughtUp, late);
    caughtUp.filing.stop();
  });
});

Deno.test("filing: nothing after the last durable position is read", async () => {
  await inFolder(async (folder) => {
    const early = await journalIn(folder, 500);
    await journalIn(folder, 500);
    const desk = new Desk(early);
    await assertTrue(desk, early);
    desk.filing.stop();
  });
});

Deno.test("filing: a damaged line stops it there, and is reported once", async () => {
  await inFolder(async (folder) => {
    const journal = await journalIn(folder, 300);
    const path = `${folder}/segments/00000000000000000001.ndjson`;
    const text = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, text.replace("order-150", "order-666"));
    const desk = new Desk(journal);
    const [found] = desk.find([12], journal.head);
    desk.upTo(journal.head);
    assert.deepEqual(found, []);
    assert.equal(desk.warnings.length, 1);
    const [, logId] = /cannot continue: the line of entry (\d+) does not match its crc/.exec(
      desk.warnings[0] ?? "",
    ) ??
      [];
    assert.deepEqual(new Set(desk.unreadable), new Set([Number(logId)]));
    desk.filing.stop();
  });
});

Deno.test("valueKeys: the seal of a stop is filed, and not those of quiet seconds", () => {
  const seal = (reason: string) =>
    ({
      logId: 7,
      stratum: "framework",
      eventType: "journal.Sealed",
      attributes: { reason },
    }) as const;

  assert.deepEqual([...valueKeys(seal("stop"))].length, 1);
  assert.deepEqual([...valueKeys(seal("quiet")), ...valueKeys(seal("room"))], []);
});
