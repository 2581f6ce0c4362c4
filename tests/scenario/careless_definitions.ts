/** Job types whose code merges its input into an object without a check. */

import * as v from "valibot";
import { defineJob, type JobContext } from "../../src/mod.ts";

const input = v.object({ text: v.string() });

function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(from)) {
    if (typeof value !== "object" || value === null) into[name] = value;
    else merge((into[name] ??= {}) as Record<string, unknown>, value as Record<string, unknown>);
  }
}

function mergeIt(
  ctx: Pick<JobContext<string>, "task">,
  { text }: v.InferOutput<typeof input>,
): Promise<string> {
  const once = { retry: { maxAttempts: 1 } };
  return ctx.task("merge", () => {
    const settings = { list: [] };
    merge(settings, JSON.parse(text));
    return Object.keys(settings).join();
  }, once);
}

export const careless = defineJob({ type: "careless", version: 1, input, run: mergeIt });
export const isolated = defineJob({
  type: "careless.isolated",
  version: 1,
  isolation: "thread",
  module: import.meta.url,
  input,
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
  run: (ctx, { path }) => ctx.task("change", () => change(path), { retry: { maxAttempts: 1 } }),
});
