/** What the run of a job needs of the engine. */

import type { JobId, TaskId } from "../../core/ids.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { EngineLimits } from "../engine_limits.ts";
import type { FanOut } from "../events/fan_out.ts";
import type { JobTraces } from "../views/job_traces.ts";
import type { LateCalls } from "./attempts/attempt_context.ts";
import type { CodePlace } from "./call/run_call.ts";
import type { Clock, EntriesAt, Random } from "../ports.ts";
import type { AttemptWatch, JobLog, Tracing } from "../watches.ts";
import type { LoopTurns, Scheduler } from "./scheduler.ts";
import type { OpenedInput, SealedJob } from "../secrets/sealing.ts";
import type { ProcessFacts } from "../writer/process_facts.ts";
import type { LiveSecrets, SecretGuard } from "../secrets/secret_guard.ts";
import type { DiskRetries } from "../writer/disk_retries.ts";
import type { HeldPlaces } from "./queue/held_places.ts";
import type { Shares } from "./queue/shares.ts";
import type { Slots } from "./queue/slots.ts";
import type { Suspects } from "./recovery/suspects.ts";
import type { WorkerQueue } from "./queue/worker_queue.ts";
import type { RetryPolicy } from "../../core/retry_policy.ts";
import type { TaskContext } from "../job_context.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { PendingJob } from "../writer/job_record.ts";
import type { Intake } from "../writer/intake.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { Writer } from "../writer/writer.ts";

/** Something to attempt for a job: a task that its `run` asks for, or a compensation. */
export interface AttemptWork {
  readonly kind: "task" | "compensation";
  readonly taskId: TaskId;
  /** Absent when `run` no longer gives the task a compensation. */
  readonly run: ((task: TaskContext) => unknown) | undefined;
  /** Absent when `run` no longer asks for the task. */
  readonly retry: RetryPolicy | undefined;
  /** In milliseconds; `undefined` means no limit. */
  readonly timeoutMs: number | undefined;
  /** The compensation of a task. */
  readonly compensate?: unknown;
}

/** The run of a job, for its parts. */
export interface RunSubject {
  readonly services: RunServices;
  readonly pool: RunPool;
  readonly definition: AnyJobDefinition;
  readonly jobId: JobId;
  readonly job: PendingJob;
  /** Guards the secrets in the job's input. */
  readonly guard: SecretGuard;
  /** There may be something to do. */
  wake(): void;
  /** Decides soon what to do next: an attempt has ended, or a full disk has room. */
  advanceSoon(): void;
  /** An attempt failed: retries the work at a time in RFC 3339. */
  startAt(work: AttemptWork, retryAt: string): void;
  /** The handler of an attempt was not called: starts the work again when it may begin. */
  giveBack(work: AttemptWork): void;
  /** The call rests, and has given its worker back. */
  rested(): void;
  /**
   * The thread of the code has died, and the call with it.
   *
   * @param answersMax How many answers the next call gets.
   */
  codeLost(answersMax?: number): void;
  /** The run is over: its job has ended, or a later run continues it. Attempts may still be open. */
  end(): void;
  /** Whether an attempt is open. */
  readonly isBusy: boolean;
  /** Calls back, soon after, when no attempt is open. */
  whenIdle(callback: () => void): void;
  /** The process stops: aborts the open attempts. */
  interrupt(): void;
}

/** What calls the code of jobs, in the engine's thread or in threads of their own. */
export interface RunPool {
  readonly code: CodePlace;
  /** Whether the code of a resting job is unloaded, so that `run` is called again later. */
  readonly leavesCode: boolean;
  readonly workers: WorkerQueue;
  readonly slots: Slots;
  readonly attemptWatch: AttemptWatch;
}

/** The parts of the engine that a run uses. */
export interface RunServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly scheduler: Scheduler;
  /** The places of types that have limits. */
  readonly shares: Shares;
  readonly heldPlaces: HeldPlaces;
  readonly suspects: Suspects;
  readonly turns: LoopTurns;
  readonly writer: Writer;
  readonly diskRetries: DiskRetries;
  /** Releases the jobs that a run holds. */
  readonly table: JobTable;
  readonly events: EventEngine;
  readonly fanOut: FanOut;
  readonly intake: Intake;
  readonly limits: EngineLimits;
  /** Reads durable entries. Retries until they can be read. */
  readonly entriesAt: EntriesAt;
  /** Decrypts the input of a sealed job. Retries too. */
  openInput(job: SealedJob): Promise<OpenedInput>;
  readonly liveSecrets: LiveSecrets;
  readonly lateCalls: LateCalls;
  readonly processFacts: ProcessFacts;
  readonly tracing: Tracing;
  readonly traces: JobTraces;
  readonly jobLog: JobLog;
  /** Whether the engine is stopping, so that no attempt may begin. */
  readonly draining: boolean;
  readonly supervisor: {
    /** The run is over. */
    ended(run: RunSubject): void;
  };
  /** Reports a defect of the engine, not of the job's code. */
  onDefect(error: unknown): void;
}
