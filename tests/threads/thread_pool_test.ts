/** The pool of threads, with real ones. */

import assert from "node:assert/strict";
import type { Thread } from "../../src/threads/thread.ts";
import { ThreadPool } from "../../src/threads/thread_pool.ts";
import { type FromThread, namedError, SENT_LENGTH_MAX } from "../../src/threads/protocol.ts";
import { type JobId, newId, taskId } from "../../src/core/ids.ts";
import { until } from "../support/until.ts";

const few = { isTight: () => false, leavingMax: 4, warn: () => {} };
const MODULE = new URL("../support/process/isolated_definitions.ts", import.meta.url).href;

Deno.test("threads: each thread that code has ended is replaced before it is needed", async () => {
  let made = 0;
  const hasRoom = () => ++made > 0;
  const pool = new ThreadPool({ max: 3, memoryMb: 48, hasRoom, ...few });
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
  const pool = new ThreadPool({ max: 2, memoryMb: 48, hasRoom: () => true, ...few });
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

Deno.test("threads: a module that cannot be loaded is refused, after more tries if descriptors may be lacking", async () => {
  for (const [isTight, tries] of [[false, 1], [true, 5]] as const) {
    let made = 0;
    const hasRoom = () => ++made > 0;
    const pool = new ThreadPool({
      ...{ max: 1, memoryMb: 48, hasRoom, ...few },
      isTight: () => isTight,
    });
    try {
      await assert.rejects(pool.take({ module: "file:///none.ts", type: "any" }), /Cannot load/);
      assert.equal(made, tries);
    } finally {
      pool.close();
    }
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
  const pool = new ThreadPool({ max: 1, memoryMb: 48, hasRoom: () => true, ...few });
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
  const pool = new ThreadPool({ max: 1, memoryMb: 48, hasRoom: () => true, ...few });
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

/** Begins a task of `isolated.hostile` in a thread; returns what the thread says. */
async function begin(thread: Thread, kind: string): Promise<readonly FromThread[]> {
  const said: FromThread[] = [];
  const call = 1;
  const about = { call, now: 0 };
  const ignored = () => {};
  const user = { said: (message: FromThread) => void said.push(message), uncaught: ignored };
  thread.use({ call, ...user, ended: ignored, closed: ignored });
  const type = { type: "isolated.hostile", version: 1, jobId: "job_1" as JobId };
  thread.tell({ ...about, kind: "run", ...type, input: { kind }, expectations: [] });
  await until("it asks for its task", () => said.some((message) => message.kind === "task"));
  const [task, executionId] = [taskId("bad"), newId.execution("1".repeat(26))];
  thread.tell({ ...about, kind: "attempt", taskId: task, executionId, attempt: 1 });
  return said;
}

Deno.test("threads: a long text that code logs, prints or reports is cut before the engine reads it", async () => {
  const pool = new ThreadPool({ max: 1, memoryMb: 48, hasRoom: () => true, ...few });
  try {
    const said = await begin(await pool.take({ module: MODULE, type: "any" }), "wordy");
    await until("the task ends", () => said.some((message) => message.kind === "completed"));
    const texts = said.flatMap((message) =>
      message.kind === "log"
        ? [message.message, JSON.stringify(message.data ?? "")]
        : message.kind === "progress"
        ? [message.report.note ?? ""]
        : []
    );
    assert.equal(texts.length, 5);
    for (const { length } of texts) assert.ok(length <= SENT_LENGTH_MAX, `${length} characters`);
  } finally {
    pool.close();
  }
});

Deno.test(
  "threads: ended threads whose code is blocked in a system call are reported and limited",
  {
    ignore: Deno.build.os === "windows",
  },
  async () => {
    const pipe = `/tmp/daybook_pipe_${Deno.pid}`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const warnings: string[] = [];
    const warn = (warning: string) => void warnings.push(warning);
    const pool = new ThreadPool({
      max: 2,
      memoryMb: 48,
      hasRoom: () => true,
      leavingMax: 1,
      isTight: () => false,
      warn,
    });
    const take = () => pool.take({ module: MODULE, type: "reading" });
    try {
      const [reading, other] = await Promise.all([take(), take()]);
      await begin(reading, "reads");
      // Its code reads by now.
      const writer = await Deno.open(pipe, { write: true });
      other.end(namedError("Error", "as code does that exits"));
      await until("it has left", () => other.hasLeft);
      reading.end(namedError("TimeoutError", "as at its time limit"));
      let isTaken = false;
      const taken = take().then(() => isTaken = true);
      await until("it is reported", () => warnings.length > 0);
      assert.match(
        warnings[0] ?? "",
        /^the code of reading cannot be stopped .* \(1 such thread\); jobs in threads wait/,
      );
      assert.equal(isTaken, false);
      writer.close();
      await taken;
    } finally {
      pool.close();
      await Deno.remove(pipe);
    }
  },
);
