/** The effect of an event, determined before any of it happens. */

import { takingEffort } from "../../core/effort.ts";
import type { JobId } from "../../core/ids.ts";
import { jsonSize } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { DeliveryLimits, LimitReached } from "./delivery_limits.ts";
import type { SettledFact } from "./fan_out.ts";
import type { JobTable } from "../writer/job_table.ts";

/** About what an entry takes beside the attributes of its event. */
const ENTRY_BYTES = 450;
/** Recording and answering for an entry takes as long as trying this many predicates. */
const ENTRY_EFFORT = 200;
/** Or as long as writing this many bytes. */
const BYTES_AT_ONCE = 3_000;

export interface Reach {
  /** The jobs that it reaches; empty when it names one itself. */
  readonly jobs: readonly JobId[];
  /** The definitions of the jobs that it starts. */
  readonly starters: readonly AnyJobDefinition[];
  readonly entries: number;
  readonly bytes: number;
  /** Of the jobs: those with large plans count as several. */
  readonly weight: number;
  /** Of everything that is made, in jobs with a small plan. */
  readonly cost: number;
}

export class Reaches {
  readonly #table: JobTable;
  readonly #limits: DeliveryLimits;

  constructor(table: JobTable, limits: DeliveryLimits) {
    this.#table = table;
    this.#limits = limits;
  }

  /** @param jobs Found by a search. */
  of(
    { attributes, jobId }: SettledFact,
    jobs: readonly JobId[],
    starters: readonly AnyJobDefinition[],
  ): Reach {
    const entries = 1 + jobs.length + 2 * starters.length;
    const bytes = entries * (ENTRY_BYTES + jsonSize(attributes));
    const weight = this.#weightOf(jobId === undefined ? jobs : [jobId]);
    return { jobs, starters, entries, bytes, weight, cost: 1 + weight + bytes / BYTES_AT_ONCE };
  }

  /** Why an event may not reach so much; it may always reach one job. */
  refusal({ jobs, bytes, weight }: Reach): LimitReached | undefined {
    const { fanOutMax, fanOutBytesMax } = this.#limits;
    if (jobs.length < 2) return undefined;
    if (jobs.length > fanOutMax || weight > fanOutMax) return { name: "fanOutMax", max: fanOutMax };
    return bytes > fanOutBytesMax ? { name: "fanOutBytesMax", max: fanOutBytesMax } : undefined;
  }

  /** In jobs with a small plan; looks at no more jobs than one event may reach. */
  #weightOf(jobs: readonly JobId[]): number {
    return jobs.slice(0, this.#limits.fanOutMax).reduce((sum, jobId) => {
      const job = this.#table.head(jobId);
      return sum + 1 + (job === undefined ? 0 : Math.floor(takingEffort(job) / ENTRY_EFFORT));
    }, 0);
  }
}
