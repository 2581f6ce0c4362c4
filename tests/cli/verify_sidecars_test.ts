import assert from "node:assert/strict";
import { decodedSidecar, encodedSidecar } from "../../src/journal/sidecar_store.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import type { MemoryDisk } from "../support/journal/journal_memory_disk.ts";
import {
  contentOf,
  flipped,
  SEGMENTS,
  sidecarOf,
  SIDECARS,
  writtenWithSidecars,
} from "../support/journal/sidecar_journal.ts";

async function notesOn(disk: MemoryDisk): Promise<readonly string[]> {
  // They were written by a consumer without jobs.
  for (const path of disk.files.keys()) if (path.includes("/snapshots/")) disk.files.delete(path);
  const said = await journalCommand(disk, ["verify", "--no-server"], { isInteractive: false });
  assert.equal(said.code, 0, `a sidecar is a cache: ${said.out}`);
  return JSON.parse(said.out.join("\n")).notes;
}

Deno.test("journal verify: sidecars that agree with their segments are not mentioned", async () => {
  const { disk } = await writtenWithSidecars();
  assert.deepEqual(await notesOn(disk), []);
});

Deno.test("journal verify: a sidecar that disagrees with its segment is named", async () => {
  const written = await writtenWithSidecars();
  const [first = "", second = ""] = written.sealed;
  const pathOf = (segment: string) => `${SIDECARS}/${sidecarOf(segment)}`;
  const swapped = written.disk.copy();
  swapped.files.set(pathOf(first), contentOf(swapped, pathOf(second)));
  assert.deepEqual(await notesOn(swapped), [
    `sidecar ${sidecarOf(first)}: it is that of ${second}; the next start reads its segment`,
  ]);
  const damaged = written.disk.copy();
  damaged.files.set(pathOf(second), flipped(contentOf(damaged, pathOf(second)), 40));
  assert.match((await notesOn(damaged))[0] ?? "", /: the content does not match its sha256; /);
  const known = decodedSidecar(contentOf(written.disk, pathOf(second)));
  const other = decodedSidecar(contentOf(written.disk, pathOf(first)));
  assert.ok(typeof known !== "string" && typeof other !== "string");
  const wrong = written.disk.copy();
  const segment = { ...known.segment, chain: other.segment.chain };
  wrong.files.set(pathOf(second), new Uint8Array(encodedSidecar({ ...known, segment })));
  assert.match((await notesOn(wrong))[0] ?? "", /: it differs from the lines of its segment; /);
});

Deno.test("journal verify: no line is taken from a verdict, and the proved lines are reported", async () => {
  const { disk, sealed } = await writtenWithSidecars();
  const path = `${SEGMENTS}/${sealed[1]}`;
  // A start still trusts it.
  disk.files.rot(path, flipped(contentOf(disk, path), 100));
  const args = ["verify", "--no-server"];
  const { code, out } = await journalCommand(disk, args, { isInteractive: false });
  const { proved } = JSON.parse(out.join("\n"));
  const firstLost = Number(sealed[1]?.replace(".ndjson", ""));
  assert.deepEqual([code, proved], [78, { firstLogId: 1, lastLogId: firstLost - 1 }]);
});

Deno.test("journal verify: sidecars of other files, as in a copy, are counted", async () => {
  const { disk, sealed } = await writtenWithSidecars();
  for (const segment of sealed) {
    disk.files.set(`${SEGMENTS}/${segment}`, contentOf(disk, `${SEGMENTS}/${segment}`).slice());
  }
  assert.deepEqual(await notesOn(disk), [
    `${sealed.length} sidecars were written for other files than their segments, as in a copy: the next ` +
    "start reads those segments",
  ]);
});
