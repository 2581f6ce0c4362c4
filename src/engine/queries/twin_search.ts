/** Finds another job of the type that was given the same input at about the same time. */

import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { isIdentifier, ownValues } from "../../explain/likeness/own_values.ts";
import type { FoundEvents, Lookup } from "../views/past_events.ts";

/** How many values of the input are looked up. */
const VALUES_MAX = 4;
/** Values that more jobs were given do not identify a piece of work. */
const GIVEN_MAX = 4;
/** Later ones are the next piece of work, such as that of the next day. */
const APART_MAX_MS = 3_600_000;

interface Source {
  readonly headLogId: LogId;
  job?(jobId: JobId): JobState | undefined;
}

export class TwinSearch {
  readonly #job: JobState;
  readonly #source: Source;
  /** Loose forms of what identifies its work. */
  readonly #values: readonly string[];

  constructor(job: JobState, source: Source) {
    this.#job = job;
    this.#source = source;
    this.#values = isTerminal(job) && hasCode(job)
      ? ownValues(job).filter(({ from, path, value }) =>
        from === "input" && isIdentifier(path, value)
      ).slice(0, VALUES_MAX).map(({ loose }) => loose)
      : [];
  }

  /** Adds the keys that `of` needs to a lookup. */
  lookUp(lookup: Lookup): void {
    for (const loose of this.#values) lookup.jobsGiven(loose, GIVEN_MAX);
  }

  /** The first one that has not failed. */
  async of(
    found: FoundEvents,
    read: (logIds: readonly LogId[]) => AsyncIterable<JobEventLogEntry>,
  ): Promise<JobState | undefined> {
    const given = this.#values.map((loose) => found.jobsGiven(loose, GIVEN_MAX))
      .filter(({ length }) => length < GIVEN_MAX);
    const [fewest] = given.toSorted((left, right) => left.length - right.length);
    if (fewest === undefined) return undefined;
    const { headLogId } = this.#source;
    for await (const entry of read(fewest.filter((logId) => logId <= headLogId))) {
      const twin = this.#isTwin(entry) ? this.#source.job?.(entry.jobId as JobId) : undefined;
      // As it is now, so it must not have changed since the head.
      if (twin !== undefined && twin.state !== "Failed" && twin.lastLogId <= headLogId) return twin;
    }
    return undefined;
  }

  #isTwin({ jobId, eventType, receivedAt, attributes }: JobEventLogEntry): boolean {
    const { type, input, createdAt, retryOf } = this.#job;
    if (eventType !== "job.JobCreated" || jobId === this.#job.jobId) return false;
    const other = attributes as FrameworkEntry<"job.JobCreated">["attributes"];
    const isRetry = other.retryOf === this.#job.jobId || retryOf === jobId;
    const apartMs = Math.abs(Date.parse(receivedAt) - Date.parse(createdAt));
    return !isRetry && other.type === type && apartMs <= APART_MAX_MS &&
      JSON.stringify(other.input) === JSON.stringify(input);
  }
}
