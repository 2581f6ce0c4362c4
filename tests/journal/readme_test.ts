import assert from "node:assert/strict";
import { withBlankEnd } from "../support/blank_end.ts";
import { readSegments } from "../support/independent_reader.ts";
import { RememberingConsumer } from "../support/journal_consumer.ts";
import { facts } from "../support/journal_events.ts";
import { JournalFolder } from "../support/journal_folder.ts";
import { succeeds, testWhere } from "../support/other_commands.ts";

const README = new URL("../../journal/README.md", import.meta.url);
const FIRST = "segments/00000000000000000001.ndjson";
const HAS_PYTHON = await succeeds("python3", "--version");

Deno.test("journal/README.md: its sample lines are a segment that is whole", async () => {
  const readme = await Deno.readTextFile(README);
  const sample = /```ndjson\n([^]*?)```/.exec(readme)?.[1] ?? "";
  // The formatter takes away the blank line before the first batch.
  const bytes = new TextEncoder().encode(`\n${sample}`);
  const { entries, batches } = readSegments([["00000000000000000001.ndjson", bytes]]);
  assert.equal(entries.length, 8);
  assert.equal(batches.length, 6);
});

/** Declares a test of the reader in Python, which prints what it found. */
function testReader(
  what: string,
  run: (folder: JournalFolder, read: () => Promise<string>) => Promise<void>,
): void {
  const name = `journal/README.md: its reader in Python reads ${what}`;
  testWhere(HAS_PYTHON, "there is no python3", name, async () => {
    const readme = await Deno.readTextFile(README);
    const reader = /```python\n([^]*?)```/.exec(readme)?.[1] ?? "";
    const folder = await JournalFolder.create();
    try {
      await run(folder, () => outputOf(reader, folder));
    } finally {
      folder.crash();
      await folder.dispose();
    }
  });
}

async function outputOf(reader: string, folder: JournalFolder): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-c", reader],
    cwd: `${folder.path}/..`,
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

testReader("a journal in use, and the same when it is stopped", async (folder, read) => {
  const { journal } = await folder.open(new RememberingConsumer(), { segmentBytes: 2_000 });
  for (let batch = 0; batch < 9; batch++) await journal.append(facts(2)).durable;
  const said = () => `${journal.head.logId} entries, chain ${journal.head.chain}`;
  assert.ok((await folder.names("segments")).length > 2);
  assert.equal(await read(), said());
  await journal.close();
  assert.equal(await read(), said());
});

testReader("one that is new, empty or has only blank lines", async (folder, read) => {
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
