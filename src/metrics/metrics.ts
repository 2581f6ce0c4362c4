/**
 * Daybook's metrics, in the text format of Prometheus. Counters and histograms count durable
 * entries from the start of the process; gauges are read on each scrape.
 */

import type { Standing } from "../core/standing.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ConditionChange, JobWatch } from "../engine/watches.ts";
import { isOutcome, type MetricsPort, OUTCOMES } from "./figures.ts";
import type { CommittedBatch, CommitWatch } from "../journal/options.ts";
import { Counter, exponentialBuckets, Histogram, Registry } from "./prometheus.ts";
import { type ProcessUsage, readingsText } from "./readings.ts";

/** The labels for jobs without a type, and for types that are not loaded. */
const NO_TYPE = "(none)";
const OTHER_TYPE = "(other)";

const SECONDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400],
];

/** Counts jobs. No label names a single job, and the number of types is limited. */
class JobMetrics implements JobWatch {
  readonly #types: ReadonlySet<string>;
  readonly #created: Counter<"type">;
  readonly #ended: Counter<"type" | "outcome">;
  readonly #queued: Histogram<"type">;
  readonly #run: Histogram<"type">;

  /**
   * @param types The types of the loaded definitions.
   * @param follows Whether another process leads, which then counts.
   */
  constructor(
    registry: Registry,
    types: readonly string[],
    private readonly follows: () => boolean,
  ) {
    this.#types = new Set(types);
    this.#created = createCounter(registry, "daybook_jobs_created_total", "Jobs created.", [
      "type",
    ]);
    this.#ended = createCounter(registry, "daybook_jobs_total", "Jobs that ended, by outcome.", [
      ...["type", "outcome"] as const,
    ]);
    this.#queued = createHistogram(
      registry,
      "daybook_job_queued_seconds",
      "How long a job was queued, each time.",
    );
    this.#run = createHistogram(
      registry,
      "daybook_job_run_seconds",
      "How long a job ran until it ended, waited or backed off, each time.",
    );
    this.#beginAtZero([...types, NO_TYPE]);
  }

  changed({ type: given, from, to, stayedMs }: ConditionChange): void {
    if (this.follows()) return;
    const type = this.#labelOf(given);
    if (from === undefined) this.#created.inc({ type });
    if (isOutcome(to) && !isOutcome(from)) this.#ended.inc({ type, outcome: to });
    if (stayedMs === undefined) return;
    if (from === "queued") this.#queued.observe({ type }, stayedMs / 1000);
    if (from === "executing") this.#run.observe({ type }, stayedMs / 1000);
  }

  #labelOf(type: string | undefined): string {
    if (type === undefined) return NO_TYPE;
    return this.#types.has(type) ? type : OTHER_TYPE;
  }

  /** Starts each counter at 0: a rate would miss the first increment of a new one. */
  #beginAtZero(types: readonly string[]): void {
    for (const type of types) {
      this.#created.inc({ type }, 0);
      for (const outcome of OUTCOMES) this.#ended.inc({ type, outcome }, 0);
    }
  }
}

function createCounter<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function createHistogram(registry: Registry, name: string, help: string): Histogram<"type"> {
  return new Histogram({
    name,
    help,
    labelNames: ["type"],
    buckets: SECONDS,
    registers: [registry],
  });
}

/** From half a millisecond to about eight seconds. */
const SYNC_SECONDS = exponentialBuckets(0.0005, 2, 15);
const ENTRIES = exponentialBuckets(1, 2, 13);
/** From 1 KiB to 64 MiB, the maximum of one commit group. */
const BYTES = exponentialBuckets(1024, 4, 9);

/** Counts durable batches. */
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
  /** The types of the loaded definitions. */
  readonly types: readonly string[];
  /** Its metrics are left out if absent. */
  readonly processUsage?: () => ProcessUsage;
  /** The role of this process in a shared journal; left out if absent. */
  readonly membership?: { readonly standing: Standing; readonly follows: boolean } | undefined;
  /** How often the event loop was blocked; left out if absent. */
  readonly stalls?: () => number;
  /** Left out if absent, or if it has no value. */
  readonly diskFree?: (() => Promise<number | undefined>) | undefined;
}

export class Metrics {
  readonly jobs: JobWatch;
  readonly commits: CommitWatch;
  readonly #registry = new Registry();

  constructor(private readonly options: MetricsOptions) {
    const follows = () => options.membership?.follows === true;
    this.jobs = new JobMetrics(this.#registry, options.types, follows);
    this.commits = new CommitMetrics(this.#registry);
  }

  /** Collects the metrics of a process. */
  of(engine: JobEngine): MetricsPort {
    return {
      contentType: this.#registry.contentType,
      text: async (edge) => {
        const { processUsage, diskFree, stalls, membership } = this.options;
        const [journal, free] = await Promise.all([engine.journalInfo(), diskFree?.()]);
        const readings = await readingsText({
          ...{ engine, edge, journal },
          process: processUsage?.(),
          diskFree: free,
          stalls: stalls?.(),
          standing: membership?.standing,
        });
        return `${await this.#registry.metrics()}\n${readings}`;
      },
    };
  }
}

/** Counts twice: the failure of one counter must not make the other miss anything. */
export function combineJobWatches(one: JobWatch, other: JobWatch): JobWatch {
  return {
    changed(change) {
      try {
        one.changed(change);
      } finally {
        other.changed(change);
      }
    },
  };
}

/** The same for batches. */
export function combineCommitWatches(one: CommitWatch, other: CommitWatch): CommitWatch {
  return {
    committed(batch) {
      try {
        one.committed(batch);
      } finally {
        other.committed(batch);
      }
    },
  };
}
