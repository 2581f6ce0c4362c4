/** The commands ignore newlines that the last segment is written ahead with. */

import assert from "node:assert/strict";
import { withBlankEnd } from "../support/journal/journal_bytes.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { bytesOf, lastSegment, type MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import { journalOfJobs } from "../support/journal/journal_of_jobs.ts";

/** More than `head` reads first. */
const AHEAD = 3 * 1024 * 1024;

/** Two journals that differ only in the newlines; `change` may damage both. */
async function twins(change: (bytes: Uint8Array) => void = () => {}) {
  const plain = await journalOfJobs();
  const path = lastSegment(plain);
  change(bytesOf(plain, path));
  const ahead = plain.copy();
  ahead.files.set(path, withBlankEnd(bytesOf(plain, path), AHEAD));
  return { plain, ahead, path };
}

async function said(disk: MemoryDisk, ...args: string[]) {
  const { code, out, err } = await journalCommand(disk, args, { isInteractive: false });
  return { code, err, out: out.join("\n").replaceAll(/"(?:at|durationMs)":[^,]*/g, "") };
}

for (const args of [["head"], ["verify", "--no-server"], ["repair"]]) {
  Deno.test(`journal ${args[0]}: newlines written ahead change nothing`, async () => {
    const { plain, ahead } = await twins();
    const expected = await said(plain, ...args);
    assert.equal(expected.code, 0);
    assert.deepEqual(await said(ahead, ...args), expected);
  });
}

Deno.test("journal verify, repair: damage is the same, and what is set aside has no newlines", async () => {
  const damage = (bytes: Uint8Array) => void (bytes[300] = 0);
  const { plain, ahead } = await twins(damage);
  for (const args of [["verify", "--no-server"], ["repair"], ["repair", "--apply"]]) {
    const [expected, found] = [await said(plain, ...args), await said(ahead, ...args)];
    assert.equal(found.code, expected.code, args.join(" "));
    if (args.length === 1) assert.equal(found.out, expected.out);
  }
  const sizes = (disk: MemoryDisk) =>
    [...disk.files].filter(([path]) => path.startsWith("journal/quarantine/"))
      .map(([, bytes]) => bytes.length);
  assert.ok(sizes(plain).length > 0);
  assert.deepEqual(sizes(ahead), sizes(plain));
});

Deno.test("journal backup: the copy has no newlines after its last line", async () => {
  const { plain, ahead, path } = await twins();
  const copy = path.replace("journal/", "copy/journal/");
  assert.equal((await said(ahead, "backup", "copy/journal")).code, 0);
  assert.deepEqual(bytesOf(ahead, copy), bytesOf(plain, path));

  // Another tool may have copied them.
  ahead.files.set(copy, withBlankEnd(bytesOf(plain, path), 9));
  assert.equal((await said(ahead, "backup", "copy/journal")).code, 0);
  assert.deepEqual(bytesOf(ahead, copy), bytesOf(plain, path));
});
