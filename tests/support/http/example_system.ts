/** Made-up system information. */

import type { SystemPort } from "../../../src/http/http_deps.ts";

export function exampleSystem(journal: string): SystemPort {
  return {
    settings: [
      { name: "port", value: "8000", origin: "default" },
      { name: "journal", value: journal, origin: "flag" },
      { name: "token-file", value: "2 tokens set", origin: "environment" },
    ],
    journal: "/data/journal",
    backupCommand: "deno task journal backup backups/journal --journal /data/journal",
    exportCommand: (jobId) => `deno task journal export ${jobId} --journal /data/journal`,
    versions: [{ name: "Deno", version: "2.9.6" }],
    process: () => ({
      pid: 4711,
      startedAt: Date.parse("2026-01-01T00:00:00Z"),
      residentBytes: 3 * 1024 * 1024,
      heap: { used: 1024, max: 2048 },
      cpuSeconds: 1.5,
    }),
    workers: () => ({ used: 3, max: 16 }),
    limits: () => ({
      jobsMax: { used: 7, max: 500_000 },
      jobsBytesMax: { used: 2048, max: 268_435_456 },
      queuedMax: { used: 100, max: 100 },
      pendingBytesMax: { used: 0, max: 1024 },
    }),
  };
}
