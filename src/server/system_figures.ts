/** What a process tells of itself to the screen of the system. */

import type { Configuration, Origins } from "../settings/configuration.ts";
import { shownSettings } from "../settings/configuration_text.ts";
import type { Condition } from "../core/condition.ts";
import { shellWord } from "../core/shell_word.ts";
import type { StandingLimits } from "../engine/events/delivery_limits.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ProcessFigures, SystemPort, Use } from "../http/http_deps.ts";
import { journalFlag } from "../journal/journal_flag.ts";
import { heapUse, processUsage } from "./process_usage.ts";

const ENDED: ReadonlySet<Condition> = new Set(["succeeded", "failed", "cancelled"]);

export function systemFigures(
  engine: JobEngine,
  configuration: Configuration,
  origins: Origins,
  { jobsMax, jobsBytesMax, queuedMax, pendingBytesMax }: StandingLimits,
): SystemPort {
  const flag = journalFlag(configuration.journal);
  return {
    settings: shownSettings(configuration, origins),
    journal: configuration.journal,
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
      const { conditions, queued, pendingBytes, unfinishedBytes } = engine.activity;
      return {
        jobsMax: { used: unfinishedIn(conditions), max: jobsMax },
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

function unfinishedIn(conditions: ReadonlyMap<Condition, number>): number {
  let sum = 0;
  for (const [condition, count] of conditions) if (!ENDED.has(condition)) sum += count;
  return sum;
}
