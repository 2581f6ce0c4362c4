/** What running one job needs from the rest of the engine. */

import type { Command } from "../core/command.ts";
import type { Rejection } from "../core/decide.ts";
import type { EventDraft, FactDraft, JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { Applied } from "./job_table.ts";
import type { JobTrace } from "./job_traces.ts";
import type { LiveSecrets } from "./live_secrets.ts";
import type { Clock, Random, Tracing, Urgency } from "./ports.ts";
import type { Scheduler } from "./scheduler.ts";
import type { OpenedInput, SealedJob } from "./sealing.ts";
import type { WorkerQueue } from "./worker_queue.ts";

export type Commanded =
  | { readonly accepted: true; readonly applied: readonly Applied[] }
  | { readonly accepted: false; readonly rejection: Rejection };

export interface RunServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly workers: WorkerQueue;
  /** The job as of what is durable. */
  job(jobId: JobId): JobState;
  /**
   * Decides a command in the job's lane and records what follows. Waits out a full disk;
   * when the journal fails it never settles, since the process ends.
   *
   * @param urgency `"vital"` when absent.
   */
  command(jobId: JobId, command: Command, urgency?: Urgency): Promise<Commanded>;
  /** Records facts, with what they make happen elsewhere; waits and settles as above. */
  record(drafts: readonly EventDraft[], facts?: readonly FactDraft[]): Promise<void>;
  /** Records one fact as it is at the time, or nothing; waits and settles as above. */
  recordLatest(make: () => EventDraft | undefined): Promise<void>;
  entriesAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]>;
  /** The clear input of a job that has a sealed one. */
  openInput(job: SealedJob): Promise<OpenedInput>;
  readonly liveSecrets: LiveSecrets;
  readonly tracing: Tracing;
  /** Where a job comes from; at once, unless the journal has to be read. */
  traceOf(job: JobState): JobTrace | Promise<JobTrace>;
  /** Whether the engine is stopping: no new attempt may begin. */
  readonly draining: boolean;
  /** The run of this job is over and holds nothing any more. */
  ended(jobId: JobId): void;
  /** Something that cannot be: a defect of this program, not of the job's code. */
  onDefect(error: unknown): void;
}
