/** A map whose entries come and go behaves like any other, and costs the collector less. */

import assert from "node:assert/strict";
import { Session } from "node:inspector";
import { GCProfiler } from "node:v8";
import fc from "fast-check";
import { SteadyMap } from "../../src/core/steady_map.ts";
import { cases } from "../support/effort.ts";

const KEYS = fc.integer({ min: 0, max: 5 });
const STEPS = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("set"), key: KEYS }),
    fc.record({ kind: fc.constant("delete"), key: KEYS }),
    fc.record({ kind: fc.constant("clear"), key: KEYS }),
  ),
  { maxLength: 40 },
);

/** What a reader of a map can see of it. */
function seen(map: Map<number, number>): unknown {
  const each: unknown[] = [];
  map.forEach((value, key, of) => each.push([value, key, of === map]));
  return {
    size: map.size,
    each,
    pairs: [...map],
    entries: [...map.entries()],
    keys: [...map.keys()],
    values: [...map.values()],
    has: [0, 1, 2, 3, 4, 5].map((key) => [map.has(key), map.get(key)]),
  };
}

Deno.test("steady map: it behaves as a map does", () => {
  fc.assert(
    fc.property(STEPS, (steps) => {
      const map = new Map<number, number>();
      const steady = new SteadyMap<number, number>();
      for (const [index, { kind, key }] of steps.entries()) {
        if (kind === "set") {
          map.set(key, index);
          steady.set(key, index);
        } else if (kind === "delete") {
          assert.equal(steady.delete(key), map.delete(key));
        } else {
          map.clear();
          steady.clear();
        }
        assert.deepEqual(seen(steady), seen(map));
      }
    }),
    { numRuns: cases(1_000) },
  );
});

/** Runs a major collection, after which a map's table is old. */
async function collect(): Promise<void> {
  const session = new Session();
  session.connect();
  // The inspector keeps no event loop alive.
  const alive = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) =>
    session.post("HeapProfiler.collectGarbage", () => resolve())
  );
  clearInterval(alive);
  session.disconnect();
}

const PASSING = 60_000;

/** Bytes that minor collections moved to the old space while entries passed through a map. */
async function promotedBytes(map: Map<string, unknown>): Promise<number> {
  const present = ["a", "b", "c", "d"];
  for (const key of present) map.set(key, key);
  for (const key of present) map.delete(key);
  for (const key of present) map.set(key, key);
  await collect();
  const profiler = new GCProfiler();
  profiler.start();
  for (let number = 0; number < PASSING; number++) {
    const key = `entry ${number}`;
    const entry: unknown[] = [];
    for (let at = 0; at < 60; at++) entry.push({ at, half: at + 0.5, list: [at] });
    map.set(key, entry);
    present.push(key);
    map.delete(present.shift() ?? "");
  }
  const collections = profiler.stop()?.statistics ?? [];
  const minor = collections.filter(({ gcType }) => gcType === "Scavenge");
  return minor.reduce((sum, { beforeGC, afterGC }) => {
    return sum + Math.max(0, oldBytes(afterGC) - oldBytes(beforeGC));
  }, 0);
}

function oldBytes(
  { heapSpaceStatistics }: {
    readonly heapSpaceStatistics: readonly {
      readonly spaceName: string;
      readonly spaceUsedSize: number;
    }[];
  },
): number {
  return heapSpaceStatistics.find(({ spaceName }) => spaceName === "old_space")?.spaceUsedSize ?? 0;
}

Deno.test("steady map: an entry that left is freed by the next minor collection; a map keeps it", async () => {
  const steady = await promotedBytes(new SteadyMap());
  const plain = await promotedBytes(new Map());
  assert.ok(20 * steady < plain, `${steady} bytes promoted, ${plain} with a Map`);
});
