/** Only the owner may read a journal. */

import assert from "node:assert/strict";
import { RememberingConsumer } from "../support/journal/journal_consumer.ts";
import { facts } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

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
