/**
 * Keys of sealed inputs over a long history with restarts, in which most jobs have left memory: an
 * input whose key is kept still opens, and one that was removed does not.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as v from "valibot";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { KeyFiles } from "../../src/journal/files/key_files.ts";
import { defineJob, type EmbeddedDaybook, openDaybook } from "../../src/mod.ts";
import { rounds } from "../support/effort.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, until } from "../support/until.ts";

const RESTARTS = rounds(3, 10);
const JOBS = rounds(1_600, 1_000_000);
/** One of each kind per this many jobs has a sealed input. */
const SEALED_OF = rounds(100, 2_000);
const IN_FLIGHT = 200;
const HOUR_MS = 3_600_000;

const input = v.object({ card: v.string(), orderId: v.string() });
const end = () => Promise.resolve();

const plain = defineJob({ type: "test.plain", version: 1, input: v.object({}), run: end });
const KEPT = [
  defineJob({ type: "test.keep", version: 1, input, secrets: ["card"], run: end }),
  defineJob({ type: "test.later", version: 1, input, retention: { afterMs: HOUR_MS }, run: end }),
];
const REMOVED = [
  defineJob({ type: "test.forget", version: 1, input, retention: "deleteOnCompletion", run: end }),
  defineJob({ type: "test.soon", version: 1, input, retention: { afterMs: 300 }, run: end }),
];

/** The order in each input, by job id. */
type Orders = Map<string, string>;

class History {
  readonly kept: Orders = new Map();
  readonly removed: Orders = new Map();
  #jobs = 0;

  constructor(private readonly journal: string) {}

  /** Runs one process: checks the earlier jobs, and then creates more. */
  async live(jobs: number): Promise<void> {
    const daybook = await openDaybook({
      journal: this.journal,
      definitions: [plain, ...KEPT, ...REMOVED],
      settings: { "snapshot-every": "2000", "max-running": "32" },
      warn: () => {},
    });
    try {
      await this.#check(daybook);
      const upTo = this.#jobs + jobs;
      await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#work(daybook, upTo)));
      await this.#removals();
      await this.#check(daybook);
    } finally {
      await daybook.close();
    }
  }

  async #work(daybook: EmbeddedDaybook, upTo: number): Promise<void> {
    while (this.#jobs < upTo) {
      const number = ++this.#jobs;
      const job = number % SEALED_OF === 0
        ? await this.#sealed(daybook, number)
        : await daybook.submit(plain, {});
      await daybook.wait(job, { timeoutMs: PATIENCE_MS });
    }
  }

  /** Creates one job of each kind, and returns the last. */
  async #sealed(daybook: EmbeddedDaybook, number: number) {
    const orderId = `order-${number}`;
    const submit = async (definitions: typeof KEPT, orders: Orders) => {
      for (const definition of definitions) {
        const job = await daybook.submit(definition, { card: `card-${number}`, orderId });
        orders.set(job.jobId, orderId);
      }
    };
    await submit(KEPT, this.kept);
    await submit(REMOVED, this.removed);
    return [...this.removed.keys()].at(-1) ?? "";
  }

  /** A removal comes soon after the end of its job. */
  async #removals(): Promise<void> {
    await until("keys are removed", async () => (await this.#keys()).size <= this.kept.size);
  }

  async #check({ fetch }: EmbeddedDaybook): Promise<void> {
    const keys = await this.#keys();
    for (const is of ["kept", "removed"] as const) {
      for (const [jobId, orderId] of this[is]) {
        const response = await fetch(new Request(`http://127.0.0.1/jobs/${jobId}/input`));
        const { input } = await response.json();
        const told = [response.status, input?.orderId, keys.has(keyOf(jobId))];
        const expected = is === "kept" ? [200, orderId, true] : [410, undefined, false];
        assert.deepEqual(told, expected, `the ${is} input of ${orderId}, of ${jobId}`);
      }
    }
    assert.equal(keys.size, this.kept.size);
  }

  async #keys(): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    if (this.#jobs === 0) return names;
    for await (const { name } of Deno.readDir(`${this.journal}/keys`)) names.add(name);
    return names;
  }
}

function keyOf(jobId: string): string {
  return `${createHash("sha256").update(jobId).digest("hex")}.key`;
}

/** Caches that may be missing at a start, which then gets old jobs from elsewhere. */
const GONE: readonly (readonly string[])[] = [[], ["index"], ["snapshots"], ["index", "sidecars"]];

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

async function liveOn(journal: string): Promise<History> {
  const history = new History(journal);
  for (let restart = 0; restart <= RESTARTS; restart++) {
    const gone = restart === 0 ? [] : GONE[(restart - 1) % GONE.length] ?? [];
    for (const name of gone) await removeIfThere(`${journal}/${name}`);
    await history.live(Math.ceil(JOBS / (RESTARTS + 1)));
  }
  return history;
}

Deno.test(`kept keys: after ${JOBS} jobs and ${RESTARTS} restarts kept inputs open, and removed ones do not`, () =>
  inFolder(async (folder) => {
    const began = performance.now();
    const { kept, removed } = await liveOn(`${folder}/journal`);
    console.log(
      `${JOBS} jobs, ${RESTARTS} restarts: ${kept.size} kept inputs open, ${removed.size} removed ` +
        `ones do not, ${Math.round((performance.now() - began) / 1000)} s`,
    );
    assert.ok(kept.size > 0 && removed.size > 0);
  }));

Deno.test("kept keys: a start that deletes the key of a job that is not in memory is caught", async () => {
  const { held } = KeyFiles.prototype;
  const { removableIds } = SqliteJobIndex.prototype;
  KeyFiles.prototype.held = KeyFiles.prototype.keepOnly;
  SqliteJobIndex.prototype.removableIds = () => [];
  try {
    await inFolder(async (folder) => {
      await assert.rejects(liveOn(`${folder}/journal`), /the kept input of/);
    });
  } finally {
    Object.assign(KeyFiles.prototype, { held });
    Object.assign(SqliteJobIndex.prototype, { removableIds });
  }
});
