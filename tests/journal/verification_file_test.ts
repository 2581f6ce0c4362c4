import assert from "node:assert/strict";
import type { Verification } from "../../src/engine/ports.ts";
import { journalLayout } from "../../src/journal/layout.ts";
import { readVerification, writeVerification } from "../../src/journal/files/verification_file.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { inputOutputError, noSpace } from "../support/journal/journal_disk.ts";
import { type JournalFolder, testWithFolder } from "../support/journal/journal_folder.ts";

const INTACT: Verification = {
  verdict: "intact",
  at: "2026-01-01T10:00:00.000Z",
  // A start does not need it.
  head: { logId: 0, chain: "x".repeat(43) },
  durationMs: 12.5,
  detail: "0 entries in 1 segment",
};
const DAMAGED: Verification = { ...INTACT, verdict: "damaged", detail: "a line is missing" };

async function filesOf({ path }: JournalFolder): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const { name, isFile } of Deno.readDir(path)) if (isFile) files.push(name);
  return files.sort();
}

testWithFolder(
  "verification: info shows another process's result as soon as it is written",
  async (folder) => {
    const layout = journalLayout(folder.path);
    const { journal } = await folder.open(new RememberingConsumer());
    const told: unknown[] = [(await journal.info()).lastVerification];
    for (const found of [DAMAGED, INTACT]) {
      await writeVerification(folder.disk, layout, found);
      told.push((await journal.info()).lastVerification);
    }
    await journal.close();
    const { journal: next } = await folder.open(new RememberingConsumer());
    told.push((await next.info()).lastVerification);
    await next.close();
    assert.deepEqual(told, [null, DAMAGED, INTACT, INTACT]);
    assert.deepEqual(await filesOf(folder), ["LOCK", "verification.json"]);
  },
);

testWithFolder(
  "verification: its name appears only when the whole file is on disk",
  async (folder) => {
    const { journal } = await folder.open(new RememberingConsumer());
    await journal.close();
    folder.disk.forget();
    await writeVerification(folder.disk, journalLayout(folder.path), INTACT);
    const steps = folder.disk.operations.map((each) =>
      each.replace(/\.[0-9a-f]{8}\.tmp$/, " (new)")
    );
    const path = `${folder.path}/verification.json`;
    assert.deepEqual(steps, [
      `create ${path} (new)`,
      `write ${path} (new)`,
      `sync ${path} (new)`,
      `rename ${path}`,
      `syncFolder ${folder.path}`,
    ]);
  },
);

testWithFolder("verification: a failed write leaves the previous one", async (folder) => {
  const layout = journalLayout(folder.path);
  const { journal } = await folder.open(new RememberingConsumer());
  await writeVerification(folder.disk, layout, INTACT);
  for (const operation of ["create", "write", "sync", "rename"] as const) {
    folder.disk.fail({ operation, path: "verification", error: noSpace(), bytesWritten: 9 });
    await assert.rejects(writeVerification(folder.disk, layout, DAMAGED), /No space left/);
    assert.deepEqual(await readVerification(folder.disk, layout), INTACT);
    assert.deepEqual(await filesOf(folder), ["LOCK", "verification.json"]);
  }
  await assert.rejects(
    writeVerification(folder.disk, layout, { ...DAMAGED, detail: "x".repeat(70_000) }),
    RangeError,
  );
  await journal.close();
});

testWithFolder("verification: an invalid file counts as none", async (folder) => {
  const layout = journalLayout(folder.path);
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.append(facts(1)).durable;
  const texts = [
    "",
    "{",
    "null",
    JSON.stringify([INTACT]),
    JSON.stringify({ ...INTACT, verdict: "fine" }),
    JSON.stringify({ ...INTACT, at: "yesterday" }),
    JSON.stringify({ ...INTACT, head: { logId: -1, chain: "" } }),
    JSON.stringify({ ...INTACT, durationMs: "12" }),
    JSON.stringify({ ...INTACT, detail: undefined }),
    JSON.stringify(INTACT) + " ".repeat(70_000) + "x",
  ];
  for (const text of texts) {
    await Deno.writeTextFile(layout.verification, text);
    const { lastVerification } = await journal.info();
    assert.equal(lastVerification, null, text.slice(0, 80));
  }
  await journal.close();
});

testWithFolder("verification: a link, a folder or an error counts as none", async (folder) => {
  const layout = journalLayout(folder.path);
  const { journal } = await folder.open(new RememberingConsumer());
  await writeVerification(folder.disk, layout, INTACT);
  folder.disk.fail({ operation: "read", path: "verification", error: inputOutputError() });
  assert.equal((await journal.info()).lastVerification, null);
  assert.deepEqual((await journal.info()).lastVerification, INTACT);
  await Deno.rename(layout.verification, `${folder.path}/elsewhere`);
  await Deno.symlink(`${folder.path}/elsewhere`, layout.verification);
  assert.equal((await journal.info()).lastVerification, null);
  await Deno.remove(layout.verification);
  await Deno.mkdir(layout.verification);
  assert.equal((await journal.info()).lastVerification, null);
  await journal.close();
});

testWithFolder("verification: a partial file left by a crash is removed", async (folder) => {
  const { journal } = await folder.open(new RememberingConsumer());
  await journal.close();
  await folder.write("verification.json.0123abcd.tmp", new Uint8Array(9));
  await folder.write("verification.json.mine.tmp", new Uint8Array(9));
  const { journal: next } = await folder.open(new RememberingConsumer());
  await next.close();
  assert.deepEqual(await filesOf(folder), ["LOCK", "verification.json.mine.tmp"]);
});
