/** The simulated disk must lose what a real one may lose, and nothing else. */

import assert from "node:assert/strict";
import { Dice } from "./dice.ts";
import { Scheduler, WORLD } from "./scheduler.ts";
import { SimulatedDisk } from "./simulated_disk.ts";
import { Storage } from "./storage.ts";
import { StoredFile } from "./stored_file.ts";
import { StoredFolder } from "./stored_folder.ts";
import { Trace } from "./trace.ts";
import { CALM, Weather } from "./weather.ts";

const PAGE = 4;
const SEEDS = 500;

/** What can be left of a file, over many crashes. */
function remains(use: (file: StoredFile, dice: Dice) => void): ReadonlySet<string> {
  const found = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const file = new StoredFile(PAGE);
    const dice = new Dice(seed);
    use(file, dice);
    file.crash(dice);
    found.add(textOf(file));
  }
  return found;
}

function textOf(file: StoredFile): string {
  return new TextDecoder().decode(file.read(0, file.size)).replaceAll("\0", "_");
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("simulated disk: what was synced is there after every crash", () => {
  const found = remains((file) => {
    file.write(0, bytes("aaaabb"));
    file.sync();
    file.write(6, bytes("ccdddd"));
  });
  assert.ok([...found].every((text) => text.startsWith("aaaabb")), [...found].join());
});

Deno.test("simulated disk: any part of unsynced data may be left, even pages in the middle", () => {
  const found = remains((file) => file.write(0, bytes("aaaabbbbcc")));
  for (const text of ["", "aaaabbbbcc", "____bbbbcc", "aaaa____cc", "aaaabbbb", "aaaa"]) {
    assert.ok(found.has(text), `${text} is not among ${[...found]}`);
  }
});

Deno.test("simulated disk: after a failed sync the next one succeeds, although pages may be lost", () => {
  const found = remains((file, dice) => {
    file.write(0, bytes("aaaabbbb"));
    file.failSync(dice);
    file.write(8, bytes("cccc"));
    file.sync();
    assert.equal(textOf(file), "aaaabbbbcccc", "programs see all of it");
  });
  assert.ok(found.has("aaaa____cccc"), [...found].join());
  assert.ok([...found].every((text) => text.endsWith("cccc")), [...found].join());
});

Deno.test("simulated disk: truncated pages may reappear among those written in their place", () => {
  const write = (file: StoredFile, syncCut: boolean) => {
    file.write(0, bytes("aaaabbbb"));
    file.truncate(0);
    if (syncCut) file.sync();
    file.write(0, bytes("ccccdddd"));
  };
  assert.ok(remains((file) => write(file, false)).has("ccccbbbb"));
  assert.ok([...remains((file) => write(file, true))].every((text) => !/[ab]/.test(text)));
});

Deno.test("simulated disk: after an overwrite any page may still have its old content", () => {
  const found = remains((file) => {
    file.write(0, bytes("aa......"));
    file.sync();
    file.write(2, bytes("bbcc"));
  });
  assert.deepEqual([...found].toSorted(), ["aa......", "aa..cc..", "aabb....", "aabbcc.."]);
});

/** Names that can be left in a folder, over many crashes. */
function namesLeft(use: (folder: StoredFolder) => void): ReadonlySet<string> {
  const found = new Set<string>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const folder = new StoredFolder();
    use(folder);
    folder.crash(new Dice(seed));
    found.add(folder.names.toSorted().join());
  }
  return found;
}

Deno.test("simulated disk: a name is on disk when its folder is synced, and may be before", () => {
  const found = namesLeft((folder) => {
    folder.set("synced", new StoredFile(PAGE));
    folder.sync();
    folder.set("new", new StoredFile(PAGE));
    folder.remove("synced");
  });
  assert.deepEqual([...found].toSorted(), ["", "new", "new,synced", "synced"]);
});

Deno.test("simulated disk: a rename is atomic", () => {
  const found = namesLeft((folder) => {
    folder.set("old", new StoredFile(PAGE));
    folder.sync();
    folder.rename("old", "new");
  });
  assert.deepEqual([...found].toSorted(), ["new", "old"]);
});

function machine(seed: number) {
  const dice = new Dice(seed);
  const scheduler = new Scheduler(dice);
  const parts = { dice, scheduler, weather: new Weather(dice, CALM), trace: new Trace(false) };
  const storage = new Storage(dice);
  return { dice, scheduler, storage, disk: new SimulatedDisk(parts, storage, 1) };
}

Deno.test("simulated disk: pending operations of a dead process do not happen", async () => {
  const { scheduler, storage, disk } = machine(1);
  const file = await scheduler.until(disk.open("data/file", "create"));
  let isAnswered = false;
  void file.write(0, bytes("late")).then(() => isAnswered = true);
  scheduler.end(1);
  await scheduler.until(scheduler.sleep(1_000, WORLD));
  assert.equal(isAnswered, false);
  assert.equal(storage.contents().get("data/file")?.length, 0);
});

Deno.test("simulated disk: parallel operations end in any order", async () => {
  const orders = new Set<string>();
  for (let seed = 1; seed < 40; seed++) {
    const { scheduler, disk } = machine(seed);
    const order: string[] = [];
    const all = ["a", "b", "c"].map((name) =>
      disk.makeFolder(`data/${name}`).then(() => void order.push(name))
    );
    await scheduler.until(Promise.all(all));
    orders.add(order.join(""));
  }
  assert.equal(orders.size, 6);
});

Deno.test("simulated disk: a process that waits forever is caught", async () => {
  const { scheduler } = machine(1);
  await assert.rejects(scheduler.until(new Promise(() => {})), /nothing is left to happen/);
});
