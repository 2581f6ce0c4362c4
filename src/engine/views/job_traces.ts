/**
 * The trace of each job: that of the entry that created it. It is not part of the job's state, so
 * it is kept beside the job while it lives, and read from the journal for jobs that an earlier
 * process created.
 */

import type { JobId, LogId } from "../../core/ids.ts";
import { hasCode, isTerminal, type JobHead } from "../../core/job_state.ts";
import { type TraceIds, traceOfEntry } from "../../core/trace_ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { EntriesAt } from "../ports.ts";
import type { Past, View } from "./view.ts";
import { createdIn } from "../writer/job_entries.ts";
import type { JobTable } from "../writer/job_table.ts";

export interface JobTrace {
  /** The trace context that created the job. */
  readonly parent: TraceIds | undefined;
  /** The trace context that created the job that this one retries, if it is in another trace. */
  readonly link?: TraceIds;
}

const NO_TRACE: JobTrace = { parent: undefined };

export class JobTraces implements View {
  /** Unfinished jobs with code and a trace that this process created. */
  readonly #created = new SteadyMap<JobId, TraceIds>();
  #restoredTo: LogId = 0;

  constructor(private readonly table: JobTable) {}

  /** Jobs created up to here are from earlier processes. */
  restore({ headLogId }: Past): void {
    this.#restoredTo = headLogId;
  }

  see({ entry, job }: Applied): void {
    if (entry.eventType === "job.JobCreated" && entry.traceId !== undefined && hasCode(job)) {
      const ids = traceOfEntry(entry);
      if (ids !== undefined) this.#created.set(job.jobId, ids);
    }
    if (this.#created.size > 0 && isTerminal(job)) this.#created.delete(job.jobId);
  }

  /** Returned at once for most jobs; a promise when the journal has to be read. */
  of(job: JobHead, entriesAt: EntriesAt): JobTrace | Promise<JobTrace> {
    const isKnown = job.firstLogId > this.#restoredTo;
    const created = this.table.pending(job.jobId)?.inFlight("job.JobCreated");
    const parent = created === undefined ? this.#created.get(job.jobId) : traceOfEntry(created);
    if (!isKnown) return this.#read(job, entriesAt);
    if (parent === undefined) return NO_TRACE;
    return job.retryOf === undefined ? { parent } : this.#read(job, entriesAt, parent);
  }

  /**
   * @param known The context that created the job, whose creation may not be in the journal yet.
   */
  async #read(job: JobHead, entriesAt: EntriesAt, known?: TraceIds): Promise<JobTrace> {
    const parent = known ?? await createdIn(job, entriesAt);
    const retried = job.retryOf === undefined ? undefined : this.table.job(job.retryOf);
    if (parent === undefined || retried === undefined) return { parent };
    const link = await createdIn(retried, entriesAt);
    return link === undefined || link.traceId === parent.traceId ? { parent } : { parent, link };
  }
}
