/** The figures of the process for the System screen. */

import { cpuUsage } from "node:process";
import { getHeapStatistics } from "node:v8";
import type { Configuration, Origins } from "../settings/configuration.ts";
import { shownSettings } from "../settings/configuration_text.ts";
import { shellWord } from "../core/shell_word.ts";
import type { StandingLimits } from "../engine/engine_limits.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ProcessFigures, SystemPort, Use } from "../http/routing/http_deps.ts";
import { journalFlag } from "../journal/errors.ts";
import type { ProcessUsage } from "../metrics/readings.ts";
import type { MemoryUse } from "../verify/verifier.ts";

/** The process's use of memory and processor. */
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

/** Garbage that is not yet collected counts as used. */
export function heapUse(): MemoryUse {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return { usedBytes: used_heap_size, bytesMax: heap_size_limit };
}

/**
 * Returns a function for the free bytes on the disk of a folder; `undefined` without the permission
 * `--allow-sys=statfs`, which is never requested.
 */
export async function diskFree(
  folder: string,
): Promise<(() => Promise<number | undefined>) | undefined> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "statfs" });
  return state === "granted" ? () => bytesFree(folder) : undefined;
}

/** `undefined` if unknown: the rest of a scrape is still useful. */
async function bytesFree(folder: string): Promise<number | undefined> {
  try {
    const { statfs } = await import("node:fs/promises");
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

export function systemFigures(
  engine: JobEngine,
  configuration: Configuration,
  origins: Origins,
  { jobsMax, jobsBytesMax, queuedMax, pendingBytesMax }: StandingLimits,
): SystemPort {
  const flag = journalFlag(configuration.folder);
  return {
    settings: shownSettings(configuration, origins),
    journal: configuration.folder,
    backupCommand: `deno task journal backup backups/journal${flag}`,
    exportCommand: (jobId) => `deno task journal export ${shellWord(jobId)}${flag}`,
    versions: [
      { name: "Deno", version: Deno.version.deno },
      { name: "V8", version: Deno.version.v8 },
      { name: "TypeScript", version: Deno.version.typescript },
    ],
    process: processFigures,
    workers: () => ({ used: engine.activity.busyWorkers, max: engine.activity.maxWorkers }),
    limits: () => {
      const { jobs, states, queued, pendingBytes, unfinishedBytes } = engine.activity;
      const ended = (states.get("Done") ?? 0) + (states.get("Failed") ?? 0);
      return {
        jobsMax: { used: jobs - ended, max: jobsMax },
        jobsBytesMax: { used: unfinishedBytes, max: jobsBytesMax },
        queuedMax: { used: queued, max: queuedMax },
        pendingBytesMax: { used: pendingBytes, max: pendingBytesMax },
      };
    },
  };
}

function processFigures(): ProcessFigures {
  const { residentBytes, cpuSeconds, startedSeconds } = processUsage();
  const { usedBytes, bytesMax } = heapUse();
  const heap: Use = { used: usedBytes, max: bytesMax };
  return { pid: Deno.pid, startedAt: startedSeconds * 1000, residentBytes, heap, cpuSeconds };
}
