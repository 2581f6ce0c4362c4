import assert from "node:assert/strict";
import { DurableNames } from "./durable_names.ts";
import { loseOverwrites, withoutUnsynced } from "./power_cut.ts";

const lost = () => false;

/** A tree of one folder, `/disk/segments`, that holds the file `a`. */
function tree(): DurableNames {
  const names = new DurableNames("/disk");
  names.hadFolder("/disk/segments");
  names.hadFile("/disk/segments/a", "1");
  return names;
}

function after(names: DurableNames, survives: (index: number) => boolean = lost) {
  return Object.fromEntries(names.afterCut(survives));
}

Deno.test("power cut: a new file is gone, unless its folder was synced after it", () => {
  const names = tree();
  names.madeFile("/disk/segments/b", "2");
  names.syncedFolder("/disk/segments");
  names.madeFile("/disk/segments/c", "3");
  assert.deepEqual(after(names), { "/disk/segments/a": "1", "/disk/segments/b": "2" });
});

Deno.test("power cut: a removed file is back, and one that was replaced has its old content", () => {
  const names = tree();
  names.madeFile("/disk/segments/a.tmp", "2");
  names.renamed("/disk/segments/a.tmp", "/disk/segments/a");
  names.removed("/disk/segments/a");
  assert.deepEqual(after(names), { "/disk/segments/a": "1" });
});

Deno.test("power cut: a rename whose folder was synced holds", () => {
  const names = tree();
  names.madeFile("/disk/segments/a.tmp", "2");
  names.renamed("/disk/segments/a.tmp", "/disk/segments/a");
  names.syncedFolder("/disk/segments");
  assert.deepEqual(after(names), { "/disk/segments/a": "2" });
});

Deno.test("power cut: an unsynced change may be on disk without those before it", () => {
  const names = tree();
  names.madeFile("/disk/segments/b", "2");
  names.madeFile("/disk/segments/c", "3");
  assert.deepEqual(after(names, (index) => index === 1), {
    "/disk/segments/a": "1",
    "/disk/segments/c": "3",
  });
});

Deno.test("power cut: a folder whose name was never synced is lost with its content", () => {
  const names = tree();
  names.madeFolder("/disk/snapshots");
  names.madeFile("/disk/snapshots/b", "2");
  names.syncedFolder("/disk/snapshots");
  assert.deepEqual(after(names), { "/disk/segments/a": "1" });
});

Deno.test("power cut: synced bytes of a file are kept, whatever happens to the rest", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => 1 + index % 250);
  const lengths = new Set<number>();
  for (let round = 0; round < 500; round++) {
    const kept = withoutUnsynced(bytes, 5_000, Math.random);
    assert.deepEqual(kept.slice(0, 5_000), bytes.slice(0, 5_000));
    assert.ok(kept.every((byte, index) => byte === bytes[index] || (index >= 5_000 && byte === 0)));
    lengths.add(kept.length);
  }
  assert.ok(lengths.has(5_000) && lengths.size > 50, "some keep nothing, and some a part");
});

Deno.test("power cut: after writing over newlines, some pages may still be newlines", () => {
  const outcomes = new Set<string>();
  for (let round = 0; round < 500; round++) {
    const bytes = new Uint8Array(20_000).fill(1);
    loseOverwrites(bytes, [100, 9_000], 12_000, Math.random);
    assert.ok(bytes.every((byte, at) => byte === 1 || (byte === 10 && at >= 100 && at < 9_000)));
    outcomes.add([100, 5_000, 8_500].map((at) => bytes[at]).join());
  }
  assert.equal(outcomes.size, 8, "any of three pages");
});
