/**
 * What Daybook counts, in the text format of Prometheus. Counters and histograms follow
 * what becomes durable from the start of the process on; gauges are read when asked for.
 */

import { exponentialBuckets, Histogram, Registry } from "@prometheus-io/client";
import type { JobWatch } from "../engine/ports.ts";
import type { MetricsPort } from "../http/http_deps.ts";
import type { CommittedBatch, CommitWatch } from "../journal/commit_watch.ts";
import { JobMetrics } from "./job_metrics.ts";
import { type EngineReadings, type ProcessUsage, readingsText } from "./readings.ts";

/** From half a millisecond to about eight seconds. */
const SYNC_SECONDS = exponentialBuckets(0.0005, 2, 15);
const ENTRIES = exponentialBuckets(1, 2, 13);
/** From a KiB to 64 MiB, which is the most that one group takes. */
const BYTES = exponentialBuckets(1024, 4, 9);

/** Counts what the journal makes durable. */
class CommitMetrics implements CommitWatch {
  readonly #sync: Histogram;
  readonly #entries: Histogram;
  readonly #bytes: Histogram;

  constructor(registry: Registry) {
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers: [registry] });
    this.#sync = histogram(
      "daybook_journal_sync_seconds",
      "How long a batch took to be written and synced.",
      SYNC_SECONDS,
    );
    this.#entries = histogram("daybook_journal_batch_entries", "Entries in a batch.", ENTRIES);
    this.#bytes = histogram("daybook_journal_batch_bytes", "Bytes of a batch.", BYTES);
  }

  committed({ entries, bytes, durationMs }: CommittedBatch): void {
    this.#sync.observe(durationMs / 1000);
    this.#entries.observe(entries);
    this.#bytes.observe(bytes);
  }
}

interface MetricsOptions {
  /** Of the definitions that are loaded. */
  readonly types: readonly string[];
  /** Left out when absent. */
  readonly processUsage?: () => ProcessUsage;
  /** How often the event loop stood still; left out when absent. */
  readonly stalls?: () => number;
  /** Left out when absent, or when it tells nothing. */
  readonly diskFree?: (() => Promise<number | undefined>) | undefined;
}

export class Metrics {
  readonly jobs: JobWatch;
  readonly commits: CommitWatch;
  readonly #options: MetricsOptions;
  readonly #registry = new Registry();

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.jobs = new JobMetrics(this.#registry, options.types);
    this.commits = new CommitMetrics(this.#registry);
  }

  /** The metrics of a process with this engine. */
  of(engine: EngineReadings): MetricsPort {
    return {
      contentType: this.#registry.contentType,
      text: async (edge) => {
        const { processUsage, diskFree, stalls } = this.#options;
        const [journal, free] = await Promise.all([engine.journalInfo(), diskFree?.()]);
        const process = processUsage?.();
        const given = { process, diskFree: free, stalls: stalls?.() };
        const readings = await readingsText({ engine, edge, journal, ...given });
        return `${await this.#registry.metrics()}\n${readings}`;
      },
    };
  }
}

/** Several who count, told as one. */
export function jobWatchOf(...watches: readonly JobWatch[]): JobWatch {
  return { changed: (change) => tellAll(watches, (watch) => watch.changed(change)) };
}

export function commitWatchOf(...watches: readonly CommitWatch[]): CommitWatch {
  return { committed: (batch) => tellAll(watches, (watch) => watch.committed(batch)) };
}

/** The failure of one must not make the others miss anything: it is thrown when all are told. */
function tellAll<Watch>(watches: readonly Watch[], tell: (watch: Watch) => void): void {
  const failures: unknown[] = [];
  for (const watch of watches) {
    try {
      tell(watch);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
