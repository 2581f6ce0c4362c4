/**
 * Follows a journal without acting on it: projects all jobs, and knows the position of each event
 * id. For commands that open a journal offline. The snapshots that it writes are those of the
 * engine.
 */

import type { EventDraft } from "../../core/event.ts";
import type { EventId, JobId, LogId } from "../../core/ids.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { CorrelationIndex } from "../events/correlation_index.ts";
import { interruptions } from "../run/restart.ts";
import { Projection } from "../writer/projection.ts";

export class Observer {
  /** Interprets the journal's entries. Passed to the journal when that is opened. */
  readonly consumer: Projection = new Projection();

  job(jobId: JobId): JobState | undefined {
    return this.consumer.table.job(jobId);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.consumer.table.jobOfKey(idempotencyKey);
  }

  /** Positions, ascending, of entries that may have this id. Read them to be sure. */
  candidates(eventId: EventId): readonly LogId[] {
    return this.consumer.eventIds.candidates(eventId);
  }

  /**
   * What the next start would record of attempts that a crash cut short.
   *
   * @param recovered The `journal.Recovered` entry.
   */
  interruptions(recovered: LogId): readonly EventDraft[] {
    const restart = { logId: recovered, reason: "crash" } as const;
    return [...this.consumer.table.jobs()].filter((job) => !isTerminal(job))
      .flatMap((job) => interruptions(job, restart));
  }

  /** Finds the jobs that expect an event without a job id, or name it in their policy. */
  expecting(): (event: MatchableEvent) => readonly JobId[] {
    const index = new CorrelationIndex();
    for (const { jobId, plan, state } of this.consumer.table.jobs()) {
      if (state === "Running" || state === "Compensating") index.add(jobId, plan);
    }
    return (event) => index.jobsFor(event);
  }
}
