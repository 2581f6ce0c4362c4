/**
 * What Daybook counts, in the text format of Prometheus. Counters and histograms follow
 * what becomes durable from the start of the process on; gauges are read when asked for.
 */

import { Registry } from "@prometheus-io/client";
import type { JobWatch } from "../engine/ports.ts";
import type { MetricsPort } from "../http/http_deps.ts";
import type { CommitWatch } from "../journal/commit_watch.ts";
import { CommitMetrics } from "./commit_metrics.ts";
import { JobMetrics } from "./job_metrics.ts";
import { type EngineReadings, type ProcessUsage, readingsText } from "./readings.ts";

export interface MetricsOptions {
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
