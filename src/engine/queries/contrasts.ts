/**
 * What is special about a job that failed or waits: compared with jobs of its type that were
 * created within an hour of it.
 */

import { conditionOf, isSatisfied } from "../../core/condition.ts";
import { fingerprintOf } from "../../core/error_fingerprint.ts";
import { type Contrast, contrastOf } from "../../core/explain/contrast.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { JobFilter } from "../requests.ts";
import type { JobLists } from "./job_lists.ts";

const WITHIN_MS = 3_600_000;
/** Jobs that are looked at of each kind. */
const ALIKE_MAX = 100;
const OTHERS_MAX = 250;
/** Read without a pause. */
const PAGE = 20;

export class Contrasts {
  readonly #lists: Pick<JobLists, "page">;
  readonly #pacer: Pacer;

  constructor(lists: Pick<JobLists, "page">, pacer: Pacer) {
    this.#lists = lists;
    this.#pacer = pacer;
  }

  /** `undefined` where the job neither failed nor waits, or nothing sets it apart. */
  async of(job: JobState, share: Share): Promise<Contrast | undefined> {
    const kind = kindOf(job);
    if (kind === undefined || job.type === undefined) return undefined;
    const near = { types: [job.type], ...timesNear(job) };
    const alike = await this.#jobs({ ...near, ...kind.filter }, ALIKE_MAX, share);
    const own = alike.filter(kind.isAlike);
    if (!own.some(({ jobId }) => jobId === job.jobId)) own.unshift(job);
    const others = await this.#jobs({ ...near, states: ["Done"] }, OTHERS_MAX, share);
    return contrastOf(own, others);
  }

  async #jobs(filter: JobFilter, max: number, share: Share): Promise<JobState[]> {
    const jobs: JobState[] = [];
    let before: LogId | undefined;
    do {
      const range = before === undefined ? {} : { before };
      const read = () => this.#lists.page({ ...filter, ...range, limit: PAGE });
      const page = await this.#pacer.do(share, read);
      jobs.push(...page.jobs);
      before = page.searched === undefined ? page.next : undefined;
    } while (before !== undefined && jobs.length < max);
    return jobs;
  }
}

interface Kind {
  readonly filter: JobFilter;
  readonly isAlike: (job: JobState) => boolean;
}

function kindOf(job: JobState): Kind | undefined {
  if (job.state === "Failed") {
    const fingerprint = fingerprintOf(job, job.failure);
    return fingerprint === undefined ? undefined : { filter: { fingerprint }, isAlike: () => true };
  }
  if (conditionOf(job) !== "waiting") return undefined;
  const open = openIn(job);
  return {
    filter: { conditions: ["waiting"] },
    isAlike: (other) => openIn(other) === open,
  };
}

/** The expectations that are open, as one text. */
function openIn(job: JobState): string {
  return job.plan.expected.map(({ id }) => id).filter((id) => !isSatisfied(job, id)).join("\n");
}

/** Both ends are exclusive. */
function timesNear({ createdAt }: JobState): JobFilter {
  const at = Date.parse(createdAt);
  return {
    createdAfter: new Date(at - WITHIN_MS).toISOString(),
    createdBefore: new Date(at + WITHIN_MS).toISOString(),
  };
}
