import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { type PathKind, writeNew } from "../../src/journal/files/file_system.ts";
import { makeNamedFolder, makeNamedFolders } from "../../src/journal/files/named_folder.ts";
import { inputOutputError, TestDisk } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

async function withFile(size: number, run: (path: string, content: Uint8Array) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  const content = Uint8Array.from({ length: size }, (_, index) => index % 251);
  try {
    await writeNew(new DenoFileSystem(), `${folder}/file`, content);
    await run(`${folder}/file`, content);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("deno file system: a read returns the bytes at its position, fewer only at the end", () =>
  withFile(300_000, async (path, content) => {
    const file = await new DenoFileSystem().open(path, "read");
    for (const length of [1, 8_192, 65_536, 65_537, 200_000, 400_000]) {
      for (const offset of [0, 1, 100_000, 299_999, 300_000]) {
        assert.deepEqual(await file.read(offset, length), content.slice(offset, offset + length));
      }
    }
    file.close();
  }));

Deno.test("deno file system: connections are served during continuous small reads", () =>
  withFile(300_000, async (path) => {
    const file = await new DenoFileSystem().open(path, "read");
    let answered = false;
    const answer = askOverNetwork().then(() => answered = true);
    for (let count = 0; !answered; count++) {
      assert.ok(count < 200_000, "no answer came during the reads");
      await file.read(count, 8_192);
    }
    file.close();
    await answer;
  }));

/** One byte there and back. */
async function askOverNetwork(): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using server = await accepted;
  const byte = new Uint8Array(1);
  await client.write(byte);
  await server.read(byte);
  await server.write(byte);
  await client.read(byte);
}

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

// Only the owner may read a journal.

/** Files and folders below one, including itself, that others have any permission for. */
async function openToOthers(path: string): Promise<readonly string[]> {
  const { mode, isDirectory } = await Deno.stat(path);
  const found = ((mode ?? 0) & 0o077) === 0 ? [] : [path];
  if (!isDirectory) return found;
  for await (const { name } of Deno.readDir(path)) {
    found.push(...await openToOthers(`${path}/${name}`));
  }
  return found;
}

async function openUp(path: string): Promise<void> {
  const { isDirectory } = await Deno.stat(path);
  await Deno.chmod(path, isDirectory ? 0o755 : 0o644);
  if (!isDirectory) return;
  for await (const { name } of Deno.readDir(path)) await openUp(`${path}/${name}`);
}

testWithFolder(
  "private files: only the owner can read what a journal creates, whatever the umask",
  async (folder) => {
    const before = Deno.umask(0);
    const warnings: string[] = [];
    try {
      const warn = (message: string) => void warnings.push(message);
      const options = { segmentBytes: 500, snapshotEvery: 3, reserveBytes: 4_096, warn };
      const { journal } = await folder.open(new RememberingConsumer(), options);
      for (let batch = 0; batch < 6; batch++) await journal.append(facts(2)).durable;
      await journal.close();
    } finally {
      Deno.umask(before);
    }
    assert.deepEqual(await openToOthers(folder.path), []);
    assert.deepEqual(warnings, [], "nothing was open to others, not even for a moment");
  },
);

/** Files and folders below one that do not belong to a user. */
async function notOf(uid: number, path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    const inside = `${path}/${name}`;
    if ((await Deno.stat(inside)).uid !== uid) found.push(inside);
    if (isDirectory) found.push(...await notOf(uid, inside));
  }
  return found;
}

/** Of an ordinary user; it need not exist. */
const USER = 4_321;

testWithFolder(
  "private files: what root writes into a user's journal belongs to that user" +
    (Deno.uid() === 0 ? "" : " (LEFT OUT: not run by root)"),
  async (folder) => {
    if (Deno.uid() !== 0) return;
    await Deno.mkdir(folder.path, { recursive: true });
    await Deno.chown(folder.path, USER, USER);
    const options = { segmentBytes: 500, snapshotEvery: 3, reserveBytes: 4_096 };
    const { journal } = await folder.open(new RememberingConsumer(), options);
    for (let batch = 0; batch < 6; batch++) await journal.append(facts(2)).durable;
    await journal.close();
    assert.deepEqual(await notOf(USER, folder.path), []);
  },
);

testWithFolder(
  "private files: a start makes a journal private that others could read, and says so once",
  async (folder) => {
    const first = await folder.open(new RememberingConsumer());
    await first.journal.append(facts(2)).durable;
    await first.journal.close();
    await openUp(folder.path);
    await Deno.writeTextFile(`${folder.path}/README.md`, "not ours", { mode: 0o644 });

    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    for (let start = 0; start < 2; start++) {
      const { journal } = await folder.open(new RememberingConsumer(), { warn });
      await journal.close();
    }
    assert.deepEqual(await openToOthers(folder.path), [`${folder.path}/README.md`]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /^Other users of this machine could read journal .*0700/);
  },
);
