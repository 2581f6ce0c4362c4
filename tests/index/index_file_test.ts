/** The file of the index: after any damage a start serves what the journal says. */

import { cp } from "node:fs/promises";
import assert from "node:assert/strict";
import * as v from "valibot";
import { openFile } from "../../src/index/open_index.ts";
import { defineJob, openDaybook } from "../../src/mod.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { rounds } from "../support/effort.ts";
import { PATIENCE_MS } from "../support/until.ts";

const count = defineJob({
  type: "index.count",
  version: 1,
  input: v.object({ number: v.number() }),
  async run(ctx, { number }) {
    if (number % 5 === 0) throw new Error(`the bank refused order ${number}`);
    return await ctx.task("count", () => number);
  },
});

const NO_WARNINGS: readonly string[] = [];
const STOOD_STILL = "the event loop was blocked";

interface Served {
  readonly text: string;
  readonly warnings: readonly string[];
}

/** Starts, runs this many jobs, and stops; returns what was served at the end. */
async function session(journal: string, jobs: number): Promise<Served> {
  const warnings: string[] = [];
  const daybook = await openDaybook({
    journal,
    definitions: [count],
    settings: { "snapshot-every": "100" },
    // On a busy machine, the event loop may stand still for seconds.
    warn: (message) => void (message.startsWith(STOOD_STILL) || warnings.push(message)),
  });
  try {
    const submitted = await Promise.all(
      Array.from({ length: jobs }, (_, number) => daybook.submit(count, { number })),
    );
    for (const job of submitted) await daybook.wait(job, { timeoutMs: PATIENCE_MS });
    return { text: await served(daybook.fetch), warnings };
  } finally {
    await daybook[Symbol.asyncDispose]();
  }
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** All jobs, as summaries and whole, the results of a search, and the positions of some entries. */
async function served(fetch: Fetch): Promise<string> {
  const listedJobs = await listed(fetch, "limit=50") as readonly { readonly jobId: string }[];
  const all = [listedJobs, await listed(fetch, "view=full&limit=50")];
  const refused = await listed(fetch, "search=refused&condition=failed&limit=50");
  const entries = [];
  for (const { jobId } of listedJobs.filter((_, index) => index % 7 === 0)) {
    const response = await fetch(new Request(`http://127.0.0.1/jobs/${jobId}/events`));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    entries.push(text);
  }
  return JSON.stringify({ all, refused, entries });
}

async function listed(fetch: Fetch, query: string): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const at: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const response = await fetch(new Request(`http://127.0.0.1/jobs?${query}${at}`));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const { jobs, nextCursor } = JSON.parse(text);
    all.push(...jobs);
    cursor = nextCursor;
  }
  return all;
}

const FILE = "index/jobs.sqlite";

const JOBS = rounds(60, 60, 20);

async function changeFile(path: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await Deno.writeFile(path, change(await Deno.readFile(path)));
}

/** Damages of the file of a journal that has continued since it was copied. */
const DAMAGES: Readonly<Record<string, (now: string, before: string) => Promise<void>>> = {
  "is deleted": (now) => Deno.remove(`${now}/index`, { recursive: true }),
  "is cut": (now) => changeFile(`${now}/${FILE}`, (bytes) => bytes.slice(0, bytes.length / 2)),
  "is empty": (now) => changeFile(`${now}/${FILE}`, () => new Uint8Array()),
  "is no database": (now) => changeFile(`${now}/${FILE}`, (bytes) => bytes.fill(7)),
  "is behind": (now, before) => Deno.copyFile(`${before}/${FILE}`, `${now}/${FILE}`),
  "is of another version": (now) =>
    changeFile(`${now}/${FILE}`, (bytes) => {
      bytes[63] = 99; // The last byte of the user version.
      return bytes;
    }),
};

Deno.test("index file: after any damage it is rebuilt from the journal", () =>
  inFolder(async (folder) => {
    const [now, before] = [`${folder}/now`, `${folder}/before`];
    await session(now, JOBS);
    await cp(now, before, { recursive: true });
    const { text } = await session(now, JOBS);
    for (const [what, damage] of Object.entries(DAMAGES)) {
      const spoilt = `${folder}/${what}`;
      await cp(now, spoilt, { recursive: true });
      await damage(spoilt, before);
      assert.equal((await session(spoilt, 0)).text, text, what);
      assert.deepEqual(await session(spoilt, 0), { text, warnings: NO_WARNINGS }, what);
    }
  }));

Deno.test("index file: one of another journal is not used", () =>
  inFolder(async (folder) => {
    const [one, other] = [`${folder}/one`, `${folder}/other`];
    const expected = await session(one, JOBS);
    await session(other, JOBS);
    await Deno.copyFile(`${other}/${FILE}`, `${one}/${FILE}`);
    assert.equal((await session(one, 0)).text, expected.text);
  }));

/** Whether a byte lies in a page of an index, by SQLite's file format (1.6). */
async function isOfIndex(path: string, at: number): Promise<boolean> {
  const bytes = await Deno.readFile(path);
  const pageBytes = new DataView(bytes.buffer).getUint16(16);
  const page = at - at % pageBytes;
  return [0x02, 0x0a].includes(bytes[page === 0 ? 100 : page] ?? 0);
}

Deno.test("index file: a flipped bit is never served as another job, and the next start repairs it", () =>
  inFolder(async (folder) => {
    const expected = await session(`${folder}/now`, JOBS);
    const { size } = await Deno.stat(`${folder}/now/${FILE}`);
    for (let at = 100; at < size; at += Math.floor(size / rounds(24, 24, 5))) {
      // A row hidden by a damaged SQLite index is not found or noticed, except by `verify`.
      if (await isOfIndex(`${folder}/now/${FILE}`, at)) continue;
      const spoilt = `${folder}/${at}`;
      await cp(`${folder}/now`, spoilt, { recursive: true });
      await changeFile(`${spoilt}/${FILE}`, (bytes) => {
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        return bytes;
      });
      const first = await session(spoilt, 0).catch((error: Error) => error);
      if (first instanceof Error) assert.match(first.message, /index-damaged/);
      else assert.equal(first.text, expected.text);
      assert.equal((await session(spoilt, 0)).text, expected.text);
    }
  }));

Deno.test("index file: only its owner can read it and SQLite's files beside it", async () => {
  await inFolder(async (folder) => {
    const before = Deno.umask(0);
    const modes: number[] = [];
    try {
      const database = openFile(`${folder}/index`, true);
      database.exec("PRAGMA journal_mode=WAL; CREATE TABLE t (a)");
      for await (const { name } of Deno.readDir(`${folder}/index`)) {
        modes.push((await Deno.stat(`${folder}/index/${name}`)).mode ?? 0);
      }
      database.close();
    } finally {
      Deno.umask(before);
    }
    assert.deepEqual(modes.map((mode) => mode & 0o777), [0o600, 0o600, 0o600]);
    assert.equal(((await Deno.stat(`${folder}/index`)).mode ?? 0) & 0o777, 0o700);
  });
});
