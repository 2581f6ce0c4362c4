/** Daybook as a test sees it. */

import type { EmbeddedDaybook, WaitOptions } from "../embedded/daybook.ts";
import type { Job, JobCondition } from "../embedded/job.ts";
import type { ExportedJob, RecordedEvent } from "./exported_job.ts";

/** What a test starts with. */
export interface TestOptions {
  /** A job of a real journal, from `fromExport`. Default: an empty journal. */
  readonly journal?: ExportedJob;
  /**
   * The start of the clock: RFC 3339. Default: the time of the last entry of `journal`, or
   * `2026-01-01T00:00:00.000Z`.
   */
  readonly startsAt?: string;
  /** Called with warnings about code that breaks a rule. Default: `console.error`. */
  readonly warn?: (message: string) => void;
}

/** A job that has not ended and waits for time, an event or the test. */
export interface RestingJob {
  /** Its id. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** What it is doing meanwhile. */
  readonly condition: JobCondition;
  /** What it waits for: the first sentence of its explanation. */
  readonly why: string;
}

/**
 * A Daybook in memory, from `testDaybook`. It does what {@link EmbeddedDaybook} does, on a journal
 * that disappears with the test and a clock that the test advances. `submit`, `deliver` and
 * `control` return when everything that needs no time has happened.
 */
export interface TestDaybook extends EmbeddedDaybook {
  /** The time of the clock, in milliseconds. */
  now(): number;

  /**
   * Advances the clock: retries, sleeps, time limits and retentions come due one by one, and the
   * effects of each happen before the next. When a step awaits something real, this waits about a
   * quarter of a second for it. After that it counts as blocked by the test, and time passes
   * without it.
   *
   * @param ms In milliseconds; see {@link seconds}, {@link minutes}, {@link hours} and {@link
   * days}.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  advance(ms: number): Promise<void>;

  /**
   * Waits until everything that needs no time has happened.
   *
   * @returns The jobs that have not ended, and what each waits for.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  untilIdle(): Promise<readonly RestingJob[]>;

  /**
   * Crashes the process as soon as the next completion of a step with this name is on record, and
   * restarts it on the same journal. Other steps that were running at the time run again. A call
   * made at the same moment may reject with `JournalFailedError`, as it would in production. It is
   * an error if the step has not completed by the time all jobs, or the test, have ended.
   *
   * @param taskId The name given to `ctx.task` or `ctx.sleep`.
   */
  crashAfter(taskId: string): void;

  /**
   * Crashes the process now, and restarts it on the same journal. Steps that were running run
   * again.
   */
  crash(): Promise<void>;

  /** The entries of the journal, or of one job, in order. */
  events(job?: string | Job): Promise<readonly RecordedEvent[]>;

  /**
   * A job once it is Done or Failed; or as it is when nothing more happens within `timeoutMs` of
   * the manual clock, which this advances as far as needed. `timeoutMs` is 0 by default.
   *
   * @throws {RefusedError} `unknown-job` when there is none.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  wait<Output>(job: string | Job<Output>, options?: Partial<WaitOptions>): Promise<Job<Output>>;

  /**
   * Ends the test. By then every `run` has been called twice.
   *
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   * @throws {Error} when a requested crash has not happened.
   */
  close(closeServer?: () => Promise<unknown>): Promise<void>;
}
