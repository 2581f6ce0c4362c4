/** Counts what jobs do. No label tells of one job, and there are only so many types. */

import { Counter, Histogram, type Registry } from "@prometheus-io/client";
import type { ConditionChange, JobWatch } from "../engine/ports.ts";

/** What a job without a type, and one whose definition is not loaded, is counted as. */
const NO_TYPE = "(none)";
const OTHER_TYPE = "(other)";

const OUTCOMES = ["succeeded", "failed", "cancelled"] as const;

const SECONDS = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400],
];

export class JobMetrics implements JobWatch {
  readonly #types: ReadonlySet<string>;
  readonly #created: Counter<"type">;
  readonly #ended: Counter<"type" | "outcome">;
  readonly #queued: Histogram<"type">;
  readonly #run: Histogram<"type">;

  /** @param types Those of the definitions that are loaded. */
  constructor(registry: Registry, types: readonly string[]) {
    this.#types = new Set(types);
    this.#created = counterOf(registry, "daybook_jobs_created_total", "Jobs created.", ["type"]);
    this.#ended = counterOf(registry, "daybook_jobs_total", "Jobs that ended, by outcome.", [
      ...["type", "outcome"] as const,
    ]);
    this.#queued = histogramOf(
      registry,
      "daybook_job_queued_seconds",
      "How long a job was queued, each time that it was.",
    );
    this.#run = histogramOf(
      registry,
      "daybook_job_run_seconds",
      "How long a job ran until it ended, waited or backed off, each time that it did.",
    );
    this.#beginAtZero([...types, NO_TYPE]);
  }

  changed({ type: given, from, to, stayedMs }: ConditionChange): void {
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

  /** A rate needs a value before the first event, or that one is lost to it. */
  #beginAtZero(types: readonly string[]): void {
    for (const type of types) {
      this.#created.inc({ type }, 0);
      for (const outcome of OUTCOMES) this.#ended.inc({ type, outcome }, 0);
    }
  }
}

function isOutcome(condition: string | undefined): condition is typeof OUTCOMES[number] {
  return OUTCOMES.some((outcome) => outcome === condition);
}

function counterOf<Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: Label[],
): Counter<Label> {
  return new Counter({ name, help, labelNames, registers: [registry] });
}

function histogramOf(registry: Registry, name: string, help: string): Histogram<"type"> {
  return new Histogram({
    name,
    help,
    labelNames: ["type"],
    buckets: SECONDS,
    registers: [registry],
  });
}
