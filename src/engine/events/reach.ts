/** The effects of an event, determined before any of them happens. */

import { takingEffort } from "../../core/effort.ts";
import type { JobId } from "../../core/ids.ts";
import { jsonSize } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { DeliveryLimits, LimitReached } from "./delivery_limits.ts";
import type { SettledFact } from "./fan_out.ts";
import type { JobTable } from "../writer/job_table.ts";

/** About how many bytes an entry takes besides the attributes of its event. */
const ENTRY_BYTES = 450;
/** Recording and answering for an entry takes as long as trying this many predicates. */
const ENTRY_EFFORT = 200;
/** In the same time, this many bytes can be written. */
const BYTES_AT_ONCE = 3_000;

export interface Reach {
  /** The jobs that it reaches; empty when it names a job itself. */
  readonly jobs: readonly JobId[];
  /** The definitions of the jobs that it starts. */
  readonly starters: readonly AnyJobDefinition[];
  readonly entries: number;
  readonly bytes: number;
  /** The cost of the jobs: those with large plans count as several. */
  readonly weight: number;
  /** The cost of everything that is created, expressed in jobs with a small plan. */
  readonly cost: number;
}

export class Reaches {
  readonly #table: JobTable;
  readonly #limits: DeliveryLimits;

  constructor(table: JobTable, limits: DeliveryLimits) {
    this.#table = table;
    this.#limits = limits;
  }

  /** @param jobs Those that a search found. */
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

  /** Why an event must not reach so many jobs. It may always reach one. */
  refusal({ jobs, bytes, weight }: Reach): LimitReached | undefined {
    const { fanOutMax, fanOutBytesMax } = this.#limits;
    if (jobs.length < 2) return undefined;
    if (jobs.length > fanOutMax || weight > fanOutMax) return { name: "fanOutMax", max: fanOutMax };
    return bytes > fanOutBytesMax ? { name: "fanOutBytesMax", max: fanOutBytesMax } : undefined;
  }

  /** In jobs with a small plan. Looks at no more jobs than one event may reach. */
  #weightOf(jobs: readonly JobId[]): number {
    return jobs.slice(0, this.#limits.fanOutMax).reduce((sum, jobId) => {
      const job = this.#table.head(jobId);
      return sum + 1 + (job === undefined ? 0 : Math.floor(takingEffort(job) / ENTRY_EFFORT));
    }, 0);
  }
}
