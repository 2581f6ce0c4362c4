/** Daybook as a test sees it, and how a test opens it. */

import type { JobId } from "../core/ids.ts";
import { deriveCondition } from "../core/condition.ts";
import { isTerminal, type JobState } from "../core/job_state.ts";
import type { EmbeddedDaybook, WaitOptions } from "../embedded/daybook.ts";
import {
  InProcessDaybook,
  own,
  requireTime,
  warnOnConsole,
} from "../embedded/in_process_daybook.ts";
import type { Job, JobCondition } from "../embedded/job.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ExportedJob, RecordedEvent } from "./exported_job.ts";
import { Machine } from "./machine.ts";
import { EPOCH_MS } from "./clocks.ts";

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

/**
 * Opens a Daybook in memory for the test of a job. Its journal disappears with the test, and its
 * clock moves only when the test advances it. It needs no permissions. Every `run` is called twice.
 *
 * @throws {TypeError} when a definition cannot be used.
 * @throws {Error} when the definitions do not fit the history of the exported job.
 *
 * @example
 * ```ts
 * import { defineJob } from "@daybook/daybook";
 * import { seconds, testDaybook } from "@daybook/daybook/testing";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const charge = defineJob({
 *   type: "order.charge",
 *   version: 1,
 *   input: v.object({ orderId: v.string() }),
 *   run: (ctx) =>
 *     ctx.task("charge", ({ attempt }) => {
 *       if (attempt === 1) throw new Error("the bank is busy");
 *       return { charged: true };
 *     }),
 * });
 *
 * Deno.test("order.charge: is tried again", async () => {
 *   await using daybook = await testDaybook([charge]);
 *   const job = await daybook.submit(charge, { orderId: "42" });
 *   await daybook.advance(seconds(5));
 *   const { state, output } = await daybook.wait(job);
 *   assert.equal(state, "Done", await daybook.explain(job.jobId));
 *   assert.deepEqual(output, { charged: true });
 * });
 * ```
 */
export async function testDaybook(
  definitions: readonly AnyJobDefinition[],
  { journal, startsAt, warn = warnOnConsole }: TestOptions = {},
): Promise<TestDaybook> {
  const last = startsAt ?? journal?.entries.at(-1)?.receivedAt;
  const startMs = last === undefined ? EPOCH_MS : Date.parse(last);
  if (Number.isNaN(startMs)) throw new TypeError(`Cannot start at ${last}: it is not a time`);
  const machine = await Machine.start({ definitions, exported: journal, startMs, warn });
  return new DaybookUnderTest(machine);
}

const MAX_START_DELAY_MS = 15 * 60_000;

class DaybookUnderTest extends InProcessDaybook implements TestDaybook {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    super({
      get engine() {
        return machine.process.engine;
      },
      clock: machine.clock,
      maxStartDelayMs: MAX_START_DELAY_MS,
      fetch: (request) => machine.process.fetch(request),
      stop: (closeServer) => machine.stop(closeServer),
    });
    this.#machine = machine;
  }

  now(): number {
    return this.#machine.clock.now();
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`Cannot advance by ${ms} ms: it must be finite, and not negative`);
    }
    await this.#machine.advance(ms);
    await this.#machine.requireSound();
  }

  async untilIdle(): Promise<readonly RestingJob[]> {
    await this.#machine.rest();
    await this.#machine.requireSound();
    const { engine } = this.#machine.process;
    return await Promise.all(this.#machine.openJobs.map((job) => resting(engine, job)));
  }

  crashAfter(taskId: string): void {
    this.#machine.crashAfter(taskId);
  }

  async crash(): Promise<void> {
    await this.#machine.crash();
  }

  async events(job?: string | Job): Promise<readonly RecordedEvent[]> {
    const { engine } = this.#machine.process;
    const jobId = typeof job === "object" ? job.jobId : job;
    const entries = jobId === undefined
      ? await engine.entries(0, Infinity)
      : await engine.history.of(jobId as JobId, 0, Infinity);
    return own(entries) as readonly RecordedEvent[];
  }

  override async wait<Output>(
    job: string | Job<Output>,
    { timeoutMs = 0, signal }: Partial<WaitOptions> = {},
  ): Promise<Job<Output>> {
    requireTime(timeoutMs);
    const { clock } = this.#machine;
    const endMs = clock.now() + timeoutMs;
    const jobId = typeof job === "string" ? job : job.jobId;
    const continues = () => {
      const state = this.#machine.process.engine.job(jobId as JobId);
      return state !== undefined && !isTerminal(state) && signal?.aborted !== true;
    };
    await this.#machine.rest();
    while (continues() && clock.callNext(endMs)) await this.#machine.rest();
    if (continues()) await this.#machine.advance(endMs - clock.now());
    while (continues() && await this.#machine.restLonger(jobId));
    await this.#machine.requireSound();
    return await super.wait(job, { timeoutMs: 0 });
  }

  protected override async write<Value>(
    run: (engine: JobEngine) => Promise<Value>,
  ): Promise<Value> {
    const value = await super.write(run);
    await this.#machine.settle();
    return value;
  }
}

async function resting(engine: JobEngine, job: JobState): Promise<RestingJob> {
  const { jobId, type = null } = job;
  const why = (await (await engine.explanations()).explainer.explain(jobId))?.summary ?? "";
  return { jobId, type, condition: deriveCondition(job) as JobCondition, why };
}
