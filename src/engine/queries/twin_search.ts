/** Finds another job that was given the same work. */

import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { isIdentifier, type OwnValue, ownValues } from "../../explain/likeness/own_values.ts";
import { isSameWork } from "../../explain/ended/repeated_work.ts";
import type { FoundEvents, Lookup } from "../views/past_events.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { type SearchParts, unchangedJob } from "./value_search.ts";

/** Values that more jobs were given do not identify a piece of work. */
const TWINS_MAX = 4;

export class TwinSearch {
  /** What identifies its work. */
  readonly #own: readonly OwnValue[];

  constructor(private readonly job: JobState, private readonly parts: SearchParts) {
    const given = isTerminal(job) && hasCode(job)
      ? ownValues(job).filter(({ from }) => from === "input")
      : [];
    this.#own = given.filter(({ path, value }) => isIdentifier(path, value)).slice(0, VALUES_MAX);
  }

  /** Adds the keys that `of` needs to a lookup. */
  lookUp(lookup: Lookup): void {
    for (const { loose } of this.#own) lookup.jobsGiven(loose, TWINS_MAX);
  }

  /** The first one that has not failed. */
  async of(found: FoundEvents): Promise<JobState | undefined> {
    const given = this.#own.map(({ loose }) => found.jobsGiven(loose, TWINS_MAX))
      // A value that no other job was given may be the id of a request that was repeated.
      .filter(({ length }) => length > 1 && length < TWINS_MAX);
    const [fewest] = given.toSorted((left, right) => left.length - right.length);
    if (fewest === undefined) return undefined;
    const { source, read } = this.parts;
    for await (const entry of read(fewest.filter((logId) => logId <= source.headLogId))) {
      const twin = this.#isTwin(entry) ? unchangedJob(source, entry.jobId) : undefined;
      if (twin !== undefined && twin.state !== "Failed") return twin;
    }
    return undefined;
  }

  #isTwin({ jobId, eventType, receivedAt, attributes }: JobEventLogEntry): boolean {
    const { type, input, createdAt, retryOf } = this.job;
    if (eventType !== "job.JobCreated" || jobId === this.job.jobId) return false;
    const other = attributes as FrameworkEntry<"job.JobCreated">["attributes"];
    const isRetry = other.retryOf === this.job.jobId || retryOf === jobId;
    return !isRetry && other.type === type &&
      isSameWork({ ...other, createdAt: receivedAt }, { input, createdAt });
  }
}
