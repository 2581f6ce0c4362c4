/** What this process uses of the machine. */

import { cpuUsage } from "node:process";
import type { ProcessUsage } from "./metrics/readings.ts";

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
