/**
 * The definitions of a profiled server: those of every benchmark, a job that reads the resources
 * used by this process so far, and one that profiles it. They run in the server, so the engine
 * needs no code for them.
 */

import { GCProfiler, getHeapStatistics } from "node:v8";
import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/mod.ts";
import type { Clock } from "../../src/engine/ports.ts";
import { systemClock } from "../../src/server/system.ts";
import { beginProfile, endProfile } from "./rooms.ts";

export { threeTasks, withSecret } from "../server/definitions.ts";

/** Since the server started. */
export interface Counters {
  /** 0 until counting starts. */
  readonly promises: number;
  /** Timers of the server's clock. */
  readonly timers: number;
  readonly allocatedBytes: number;
  /** Pauses of the thread for garbage collection. */
  readonly gcUs: number;
}

let promises = 0;
let timers = 0;
let gcUs = 0;
let isCounting = false;

const clock = systemClock as { -readonly [Member in keyof typeof systemClock]: Clock[Member] };
const { setTimer } = systemClock;
clock.setTimer = (delayMs, callback) => {
  timers++;
  return setTimer(delayMs, callback);
};

let collector = startedProfiler();

function startedProfiler(): GCProfiler {
  const profiler = new GCProfiler();
  profiler.start();
  return profiler;
}

interface Internals {
  readonly core: { setPromiseHooks(init: () => void): void };
}

/**
 * Deno's promise hooks are internal and cannot be removed. They slow everything down, and with them
 * each `await` creates one more promise.
 */
function countPromises(): void {
  if (isCounting) return;
  isCounting = true;
  const { internal } = Deno as unknown as { readonly internal: symbol };
  const { core } = (Deno as unknown as Record<symbol, Internals>)[internal] as Internals;
  core.setPromiseHooks(() => void promises++);
}

function read(): Counters {
  // In Deno 2.9.6 these are nanoseconds, as a comparison with --trace-gc shows.
  const spent = collector.stop()?.statistics.reduce((sum, { cost }) => sum + cost, 0) ?? 0;
  gcUs += spent / 1_000;
  collector = startedProfiler();
  const heap = getHeapStatistics() as unknown as { readonly total_allocated_bytes: number };
  return { promises, timers, allocatedBytes: heap.total_allocated_bytes, gcUs };
}

export const counters: AnyJobDefinition = defineJob({
  type: "bench.counters",
  version: 1,
  input: v.object({ promises: v.boolean() }),
  run: (ctx, input) =>
    ctx.task("read", () => {
      if (input.promises) countPromises();
      return { ...read() };
    }),
});

export const profile: AnyJobDefinition = defineJob({
  type: "bench.profile",
  version: 1,
  input: v.object({ ends: v.boolean() }),
  run: (ctx, { ends }) =>
    ctx.task("profile", async () => {
      if (ends) return { ...await endProfile() };
      await beginProfile();
      return {};
    }),
});
