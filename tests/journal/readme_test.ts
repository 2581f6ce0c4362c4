import assert from "node:assert/strict";
import { withBlankEnd } from "../support/journal/journal_bytes.ts";
import { readSegments } from "../support/journal/independent_reader.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { JournalFolder } from "../support/journal/journal_folder.ts";
import { succeeds, testWhere } from "../support/process/tools.ts";

const README = new URL("../../journal/README.md", import.meta.url);
const FIRST = "segments/00000000000000000001.ndjson";

Deno.test("journal/README.md: its sample lines are a complete segment", async () => {
  const readme = await Deno.readTextFile(README);
  const sample = /```ndjson\n([^]*?)```/.exec(readme)?.[1] ?? "";
  // The formatter removes the blank line before the first batch.
  const bytes = new TextEncoder().encode(`\n${sample}`);
  const { entries, batches } = readSegments([["00000000000000000001.ndjson", bytes]]);
  assert.equal(entries.length, 10);
  assert.equal(batches.length, 4);
});

interface Reader {
  readonly language: string;
  /** The language of its code block in the README. */
  readonly fence: string;
  /** Runs the code that follows as an argument. */
  readonly command: readonly [string, ...string[]];
  /** The reason if it cannot run. */
  readonly missing: string;
  readonly isThere: boolean;
}

const READERS: readonly Reader[] = [
  {
    language: "Python",
    fence: "python",
    command: ["python3", "-c"],
    missing: "there is no python3",
    isThere: await succeeds("python3", "--version"),
  },
  {
    language: "Node",
    fence: "js",
    command: ["node", "--input-type=module", "-e"],
    missing: "there is no node from 20.15 on",
    isThere: await succeeds("node", "-e", "require('node:zlib').crc32('')"),
  },
];

/** Declares a test of each reader, which prints what it found. */
function testReaders(
  what: string,
  run: (folder: JournalFolder, read: () => Promise<string>) => Promise<void>,
): void {
  for (const { language, fence, command, missing, isThere } of READERS) {
    const name = `journal/README.md: its reader in ${language} reads ${what}`;
    testWhere(isThere, missing, name, async () => {
      const readme = await Deno.readTextFile(README);
      const text = readme.split(`\`\`\`${fence}\n`)[1]?.split("```")[0] ?? "";
      assert.ok(text.length > 0, "there is one");
      const folder = await JournalFolder.create();
      try {
        await run(folder, () => outputOf([...command, text], folder));
      } finally {
        folder.crash();
        await folder.dispose();
      }
    });
  }
}

async function outputOf([command = "", ...args]: string[], folder: JournalFolder): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args,
    cwd: `${folder.path}/..`,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

testReaders("a journal in use, and the same when it is stopped", async (folder, read) => {
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 2_000 });
  for (let batch = 0; batch < 9; batch++) await journal.append(facts(2)).durable;
  const said = () => `${journal.head.logId} entries, chain ${journal.head.chain}`;
  assert.ok((await folder.names("segments")).length > 2);
  assert.equal(await read(), said());
  await journal.close();
  assert.equal(await read(), said());
});

testReaders("one that is new, empty or has only blank lines", async (folder, read) => {
  const { journal } = await folder.open(new RememberingConsumer());
  assert.equal(await read(), "0 entries, chain");
  await journal.close();
  await folder.write(FIRST, withBlankEnd(new Uint8Array(), 4_096));
  assert.equal(await read(), "0 entries, chain");
  const consumer = new RememberingConsumer();
  const { journal: reopened, report } = await folder.open(consumer);
  assert.equal(report.clean, true, "blank lines are nothing to recover from");
  assert.deepEqual(consumer.entries, []);
  await reopened.append(facts(1)).durable;
  assert.equal(await read(), `2 entries, chain ${reopened.head.chain}`);
  await reopened.close();
});

testReaders("one of both versions, and refuses it when a bit is flipped", async (folder, read) => {
  const version1 = await Deno.readFile(new URL("fixtures/version_1.ndjson", import.meta.url));
  await Deno.mkdir(`${folder.path}/segments`, { recursive: true });
  await folder.write(FIRST, version1);
  const { journal } = await folder.open(new RememberingConsumer());
  for (let batch = 0; batch < 3; batch++) await journal.append(facts(2)).durable;
  assert.equal((await folder.names("segments")).length, 2);
  assert.equal(await read(), `${journal.head.logId} entries, chain ${journal.head.chain}`);
  await journal.close();
  for (const name of await folder.names("segments")) {
    const whole = await folder.read(`segments/${name}`);
    // In the text of a value, so that the line is still JSON.
    const at = whole.indexOf(":".charCodeAt(0), whole.length / 2 | 0) + 2;
    const bytes = whole.slice();
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await folder.write(`segments/${name}`, bytes);
    await assert.rejects(read(), /AssertionError/);
    await folder.write(`segments/${name}`, whole);
  }
  assert.equal(await read(), `${journal.head.logId} entries, chain ${journal.head.chain}`);
});
