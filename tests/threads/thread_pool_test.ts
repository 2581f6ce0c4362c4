/** The pool of threads, with real ones. */

import assert from "node:assert/strict";
import { ThreadPool } from "../../src/threads/thread_pool.ts";
import { namedError } from "../../src/threads/protocol.ts";
import { until } from "../support/until.ts";

const MODULE = new URL("../support/process/isolated_definitions.ts", import.meta.url).href;

Deno.test("threads: each thread that code has ended is replaced before it is needed", async () => {
  let made = 0;
  const hasRoom = () => ++made > 0;
  const pool = new ThreadPool({ max: 3, memoryMb: 48, hasRoom });
  try {
    const threads = await Promise.all(
      [1, 2, 3].map(() => pool.take({ module: MODULE, type: "any" })),
    );
    const before = made;
    for (const thread of threads) thread.end(namedError("Error", "as code does that exits"));
    await until("three more are made", () => made === before + 3);
  } finally {
    pool.close();
  }
});

Deno.test("threads: a type that has ended its thread waits for the replacement, and takes none from others", async () => {
  const pool = new ThreadPool({ max: 2, memoryMb: 48, hasRoom: () => true });
  const take = (type: string) => pool.take({ module: MODULE, type });
  const order: string[] = [];
  try {
    const [bad, good] = await Promise.all([take("bad"), take("good")]);
    pool.giveBack(good);
    bad.end(namedError("Error", "as code does that exits"));
    const served = (type: string) => take(type).then(() => order.push(type));
    await Promise.all([served("bad"), served("good")]);
    assert.deepEqual(order, ["good", "bad"]);
  } finally {
    pool.close();
  }
});

/** The niceness of each thread of this process, by id. */
function niceness(): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    try {
      const stat = Deno.readTextFileSync(`/proc/self/task/${name}/stat`);
      found.set(name, Number(stat.slice(stat.lastIndexOf(")")).split(" ")[17]));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

Deno.test("threads: code of jobs has a lower priority than the engine", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const before = niceness();
  const pool = new ThreadPool({ max: 1, memoryMb: 48, hasRoom: () => true });
  try {
    await pool.take({ module: MODULE, type: "any" });
    const now = niceness();
    for (const [thread, nice] of before) assert.equal(now.get(thread) ?? nice, nice);
    // The thread, and the one that created it; another test may create some too.
    const made = [...now].filter(([thread, nice]) => !before.has(thread) && nice === 5);
    assert.ok(made.length >= 2, `${made.length} threads give way`);
  } finally {
    pool.close();
  }
});

Deno.test("threads: a job that waits for a replacement is not forgotten when others get theirs first", async () => {
  const pool = new ThreadPool({ max: 1, memoryMb: 48, hasRoom: () => true });
  const take = (module: string, type: string) => pool.take({ module, type });
  try {
    const bad = await take(MODULE, "bad");
    const other = take(`${MODULE}?other`, "other");
    bad.end(namedError("Error", "as code does that exits"));
    const again = take(MODULE, "bad");
    pool.giveBack(await other);
    pool.giveBack(await again);
  } finally {
    pool.close();
  }
});
