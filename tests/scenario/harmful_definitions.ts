/**
 * Job types whose code would harm its process: it ends the process, throws where nothing catches,
 * or changes what all code shares.
 */

import process, { exit } from "node:process";
import * as v from "valibot";
import { defineJob, type JobContext } from "../../src/mod.ts";

const once = { retry: { maxAttempts: 1 } };

const WAYS = {
  deno: () => Deno.exit(0),
  later: () => void setTimeout(() => Deno.exit(78), 1),
  node: () => process.exit(),
  named: () => exit(64),
};

const way = v.object({ how: v.picklist(["deno", "later", "node", "named"]) });

export const task = defineJob({
  type: "exiting.task",
  version: 1,
  input: way,
  run: (ctx, { how }) =>
    ctx.task("leave", async () => {
      WAYS[how]();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }),
});

export const run = defineJob({
  type: "exiting.run",
  version: 1,
  input: way,
  async run(ctx, { how }) {
    await ctx.task("first", () => 1);
    WAYS[how]();
  },
});

export const schema = defineJob({
  type: "exiting.schema",
  version: 1,
  input: v.pipe(
    way,
    v.check(({ how }) => {
      WAYS[how]();
      return true;
    }),
  ),
  run: () => Promise.resolve(),
});

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function unreadable(): Error {
  const get = () => {
    throw new Error("not for you");
  };
  return Object.defineProperties(new RangeError(), { message: { get }, stack: { get } });
}

/** Only its failure ends this one. */
function throwsLater(type: string, thrown: () => unknown) {
  const later = () =>
    new Promise<void>(() => {
      setTimeout(() => {
        throw thrown();
      }, 1);
    });
  return defineJob({
    type,
    version: 1,
    input: v.object({}),
    run: (ctx) => ctx.task("later", later, once),
  });
}

export const plain = throwsLater("uncaught.plain", () => new Error("in a timer"));
export const proxy = throwsLater("uncaught.proxy", revoked);
export const message = throwsLater("uncaught.message", unreadable);
export const lines = throwsLater("uncaught.lines", () => new Error("declined\njob_2 pay 1: paid"));

/** Fails for good, in each listener of the process for errors that it does not catch. */
export const listens = defineJob({
  type: "uncaught.listens",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("listen", () => {
      const fail = () => {
        throw new Error("in a listener");
      };
      globalThis.addEventListener("error", fail, { capture: true });
      globalThis.onerror = fail;
      process.on("uncaughtException", fail);
      globalThis.addEventListener("unhandledrejection", fail);
      process.on("unhandledRejection", fail);
      reportError(new Error("reported"));
      void Promise.reject(new Error("rejected"));
      return "done";
    }, once),
});

export const rejects = defineJob({
  type: "uncaught.rejects",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("forget", () => {
      void Promise.reject(revoked());
      return "done";
    }, once),
});

const forgotten = v.object({
  card: v.string(),
  by: v.picklist(["task", "run"]),
  /** How long the step takes. */
  takesMs: v.optional(v.number(), 0),
  /** The promise rejects after so long, and not before there is this file. */
  ms: v.number(),
  after: v.optional(v.string()),
});
type Forgotten = v.InferOutput<typeof forgotten>;

async function charge({ card, ms, after }: Forgotten): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, ms)); while (
    after !== undefined && !await Deno.stat(after).catch(() => undefined)
  );
  throw new RangeError(`declined ${card}`);
}

async function forgetIt(ctx: Pick<JobContext<string>, "task">, input: Forgotten): Promise<void> {
  if (input.by === "run") void charge(input);
  await ctx.task("charge", async () => {
    if (input.by === "task") void charge(input);
    if (input.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, input.takesMs));
    return { charged: true };
  }, once);
}

export const forgets = defineJob({
  type: "uncaught.forgets",
  version: 1,
  input: forgotten,
  secrets: ["card"],
  run: forgetIt,
});
export const isolatedForgets = defineJob({
  type: "uncaught.forgets.isolated",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input: forgotten,
  secrets: ["card"],
  run: forgetIt,
});

/** A listener of its signal throws when its time limit passes. */
export const listener = defineJob({
  type: "uncaught.listener",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("limited", ({ signal }) => {
      signal.addEventListener("abort", () => {
        throw new RangeError("cannot clean up");
      });
      return new Promise<void>(() => {});
    }, { timeoutMs: 50, ...once }),
});

const many = v.object({ count: v.number() });

async function flood(ctx: Pick<JobContext<string>, "task">, { count }: { count: number }) {
  await ctx.task("flood", () => {
    for (let at = 0; at < count; at++) void Promise.reject(new Error(`${at} `.repeat(500)));
  }, once);
}

export const floods = defineJob({ type: "uncaught.floods", version: 1, input: many, run: flood });
export const isolatedFloods = defineJob({
  type: "uncaught.floods.isolated",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input: many,
  run: flood,
});

const settings = v.object({ text: v.string() });

function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value !== "object" || value === null) into[name] = value;
    else merge((into[name] ??= {}) as Record<string, unknown>, value as Record<string, unknown>);
  }
}

function mergeIt(
  ctx: Pick<JobContext<string>, "task">,
  { text }: v.InferOutput<typeof settings>,
): Promise<string> {
  return ctx.task("merge", () => {
    const own = { list: [] };
    merge(own, JSON.parse(text));
    return Object.keys(own).join();
  }, once);
}

export const careless = defineJob({ type: "careless", version: 1, input: settings, run: mergeIt });
export const isolated = defineJob({
  type: "careless.isolated",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input: settings,
  run: mergeIt,
});

function change(path: string): void {
  const names = path.split(".");
  const owner = names.slice(0, -1).reduce<object>(Reflect.get, globalThis);
  const name = names.at(-1) ?? "";
  const changed = owner as Record<string, unknown>;
  changed[name] = () => "changed";
}

export const changing = defineJob({
  type: "changing",
  version: 1,
  input: v.object({ path: v.string() }),
  run: (ctx, { path }) => ctx.task("change", () => change(path), once),
});

export const hangs = defineJob({
  type: "hanging.isolated",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("hang", () => new Promise<void>(() => {}), {
      timeoutMs: 50,
      retry: { maxAttempts: 1 },
    }),
});
