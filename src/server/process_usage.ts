/** What this process uses of the machine. */

import { cpuUsage } from "node:process";
import { getHeapStatistics } from "node:v8";
import type { ProcessUsage } from "../metrics/readings.ts";
import type { MemoryUse } from "../verify/memory_bound.ts";

export function processUsage(): ProcessUsage {
  const { user, system } = cpuUsage();
  const { rss, heapUsed } = Deno.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    startedSeconds: performance.timeOrigin / 1000,
  };
}

/** What is garbage and not collected yet counts as used. */
export function heapUse(): MemoryUse {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return { usedBytes: used_heap_size, bytesMax: heap_size_limit };
}
