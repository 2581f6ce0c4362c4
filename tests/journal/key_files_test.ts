/** Keys as files: private, complete or absent, and found only by the id of their job. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { JournalUnusableError } from "../../src/journal/errors.ts";
import type { FileSystem, OpenFile, OpenMode } from "../../src/journal/files/file_system.ts";
import { KeyFiles } from "../../src/journal/files/key_files.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { inFolder } from "../support/temporary_folder.ts";

const JOB = "job-1" as JobId;

/** Ids follow a pattern, so none leads out of the folder. */
const ODD_IDS = ["..", ".", "../../etc/passwd", "a/b", "~", "x".repeat(128)] as JobId[];

function open(folder: string, fileSystem: FileSystem = new DenoFileSystem()): KeyFiles {
  return new KeyFiles(fileSystem, journalLayout(folder));
}

async function names(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).toSorted();
}

Deno.test("KeyFiles: a key can be read back, differs for each job, and is gone once removed", () =>
  inFolder(async (folder) => {
    const keys = open(folder);
    const [first, second] = [await keys.create(JOB), await keys.create("job-2" as JobId)];

    assert.equal(first.length, 32);
    assert.notDeepEqual(first, second);
    assert.deepEqual(new Uint8Array(await open(folder).read(JOB) ?? []), new Uint8Array(first));
    await keys.remove(JOB);
    await keys.remove(JOB);
    assert.equal(await keys.read(JOB), undefined);
  }));

Deno.test("KeyFiles: only its owner can read a key, and its name does not reveal the job", () =>
  inFolder(async (folder) => {
    const keys = open(folder);
    for (const jobId of [JOB, ...ODD_IDS]) await keys.create(jobId);
    assert.deepEqual(await names(folder), ["keys"]);
    for (const name of await names(`${folder}/keys`)) {
      assert.match(name, /^[0-9a-f]{64}\.key$/);
      const { mode } = await Deno.stat(`${folder}/keys/${name}`);
      assert.equal((mode ?? 0) & 0o777, 0o600);
    }
  }));

Deno.test("KeyFiles: a start keeps the keys of its jobs, and does not touch other files", () =>
  inFolder(async (folder) => {
    const keys = open(folder);
    await keys.create(JOB);
    await keys.create("never" as JobId);
    await Deno.writeTextFile(`${folder}/keys/README`, "mine");
    await Deno.writeTextFile(`${folder}/keys/${"0".repeat(64)}.key.tmp`, "half");
    const held = await keys.keepOnly([JOB, "other" as JobId]);

    assert.deepEqual([...held], [JOB]);
    assert.equal((await names(`${folder}/keys`)).length, 2);
    assert.ok(await keys.read(JOB));
  }));

Deno.test("KeyFiles: there is no folder before there is a key", () =>
  inFolder(async (folder) => {
    assert.deepEqual(await open(folder).keepOnly([JOB]), new Set());
    await open(folder).remove(JOB);
    assert.deepEqual(await names(folder), []);
  }));

Deno.test("KeyFiles: a symbolic link instead of a key, or of the folder, is refused", () =>
  inFolder(async (folder) => {
    const keys = open(folder);
    await keys.create(JOB);
    const [name] = await names(`${folder}/keys`);
    await Deno.rename(`${folder}/keys/${name}`, `${folder}/elsewhere`);
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/keys/${name}`);
    await assert.rejects(keys.read(JOB), JournalUnusableError);
    await assert.rejects(keys.keepOnly([JOB]), /it is a symbolic link/);
    await Deno.remove(`${folder}/keys`, { recursive: true });
    await Deno.symlink(folder, `${folder}/keys`);
    await assert.rejects(open(folder).create(JOB), /it is a symbolic link/);
    await assert.rejects(open(folder).keepOnly([JOB]), /it is a symbolic link/);
  }));

Deno.test("KeyFiles: a file that does not contain a key is refused", () =>
  inFolder(async (folder) => {
    const keys = open(folder);
    await keys.create(JOB);
    const [name] = await names(`${folder}/keys`);
    await Deno.writeTextFile(`${folder}/keys/${name}`, "short\n");
    await assert.rejects(keys.read(JOB), /it holds 3 bytes, not 32/);
  }));

const SECRET_KEY = new Uint8Array(32).fill(7);

Deno.test("KeyFiles: a wrapped key opens only with its secret key, and only under its own name", () =>
  inFolder(async (folder) => {
    const layout = journalLayout(folder);
    const disk = new DenoFileSystem();
    const keys = new KeyFiles(disk, layout, SECRET_KEY);
    const first = await keys.create(JOB);
    const [one = ""] = await names(layout.keys);
    await keys.create("job-2" as JobId);
    const two = (await names(layout.keys)).find((name) => name !== one);
    const text = await Deno.readTextFile(`${layout.keys}/${one}`);
    const opened = await new KeyFiles(disk, layout, SECRET_KEY).read(JOB);

    assert.deepEqual(new Uint8Array(opened ?? []), new Uint8Array(first));
    assert.match(text, /^wrapped1\.[\w-]{80}\n$/);
    await assert.rejects(new KeyFiles(disk, layout).read(JOB), /set DAYBOOK_SECRET_KEY/);
    const other = new KeyFiles(disk, layout, SECRET_KEY.with(0, 1));
    await assert.rejects(other.read(JOB), /another secret key/);
    await assert.rejects(other.keepOnly([JOB]), /another secret key/);
    await Deno.rename(`${layout.keys}/${one}`, `${folder}/aside`);
    await Deno.copyFile(`${layout.keys}/${two}`, `${layout.keys}/${one}`);
    await assert.rejects(keys.read(JOB), /another secret key/);
  }));

Deno.test("KeyFiles: keys from before there was a secret key still work", () =>
  inFolder(async (folder) => {
    const key = await open(folder).create(JOB);
    const keys = new KeyFiles(new DenoFileSystem(), journalLayout(folder), SECRET_KEY);
    assert.deepEqual(new Uint8Array(await keys.read(JOB) ?? []), new Uint8Array(key));
  }));

/** A disk that fails at its nth operation of a kind. */
class FailingDisk extends MemoryDisk {
  readonly operations: string[] = [];
  failAt = Infinity;
  error: Error = new Error("EIO");

  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    this.#step(`open ${mode}`);
    const file = await super.open(path, mode);
    return {
      ...file,
      write: (offset, bytes) =>
        Promise.try(() => this.#step("write")).then(() => file.write(offset, bytes)),
      sync: () => Promise.try(() => this.#step("sync")).then(() => file.sync()),
    };
  }

  override async rename(from: string, to: string): Promise<void> {
    this.#step("rename");
    await super.rename(from, to);
  }

  override async syncFolder(path: string): Promise<void> {
    this.#step("sync folder");
    await super.syncFolder(path);
  }

  #step(operation: string): void {
    this.operations.push(operation);
    if (this.operations.length === this.failAt) throw this.error;
  }
}

const STEPS = ["sync folder", "open create", "write", "sync", "rename", "sync folder"];

Deno.test("KeyFiles: a key is written, synced, renamed, and its folder synced before it counts", async () => {
  const disk = new FailingDisk();
  await open("j", disk).create(JOB);
  assert.deepEqual(disk.operations, STEPS);
});

for (const [index, step] of STEPS.entries()) {
  Deno.test(`KeyFiles: a failure at step ${index + 1}, ${step}, leaves no partial key, and it can be made again`, async () => {
    const disk = new FailingDisk();
    const keys = open("j", disk);
    disk.failAt = index + 1;
    await assert.rejects(keys.create(JOB), /EIO/);
    disk.failAt = Infinity;
    const left = await open("j", disk).read(JOB);
    assert.ok(left === undefined || left.length === 32);
    const key = await keys.create(JOB);
    assert.deepEqual(new Uint8Array(await keys.read(JOB) ?? []), new Uint8Array(key));
  });
}

Deno.test("KeyFiles: lack of room is distinguished from other failures", async () => {
  const disk = new FailingDisk();
  disk.error = Object.assign(new Error("no space"), { code: "ENOSPC" });
  disk.failAt = 3;
  await assert.rejects(open("j", disk).create(JOB), JournalFullError);
  assert.deepEqual([...disk.files.keys()], []);
});
