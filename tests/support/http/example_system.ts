/** Made-up system information, and a verification that the test ends. */

import type { SystemPort, VerificationPort } from "../../../src/http/routing/http_deps.ts";
import type { Clock, VerificationRun } from "../../../src/engine/ports.ts";

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

export class FakeVerification implements VerificationPort {
  run: VerificationRun | null = null;

  constructor(private readonly clock: Clock) {}

  start(): ReturnType<VerificationPort["start"]> {
    if (this.run?.status === "running") {
      return { started: false, reason: "a verification is already running" };
    }
    this.run = { status: "running", startedAt: this.#now(), bytesDone: 0, bytesTotal: 0 };
    return { started: true };
  }

  reach(bytesDone: number, bytesTotal: number): void {
    this.run = { status: "running", startedAt: this.#startedAt, bytesDone, bytesTotal };
  }

  end(): void {
    this.run = { status: "ended", startedAt: this.#startedAt, endedAt: this.#now() };
  }

  fail(detail: string): void {
    this.run = { status: "failed", startedAt: this.#startedAt, endedAt: this.#now(), detail };
  }

  get #startedAt(): string {
    return this.run?.startedAt ?? this.#now();
  }

  #now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
