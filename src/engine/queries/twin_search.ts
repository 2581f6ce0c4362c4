/** Finds other jobs that were given what a job was: the same work, or the thing that its error is about. */

import { errorText } from "../../core/error_text.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { pathTo } from "../../explain/likeness/elsewhere.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { isIdentifier, type OwnValue, ownValues } from "../../explain/likeness/own_values.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { isSameWork } from "../../explain/ended/repeated_work.ts";
import { reason } from "../../explain/statements/statement.ts";
import type { FoundEvents, Lookup } from "../views/past_events.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { type SearchParts, unchangedJob } from "./value_search.ts";

/** Values that more jobs were given do not identify a piece of work, or the thing that it is about. */
const TWINS_MAX = 4;
const RIVALS_MAX = 10;

/** A shorter value that is not a word of its own occurs by chance. */
const NAMED_LENGTH_MIN = 4;
/** Errors about the state of a thing, which another job may have changed. */
const OF_STATE =
  /\b(already|exists|duplicate|conflict|locked|in use|taken|not found|no such|gone|deleted|404|409|410|412|423)\b/i;

export class TwinSearch {
  /** What identifies its work. */
  readonly #own: readonly OwnValue[];
  /** What its error is about. */
  readonly #disputed: readonly OwnValue[];

  constructor(private readonly job: JobState, private readonly parts: SearchParts) {
    const given = isTerminal(job) && hasCode(job)
      ? ownValues(job).filter(({ from }) => from === "input")
      : [];
    this.#own = given.filter(({ path, value }) => isIdentifier(path, value)).slice(0, VALUES_MAX);
    const error = job.state === "Failed" ? job.failure.error.message : "";
    const words = new Set(error.match(/[\p{L}\p{N}]+/gu));
    const named = given.map((own) => ({ ...own, text: `${own.value}` })).filter(({ text }) =>
      text.length >= NAMED_LENGTH_MIN ? error.includes(text) : words.has(text)
    );
    this.#disputed = named.length > 0
      ? named.slice(0, VALUES_MAX)
      : OF_STATE.test(error)
      ? this.#own
      : [];
  }

  /** Adds the keys that `of` and `rival` need to a lookup. */
  lookUp(lookup: Lookup): void {
    for (const { loose } of this.#own) lookup.jobsGiven(loose, TWINS_MAX);
    for (const { loose } of this.#disputed) lookup.jobsGiven(loose, RIVALS_MAX);
  }

  /** The job that last had to do with what the error is about, before this one failed. */
  async rival(found: FoundEvents): Promise<Statement<LogId> | undefined> {
    const job = this.job;
    if (job.state !== "Failed") return undefined;
    for (const { value, loose } of this.#disputed) {
      const given = found.jobsGiven(loose, RIVALS_MAX).filter((logId) => logId < job.endedBy);
      if (given.length === RIVALS_MAX) continue;
      const rivals: { readonly rival: JobState; readonly path: string }[] = [];
      for await (const entry of this.parts.read(given)) {
        const rival = this.#other(entry.jobId);
        const path = isOfType(entry, "job.JobCreated") && pathTo(value, entry.attributes);
        if (rival !== undefined && typeof path === "string") rivals.push({ rival, path });
      }
      // What several jobs of its type were given and went through with is nothing they compete for.
      const isLikeIt = ({ rival }: { readonly rival: JobState }) =>
        rival.type === job.type && rival.state === "Done";
      const isCommon = rivals.filter(isLikeIt).length > 1;
      const [last] = rivals.filter((one) => !isCommon || !isLikeIt(one)).toSorted((one, other) =>
        Number(one.rival.state === "Failed") - Number(other.rival.state === "Failed") ||
        other.rival.lastLogId - one.rival.lastLogId
      );
      if (last === undefined) continue;
      const { rival, path } = last;
      const statement = `Job ${rival.jobId} (${rival.type ?? "a plan"}), which also has ` +
        `${shownScalar(value)} at ${shownText(path)}, ${becameText(rival)}.`;
      return reason(statement, rival.firstLogId, becameBy(rival));
    }
    return undefined;
  }

  /** None that failed in the same way. */
  #other(jobId: JobId | undefined): JobState | undefined {
    const job = this.job;
    const other = unchangedJob(this.parts.source, jobId);
    if (other === undefined) return undefined;
    const isRelated = jobId === job.jobId || other.retryOf === job.jobId || job.retryOf === jobId;
    const isAlike = other.state === "Failed" && job.state === "Failed" &&
      errorText(other.failure.error) === errorText(job.failure.error);
    return isRelated || isAlike ? undefined : other;
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
