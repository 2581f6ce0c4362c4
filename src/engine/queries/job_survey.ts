/** All jobs at one look: how many there are of each kind, and those that may need a person. */

import type { Attention } from "../views/attention.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { JobCensus } from "../views/job_census.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { Clock } from "../ports.ts";
import type { Census, NeedingAttention } from "../requests.ts";
import type { WorkerQueue } from "../run/worker_queue.ts";

export interface JobSurveyParts {
  readonly attention: Attention;
  readonly census: JobCensus;
  readonly clock: Clock;
  readonly events: EventEngine;
  readonly pacer: Pacer;
  readonly table: JobTable;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
}

export class JobSurvey {
  readonly #parts: JobSurveyParts;

  constructor(parts: JobSurveyParts) {
    this.#parts = parts;
  }

  /** How many jobs there are of each kind; asking costs nothing, however many there are. */
  census(): Census {
    const { census, clock, table, workers, threadWorkers } = this.#parts;
    return {
      jobs: table.size,
      states: census.states,
      conditions: census.conditions,
      oldestQueued: census.oldestQueued(clock.now()),
      busyWorkers: workers.busy + threadWorkers.busy,
      maxWorkers: workers.max + threadWorkers.max,
    };
  }

  /** The jobs that a person may have to look at, a few of each kind. */
  needingAttention(): Promise<NeedingAttention> {
    const { attention, events, pacer, table } = this.#parts;
    const share: Share = { spentMs: 0 };
    return attention.read(
      async (jobId) => await pacer.do(share, () => table.existing(jobId)),
      (logIds) => events.journal.readAt(logIds),
    );
  }
}
