import assert from "node:assert/strict";
import type { PathKind } from "../../src/journal/file_system.ts";
import { makeNamedFolder, makeNamedFolders } from "../../src/journal/named_folder.ts";
import { inputOutputError, TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";

async function operationsOf(...folders: readonly string[]): Promise<readonly string[]> {
  const disk = new TestDisk(new MemoryDisk());
  for (const folder of folders) {
    disk.forget();
    await makeNamedFolder(disk, folder, (message) => assert.fail(message));
  }
  return disk.operations;
}

Deno.test("named folder: its name is on disk before anything is created in it", async () => {
  assert.deepEqual(await operationsOf("a/journal"), ["makeFolder a/journal", "syncFolder a"]);
});

Deno.test("named folder: names of parent folders are on disk before one is created in them", async () => {
  const disk = new TestDisk(new MemoryDisk());
  await makeNamedFolders(disk, "a/b/copy", (message) => assert.fail(message));
  assert.deepEqual(disk.operations, [
    "makeFolder a",
    "syncFolder .",
    "makeFolder a/b",
    "syncFolder a",
    "makeFolder a/b/copy",
    "syncFolder a/b",
  ]);
});

Deno.test("named folder: the name of an existing one is synced too, because its creator may have crashed", async () => {
  assert.deepEqual(await operationsOf("/a/journal", "/a/journal"), [
    "makeFolder /a/journal",
    "syncFolder /a",
  ]);
  assert.deepEqual(await operationsOf("journal/"), ["makeFolder journal/", "syncFolder ."]);
});

class ForbiddenParents extends MemoryDisk {
  override kind(path: string): Promise<PathKind> {
    if (path === "data") throw new Deno.errors.NotCapable('Requires read access to "data"');
    return super.kind(path);
  }

  override syncFolder(): Promise<void> {
    return Promise.reject(new Deno.errors.NotCapable('Requires read access to "data"'));
  }
}

Deno.test("named folder: one that may not be synced gives one warning, with the missing flag", async () => {
  const disk = new ForbiddenParents();
  const warnings: string[] = [];
  for (let start = 0; start < 2; start++) {
    await makeNamedFolder(disk, "data/journal", (message) => warnings.push(message));
  }
  assert.deepEqual(warnings, [
    "Cannot make sure that new folder data/journal is on disk (permission is missing, add " +
    "--allow-read=data): if the machine loses power soon, it may be lost with its contents",
  ]);
});

Deno.test("named folder: if syncing the name fails, the journal is not used", async () => {
  const disk = new TestDisk(new MemoryDisk());
  disk.fail({ operation: "syncFolder", error: inputOutputError() });
  await assert.rejects(
    makeNamedFolder(disk, "data/journal", () => {}),
    { name: "JournalUnusableError", exitCode: 74 },
  );
});
