/** An overview of all jobs: how many there are of each kind, and those that may need a person. */

import { type JobId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import type { Share } from "../events/pacer.ts";
import type { Census, NeedingAttention } from "../requests.ts";
import type { ParkedJobs } from "../../explain/evidence.ts";
import type { QueryParts } from "./query_parts.ts";

export class JobSurvey {
  constructor(private readonly parts: QueryParts) {}

  /** How many jobs there are of each kind; costs nothing, however many there are. */
  census(): Census {
    const { census, clock, table, workers, threadWorkers } = this.parts;
    return {
      jobs: table.size,
      states: census.states,
      conditions: census.conditions,
      oldestQueued: census.oldestQueued(clock.now()),
      busyWorkers: workers.busy + threadWorkers.busy,
      maxWorkers: workers.max + threadWorkers.max,
    };
  }

  /** Parked jobs by reason and type, the largest group first. */
  get parkedJobs(): readonly ParkedJobs[] {
    return this.parts.attention.parked;
  }

  /** The tasks of each job that run alone, since the process ended twice while they were open. */
  get aloneTasks(): ReadonlyMap<JobId, readonly TaskId[]> {
    const withoutMain = (tasks: ReadonlySet<TaskId>) =>
      [...tasks].filter((taskId) => taskId !== MAIN_TASK);
    return new Map([...this.parts.suspects.all].map(([id, tasks]) => [id, withoutMain(tasks)]));
  }

  /** Unfinished jobs whose sealed input could not be opened at the start. */
  get keylessJobs(): number {
    return this.parts.inputRemovals.keyless;
  }

  /** The jobs that a person may have to look at, a few of each kind. */
  needingAttention(): Promise<NeedingAttention> {
    const { attention, events, pacer, table } = this.parts;
    const share: Share = { spentMs: 0 };
    return attention.read(
      async (jobId) => await pacer.do(share, () => table.existing(jobId)),
      (logIds) => events.journal.readAt(logIds),
    );
  }
}
