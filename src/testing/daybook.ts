/** Daybook as a test has it. */

import type { EmbeddedDaybook, WaitOptions } from "../embedded/daybook.ts";
import type { Job, JobCondition } from "../embedded/job.ts";
import type { ExportedJob } from "./exported_job.ts";
import type { RecordedEvent } from "./recorded_event.ts";

/** What a test begins with. */
export interface TestOptions {
  /** A job of a real journal, from `fromExport`. Nothing, unless it is given. */
  readonly journal?: ExportedJob;
  /**
   * When the clock begins: RFC 3339. Default the last entry of `journal`, or
   * `2026-01-01T00:00:00.000Z`.
   */
  readonly startsAt?: string;
  /** Told of what code does that it should not. Default `console.error`. */
  readonly warn?: (message: string) => void;
}

/** A job that has not ended, and cannot continue without time, an event or the test. */
export interface RestingJob {
  /** Which it is. */
  readonly jobId: string;
  /** `null` for a plan without code. */
  readonly type: string | null;
  /** What it does meanwhile. */
  readonly condition: JobCondition;
  /** What it waits for: the first sentence of its explanation. */
  readonly why: string;
}

/**
 * A Daybook in memory, from `testDaybook`: what {@link EmbeddedDaybook} does, on a journal that
 * is gone with the test and a clock that the test moves. `submit`, `deliver` and `control` return
 * when all has happened that needs no time.
 */
export interface TestDaybook extends EmbeddedDaybook {
  /** What the clock says, in milliseconds since the epoch. */
  now(): number;

  /**
   * Lets time pass: retries, sleeps, time limits and retentions come due one by one, and what
   * follows from each happens before the next. Where a step awaits something real, that is
   * waited for, about a quarter of a second: then it counts as held up by the test, and time
   * passes all the same.
   *
   * @param ms In milliseconds: {@link seconds}, {@link minutes}, {@link hours} and {@link days}
   * make them.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  advance(ms: number): Promise<void>;

  /**
   * Lets all happen that needs no time.
   *
   * @returns What each job that has not ended then waits for.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  untilIdle(): Promise<readonly RestingJob[]>;

  /**
   * The process dies once a step of this name has completed and that is on record, the next time
   * that this happens, and begins again on the same journal. What other steps were doing at the
   * time is done again. A call that came at the same moment may reject with
   * `JournalFailedError`, as it would in real life. When it has not happened once all jobs have
   * ended, or the test has, that is an error.
   *
   * @param taskId The name that `ctx.task`, or `ctx.sleep`, is given.
   */
  crashAfter(taskId: string): void;

  /**
   * The process dies now, and begins again on the same journal. What steps were doing is done
   * again.
   */
  crash(): Promise<void>;

  /** The entries of the journal, or of one job, in their order. */
  events(job?: string | Job): Promise<readonly RecordedEvent[]>;

  /**
   * A job once it is Done or Failed, or as it is when nothing more happens within `timeoutMs` of
   * the manual clock, which this moves as far as it has to. 0 unless it is given.
   *
   * @throws {RefusedError} `unknown-job` when there is none.
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   */
  wait<Output>(job: string | Job<Output>, options?: Partial<WaitOptions>): Promise<Job<Output>>;

  /**
   * Ends the test: every `run` has been called twice by then.
   *
   * @throws {NotDeterministicError} when the `run` of a job does not do the same each time.
   * @throws {Error} when a requested crash has not happened.
   */
  close(closeServer?: () => Promise<unknown>): Promise<void>;
}
