/** Definitions whose jobs run in threads, well-behaved ones and others. */

import process from "node:process";
import { type MessagePort, Worker as NodeWorker, workerData } from "node:worker_threads";
import * as v from "valibot";
import { defineJob, NonRetryableError, RetryLater, type TaskContext } from "../../../src/mod.ts";

const isolated = { isolation: "thread", module: import.meta.url } as const;
const END_MS = 180_000;
const once = { retry: { maxAttempts: 1 } };

/** Uses everything that `ctx` and a task's context have. */
export const tour = defineJob({
  ...isolated,
  type: "isolated.tour",
  version: 1,
  input: v.object({ name: v.string() }),
  expects: ({ name }) => ({
    arrived: { eventType: "test.Arrived", correlation: { equals: { name } } },
    refused: { eventType: "job.TaskFailed", correlation: { equals: { final: true } } },
  }),
  async run(ctx, { name }) {
    const first = await ctx.task("first", (task) => {
      task.progress(1, 2, "half");
      task.emit("test.Began", { name });
      return { name, attempt: task.attempt, hasId: task.executionId.startsWith("exe_") };
    });
    const again = await ctx.task("again", (task) => {
      if (task.attempt === 1) throw new RetryLater(1, "not yet");
      return task.attempt;
    });
    await ctx.sleep("nap", 1);
    await ctx.sleep("over", { until: new Date(0) });
    const [event] = await ctx.expect("arrived");
    const [left, right] = await Promise.all([
      ctx.task("left", () => "l"),
      ctx.task("right", async () => await Promise.resolve("r")),
    ]);
    const failed = await ctx.task("refuse", () => {
      throw new NonRetryableError("no such address");
    }).catch(String);
    const both = `${left}${right}`;
    return { first, again, seen: event.attributes, both, at: ctx.now() > 0, failed };
  },
});

export const undone = defineJob({
  ...isolated,
  type: "isolated.undone",
  version: 1,
  input: v.object({ file: v.string() }),
  async run(ctx, { file }) {
    await ctx.task("reserve", () => ({ id: 7 }), {
      compensate: ({ id }, task) =>
        Deno.writeTextFileSync(file, `undone ${id} of ${task.jobId}\n`, { append: true }),
    });
    await ctx.task("refuse", () => {
      throw new NonRetryableError("no such address");
    });
  },
});

/** `(module (memory (export "m") 1) (func (export "grow") (result i32) i32.const 16 memory.grow))` */
const GROWING_MODULE = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1],
  ...[7, 12, 2, 1, 109, 2, 0, 4, 103, 114, 111, 119, 0, 0, 10, 8, 1, 6, 0, 65, 16, 64, 0, 11],
);

const KINDS = {
  spin: () => {
    for (;;);
  },
  async spinLater() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (;;);
  },
  spinInTimer: () =>
    new Promise(() =>
      setTimeout(() => {
        for (;;);
      }, 20)
    ),
  async never() {
    await new Promise(() => {});
  },
  exit: () => Deno.exit(3),
  kill: () => Deno.kill(Deno.pid, "SIGKILL"),
  killByNode: () => process.kill(process.pid),
  async exitLater() {
    await Promise.resolve();
    Deno.exit(0);
  },
  exhaust: () => {
    const all: unknown[] = [];
    for (;;) all.push({ text: `${all.length}` });
  },
  async exhaustLater() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const all: unknown[] = [];
    for (;;) all.push(new Array(100_000).fill(all.length));
  },
  /** Memory outside the heap. */
  buffers: () => {
    const all: unknown[] = [];
    for (;;) all.push(new Uint8Array(1_000_000).fill(1));
  },
  /** Memory that arrives while the code yields, without an allocation by it. */
  async buffersLater() {
    const all: unknown[] = [];
    for (;;) all.push(await new Blob(["x".repeat(1_000_000)]).arrayBuffer());
  },
  /** Its thread takes a while to exit. */
  async buffersSlowly() {
    const never = new Int32Array(new SharedArrayBuffer(4));
    addEventListener("unload", () => void Atomics.wait(never, 0, 0, 500));
    await KINDS.buffersLater();
  },
  shared: () => {
    const all: unknown[] = [];
    for (;;) all.push(new SharedArrayBuffer(1_000_000));
  },
  assembly: () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    for (;;) memory.grow(16);
  },
  /** A module that grows its own memory at each call. */
  async assemblyLater() {
    const { instance } = await WebAssembly.instantiate(GROWING_MODULE);
    const grow = instance.exports.grow as () => number;
    for (;;) {
      grow();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  },
  /** Allocates much and holds nothing. */
  async litter() {
    for (let count = 0; count < 40; count++) {
      for (let size = 1_000_000; size < 10_000_000; size += 1_000_000) new Uint8Array(size).fill(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return new Uint8Array(3).constructor === Uint8Array;
  },
  throwLater: () =>
    new Promise((resolve) => {
      setTimeout(() => {
        throw new Error("nobody awaits this");
      }, 1);
      setTimeout(() => resolve("still here"), 30);
    }),
  throwUnreadable: () => {
    throw Object.defineProperty(new Error(), "message", {
      get: () => {
        throw new Error("no message");
      },
    });
  },
  /** What it does could not be limited. */
  webWorker: () => new Worker("data:text/javascript,Deno.exit(9)", { type: "module" }),
  nodeWorker: () => new NodeWorker("for (const all = [];;) all.push([all])", { eval: true }),
  derivedWorker: () => {
    class Derived extends NodeWorker {}
    return new Derived("for (;;);", { eval: true });
  },
  async rubbish() {
    const { port } = workerData as { port: MessagePort };
    port.postMessage(null);
    // The engine ends the thread meanwhile, which stops no code that does not yield.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    await KINDS.buffersLater();
  },
  /** Waits in a call of the system, if there is such a pipe. */
  reads: () => Deno.readTextFileSync(`/tmp/daybook_pipe_${Deno.pid}`),
  wordy: (task: TaskContext) => {
    const text = "x".repeat(1_000_000);
    console.log(text);
    task.log(text, { text });
    task.progress(1, 2, text);
    return "said";
  },
  /** Calls on after its attempt, and its job, have ended. */
  late: (task: TaskContext) => {
    setTimeout(() => {
      for (let done = 0; done < 100; done++) {
        task.emit("test.Late", {});
        task.progress(done);
      }
    }, 100);
  },
};

export const hostile = defineJob({
  ...isolated,
  type: "isolated.hostile",
  version: 1,
  input: v.object({
    kind: v.picklist(Object.keys(KINDS) as (keyof typeof KINDS)[]),
    timeoutMs: v.optional(v.number()),
    beside: v.optional(v.boolean(), false),
  }),
  async run(ctx, { kind, timeoutMs, beside }) {
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    // Next to another one it is retried, and then succeeds.
    const bad = ctx.task("bad", (task) => task.attempt > 1 ? "good" : KINDS[kind](task), {
      ...(beside ? { retry: { initialMs: 100 } } : once),
      ...limit,
    });
    if (!beside) return await bad;
    const slow = ctx.task("slow", async (task) => {
      // The first attempt is cut short with its thread.
      if (task.attempt > 1) return task.attempt;
      return await new Promise<number>(() => {});
    });
    return [await bad, await slow];
  },
});

export const hostileRun = defineJob({
  ...isolated,
  type: "isolated.hostile-run",
  version: 1,
  input: v.object({ exit: v.boolean() }),
  run: async (ctx, { exit }) => {
    await ctx.task("first", () => {});
    if (exit) Deno.exit(5);
    for (;;);
  },
});

/** Has something to undo when its code hangs or ends its thread. */
export const hostileUndone = defineJob({
  ...isolated,
  type: "isolated.hostile-undone",
  version: 1,
  input: v.object({ file: v.string(), kind: v.picklist(["exitRun", "spinRun", "spin", "never"]) }),
  async run(ctx, { file, kind }) {
    await ctx.task("reserve", () => ({ id: 7 }), {
      compensate: ({ id }, task) =>
        Deno.writeTextFileSync(file, `undone ${id} of ${task.jobId}\n`, { append: true }),
    });
    if (kind === "exitRun") Deno.exit(5);
    while (kind === "spinRun");
    await ctx.task("hang", async () => {
      while (kind === "spin");
      await new Promise(() => {});
    });
  },
});

export const good = defineJob({
  ...isolated,
  type: "isolated.good",
  version: 1,
  input: v.object({ number: v.number(), timeoutMs: v.optional(v.number(), END_MS) }),
  async run(ctx, { number, timeoutMs }) {
    const doubled = await ctx.task("double", () => 2 * number, { timeoutMs });
    return await ctx.task("add", () => doubled + 1);
  },
});

export const secretive = defineJob({
  ...isolated,
  type: "isolated.secretive",
  version: 1,
  input: v.object({ password: v.string() }),
  secrets: ["password"],
  run: async (ctx, { password }) => {
    await ctx.task("say", (task) => {
      // The engine cuts it within the password.
      task.progress(1, 2, "x".repeat(995) + password);
      throw new NonRetryableError(`${password} is refused`);
    });
  },
});

/** Each of its tasks, of which the input names one, fails with a cause. */
export const caused = defineJob({
  ...isolated,
  type: "isolated.caused",
  version: 1,
  input: v.object({ password: v.string(), how: v.picklist(["cause", "errors", "object"]) }),
  secrets: ["password"],
  run: async (ctx, { password, how }) => {
    await ctx.task("fail", () => {
      const refused = Object.assign(new TypeError(`${password} is refused`), { code: "E_AUTH" });
      if (how === "cause") {
        throw new Error("outer", { cause: new Error("inner", { cause: refused }) });
      }
      if (how === "errors") throw new AggregateError([refused, { status: 402 }], "all failed");
      throw { code: 7, details: password };
    }, { retry: { maxAttempts: 1 } });
  },
});

/** Prints in every possible way. */
export const talkative = defineJob({
  ...isolated,
  type: "isolated.talkative",
  version: 1,
  input: v.object({ password: v.string() }),
  secrets: ["password"],
  async run(ctx, { password }) {
    console.log("in run");
    return await ctx.task("talk", (task) => {
      task.log("begins", { left: 2, password });
      console.warn("printed with %s", password);
      return "talked";
    });
  },
});

/** The same without a thread, where printed lines cannot be attributed. */
export const talkativeInside = defineJob({
  type: "inside.talkative",
  version: 1,
  input: v.object({ lines: v.number() }),
  run: (ctx, { lines }) =>
    ctx.task("talk", (task) => {
      for (let line = 1; line <= lines; line++) task.log(`line ${line}`);
      task.log("odd", { at: new Map() });
    }),
});
