/** How long jobs like one took: of its type, or plans that wait for the same types of events. */

import { lengthMs } from "../../explain/condition_spans.ts";
import { mayBeLong, type UsualTime, usualTimeOf } from "../../explain/usual_time.ts";
import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { JobFilter } from "../requests.ts";
import type { JobLists } from "./job_lists.ts";
import { hasEnded, jobsNear } from "./jobs_near.ts";

/** The newest so many are compared. */
const JOBS_MAX = 100;

export class UsualTimes {
  readonly #lists: Pick<JobLists, "page">;
  readonly #pacer: Pacer;

  constructor(lists: Pick<JobLists, "page">, pacer: Pacer) {
    this.#lists = lists;
    this.#pacer = pacer;
  }

  /**
   * Of jobs that were created before it and went through; `undefined` where there are too few, or
   * the job goes on, failed, or was over soon.
   *
   * @param upTo Those count that had ended by then; absent is the end of the journal.
   */
  async of(job: JobState, share: Share, upTo?: LogId): Promise<UsualTime | undefined> {
    if (job.state !== "Done" || !mayBeLong(lengthMs(job.createdAt, job.endedAt))) return undefined;
    const { type } = job;
    const filter: JobFilter = type === undefined
      ? { states: ["Done"] }
      : { states: ["Done"], types: [type] };
    const awaited = awaitedBy(job);
    const isLike = (other: JobState) => type !== undefined || awaitedBy(other) === awaited;
    const others = await jobsNear(this.#lists, this.#pacer, share, {
      filter,
      range: { before: job.firstLogId },
      max: JOBS_MAX,
      isMeant: (other) => other.type === type && isLike(other) && hasEnded(other, upTo),
    });
    return usualTimeOf(
      others.flatMap((other) =>
        isTerminal(other) ? [lengthMs(other.createdAt, other.endedAt)] : []
      ),
    );
  }
}

/** The types of the events that a plan waits for, as one text. */
function awaitedBy({ plan }: JobState): string {
  return plan.expected.map(({ matcher }) => matcher.eventType).toSorted().join(" ");
}
