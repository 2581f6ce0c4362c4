/** Commands that change a journal's disk, to be cut short at every step. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { JournalDamagedError } from "../../src/journal/errors.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { readVerification } from "../../src/journal/files/verification_file.ts";
import { settledCopy } from "../support/damage/crash_scenarios.ts";
import {
  assertNothingUnfinished,
  FOLDER,
  type Found,
  type Scenario,
} from "../support/damage/crash_sweep.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { engineOn, furtherIds } from "../support/journal/journal_of_jobs.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { forkOf, type WrittenJournal, writtenJournal } from "../support/journal/written_journal.ts";
import { openOn } from "../support/damage/journal_sweep.ts";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** `journal repair --apply` of a journal with a flipped bit in the middle. */
export async function repairScenario(): Promise<Scenario> {
  const journal = await writtenJournal("stop");
  const at = journal.batches.findLastIndex(({ segment }) => segment === 2);
  const [previous, hurt] = [journal.batches[at - 1], journal.batches[at]];
  assert.ok(hurt !== undefined && previous?.segment === 2);
  const kept = previous.lastLogId;
  const lost = (journal.batches.at(-1)?.lastLogId ?? 0) - kept;
  let before: Files = new Map();
  return {
    name: "repairing",
    begin() {
      const disk = forkOf(journal.disk);
      const path = journal.segments[hurt.segment] ?? "";
      const bytes = journal.disk.files.get(path)?.slice() ?? new Uint8Array();
      bytes[hurt.start + 100] = (bytes[hurt.start + 100] ?? 0) ^ 1;
      disk.files.set(path, bytes);
      before = new Map(disk.files);
      return Promise.resolve(disk);
    },
    async run(fileSystem, acknowledge) {
      const { code, err } = await journalCommand(fileSystem, ["repair", "--apply"]);
      assert.equal(code, 0, err.join("\n"));
      acknowledge(1);
    },
    async check({ disk, acknowledged }) {
      assertCopiedFirst(disk, before);
      await assertStartsOrRefuses(settledCopy(disk), kept);
      const { code, err } = await journalCommand(disk, ["repair", "--apply"]);
      assert.equal(code, 0, err.join("\n"));
      assert.deepEqual(unfinishedCopies(disk), []);
      if (acknowledged > 0) assert.match(err.join(), /^$|^daybook: intact/);
      assert.deepEqual(await repairsIn(disk), [{ lostFrom: kept + 1, lostEntries: lost }]);
      await assertIntact(disk);
    },
  };
}

/** Before any change, a complete copy is on disk under its name. */
function assertCopiedFirst(disk: MemoryDisk, before: Files): void {
  const files = disk.files;
  const isUnchanged = [...before].every(([path, bytes]) => sameBytes(files.get(path), bytes));
  const asides = new Set(
    [...files.keys()].map((path) => path.split("/")[0] ?? "")
      .filter((name) => /-before-repair-[^-]+$/.test(name)),
  );
  for (const aside of asides) {
    for (const [path, bytes] of before) {
      assert.ok(sameBytes(files.get(path.replace(FOLDER, aside)), bytes), `${path} in ${aside}`);
    }
  }
  assert.ok(isUnchanged || asides.size > 0, "something was changed before it was copied");
}

function unfinishedCopies(disk: MemoryDisk): readonly string[] {
  return [...disk.files.keys()].filter((path) => path.includes("-unfinished/"));
}

async function assertStartsOrRefuses(disk: MemoryDisk, kept: number): Promise<void> {
  const started = await openProjected(disk).catch((error) => error);
  if (started instanceof JournalDamagedError) return;
  assert.ok(!(started instanceof Error), String(started));
  assertNothingUnfinished(disk);
  assert.ok(started.journal.head.logId >= kept, `only ${started.journal.head.logId} are there`);
}

async function repairsIn(disk: MemoryDisk) {
  const { journal } = await openProjected(settledCopy(disk));
  const entries = await journal.read(0, 1_000);
  return entries.filter(({ eventType }) => eventType === "journal.Repaired")
    .map(({ attributes }) => {
      const { lostFrom, lostEntries } = attributes as Record<string, unknown>;
      return { lostFrom, lostEntries };
    });
}

/** `journal import`, of a job that another journal has exported. */
export async function importScenario(file: string): Promise<Scenario> {
  const journal = await writtenJournal("stop");
  const jobId = await exportInto(file);
  const run = (disk: Parameters<Scenario["run"]>[0]) =>
    journalCommand(disk, ["import", file], { tools: { random: furtherIds } });
  return {
    name: "importing",
    begin: () => Promise.resolve(forkOf(journal.disk)),
    async run(fileSystem, acknowledge) {
      const { code, err } = await run(fileSystem);
      assert.equal(code, 0, err.join("\n"));
      acknowledge(1);
    },
    async check({ disk, acknowledged }: Found) {
      const { journal: opened, projection, report } = await openProjected(disk);
      assert.deepEqual(report.warnings, []);
      assertNothingUnfinished(disk);
      const state = projection.table.job(jobId)?.state;
      assert.ok(state === "Done" || (state === undefined && acknowledged === 0), `it is ${state}`);
      assert.equal(projection.table.size, journalJobs(journal) + (state === undefined ? 0 : 1));
      await opened.close();
      const { code, err } = await run(disk);
      assert.equal(code, state === undefined ? 0 : 1, err.join("\n"));
      await assertIntact(disk);
    },
  };
}

function journalJobs({ batches }: WrittenJournal): number {
  const lines = batches.flatMap((batch) => batch.lines);
  return lines.filter((line) => line.includes('"eventType":"job.JobCreated"')).length;
}

/** Writes the export of a done job, and returns its id. */
async function exportInto(file: string): Promise<JobId> {
  const disk = new MemoryDisk();
  const { engine, clock, stop } = await engineOn(disk, new FakeRandom("03E"));
  const created = await engine.create({ type: "test.greet", input: { name: "from elsewhere" } });
  assert.ok(created.ok);
  await clock.settle();
  await stop();
  const { jobId } = created.value.job;
  const { code, out } = await journalCommand(disk, ["export", jobId], { isInteractive: false });
  assert.equal(code, 0);
  await Deno.writeTextFile(file, out.map((line) => `${line}\n`).join(""));
  return jobId;
}

/** `journal verify`, which replaces an older verdict. */
export async function verificationScenario(): Promise<Scenario> {
  const journal = await writtenJournal("stop");
  const older = {
    verdict: "damaged",
    at: "2025-12-31T00:00:00.000Z",
    head: { logId: 1, chain: "x" },
    durationMs: 1,
    detail: "an older one",
  };
  const layout = journalLayout(FOLDER);
  return {
    name: "keeping the verdict of verify",
    begin() {
      const disk = forkOf(journal.disk);
      disk.files.set(layout.verification, new TextEncoder().encode(JSON.stringify(older)));
      return Promise.resolve(disk);
    },
    async run(fileSystem, acknowledge) {
      const { code } = await journalCommand(fileSystem, ["verify", "--no-server"]);
      assert.equal(code, 0);
      acknowledge(1);
    },
    async check({ disk, acknowledged }) {
      const kept = await readVerification(disk, layout);
      const expected = acknowledged > 0 ? /^intact: / : /^intact: |^an older one$/;
      assert.match(kept?.detail ?? "none", expected);
      const { journal: opened } = await openProjected(disk);
      assertNothingUnfinished(disk);
      await opened.close();
      await assertIntact(disk);
    },
  };
}

/** `journal backup` over an earlier one of the first two segments. */
export async function backupScenario(): Promise<Scenario> {
  const journal = await writtenJournal("stop");
  const target = "backups/journal";
  const batches = journal.batches.map(({ lastLogId }) => lastLogId);
  const second = journal.batches.findLast(({ segment }) => segment === 1)?.lastLogId ?? 0;
  const verified = async (disk: MemoryDisk) => {
    const args = ["verify", "--no-server", "--journal", target];
    const { code, out } = await journalCommand(disk, args, { isInteractive: false });
    assert.equal(code, 0, out.join("\n"));
    return JSON.parse(out.join("\n")).head.logId;
  };
  return {
    name: "backing up",
    begin() {
      const disk = forkOf(journal.disk);
      for (const path of journal.segments.slice(0, 2)) {
        disk.files.set(
          path.replace(FOLDER, target),
          journal.disk.files.get(path) ?? new Uint8Array(),
        );
      }
      return Promise.resolve(disk);
    },
    async run(fileSystem, acknowledge) {
      const { code, out } = await journalCommand(fileSystem, ["backup", target]);
      assert.equal(code, 0, out.join("\n"));
      acknowledge(batches.at(-1) ?? 0);
    },
    async check({ disk, acknowledged }) {
      const logId = await verified(disk);
      assert.ok(logId >= Math.max(second, acknowledged), `the copy ends at ${logId}`);
      assert.ok(batches.includes(logId), `the copy ends within a batch, at ${logId}`);
      const { code } = await journalCommand(disk, ["backup", target]);
      assert.equal(code, 0);
      assert.equal(await verified(disk), batches.at(-1));
      const left = [...disk.files.keys()].filter((path) => /\/segments\/.*\.tmp$/.test(path));
      assert.deepEqual(left, []);
      for (const [path, bytes] of journal.disk.files) {
        assert.ok(sameBytes(disk.files.get(path), bytes), `${path} was changed`);
      }
    },
  };
}

/** It passes verification, starts, and the next start is clean. */
async function assertIntact(disk: MemoryDisk): Promise<void> {
  const { code, out } = await journalCommand(disk, ["verify", "--no-server"]);
  assert.equal(code, 0, out.join("\n"));
  const { journal: first } = await openProjected(disk);
  await first.close();
  const { journal: second, report } = await openProjected(disk);
  assert.equal(report.clean, true, "the second start is not clean");
  assertNothingUnfinished(disk);
  await second.close();
}

async function openProjected(fileSystem: MemoryDisk) {
  const projection = new Projection();
  const { journal, report } = await openOn(fileSystem, projection, { random: furtherIds });
  return { journal, projection, report };
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && left.length === right.length &&
    left.every((byte, at) => byte === right[at]);
}
