/**
 * A run of mixed jobs over the real routes. It keeps the answer of `GET /jobs/:id` for every job
 * after each of its entries became durable.
 */

import assert from "node:assert/strict";
import type { Hono } from "hono";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import { type JobId, jobId, type LogId } from "../../../src/core/ids.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import type { JournalConsumer } from "../../../src/engine/ports.ts";
import { createApp } from "../../../src/http/app.ts";
import { jobView } from "../../../src/documents/jobs.ts";
import { MemoryJournal } from "../../../src/testing/memory_journal.ts";
import { Harness } from "../engine/engine_harness.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import type { JobBody } from "./http_app.ts";
import {
  controlOf,
  creationOf,
  eventFor,
  GONE,
  MIXED_DEFINITIONS,
  type PostRequest,
} from "./mixed_jobs.ts";
import { unlimited } from "../engine/unlimited.ts";

/** The server's answers, by job and the job's last entry at that point. */
export type Recording = ReadonlyMap<JobId, ReadonlyMap<LogId, JobBody>>;

/** Jobs of a type that is not loaded: two are given up as they are, the other stays parked. */
const PARKED_JOB_IDS = ["parked-0", "parked-1", "parked-2"].map(jobId);

/** What an earlier process with a since removed type left. */
async function pastWithout(clock: FakeClock, random: FakeRandom) {
  const harness = await Harness.start({ definitions: [GONE], clock, random });
  for (const jobId of PARKED_JOB_IDS) await harness.create({ jobId, type: GONE.type });
  await clock.settle();
  const { content } = harness.journal;
  harness.journal.hold();
  return content;
}

const RUNS = new Map<number, Promise<RecordedRun>>();

export class RecordedRun {
  readonly #clock = new FakeClock();
  readonly #recording = new Map<JobId, Map<LogId, JobBody>>();

  private constructor(readonly engine: JobEngine, readonly app: Hono, clock: FakeClock) {
    this.#clock = clock;
  }

  /** A run of this many jobs, made once for all tests that read it. */
  static of(jobs: number): Promise<RecordedRun> {
    const run = RUNS.get(jobs) ?? RecordedRun.#played(jobs);
    RUNS.set(jobs, run);
    return run;
  }

  static async #played(jobs: number): Promise<RecordedRun> {
    const [clock, random] = [new FakeClock(), new FakeRandom()];
    const content = await pastWithout(clock, random);
    const engine = new JobEngine({
      ...unlimited(),
      clock,
      random,
      definitions: MIXED_DEFINITIONS,
      maxRunning: 4,
      onDefect: (error) => assert.fail(String(error)),
    });
    const run = new RecordedRun(engine, createApp({ engine, clock }), clock);
    const consumer: JournalConsumer = {
      ...engine.consumer,
      durable: (entries) => {
        const handled = engine.consumer.durable(entries);
        run.#record(entries);
        return handled;
      },
    };
    const { journal } = await MemoryJournal.open({ clock, random, consumer, content });
    await engine.start(journal);
    await run.#play(jobs);
    return run;
  }

  /** Creates jobs, some at a time, and lets events and controls come in between. */
  async #play(jobs: number): Promise<void> {
    const cancel = (at: number, body: object) =>
      this.#post({ path: `/jobs/${PARKED_JOB_IDS[at]}/cancel`, body });
    await cancel(0, { leave: true });
    await cancel(1, {});
    await cancel(1, { leave: true });
    for (let n = 0; n < jobs; n++) {
      const turn = n * 7 + 3;
      const others = [n >> 1, n - 10, n - 1].filter((other) => other >= 0);
      await Promise.all([
        this.#post(creationOf(n)),
        ...others.map((other) => this.#post(eventFor(other, turn + other))),
      ]);
      if (n % 3 === 0) await this.#clock.settle(n % 5);
      await Promise.all(others.map((other, at) => this.#post(controlOf(other, turn + at * 3 + n))));
      if (n % 4 === 0) await this.#clock.advance(n % 8 === 0 ? 500 : 1_000);
    }
    await this.#finish(jobs);
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return await this.app.request(path, { headers });
  }

  async #post({ path, body }: PostRequest): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return await this.app.request(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  get recording(): Recording {
    return this.#recording;
  }

  /** The remaining jobs are resumed, get their events, and have time. */
  async #finish(jobs: number): Promise<void> {
    for (let n = 0; n < jobs; n++) {
      await this.#post({ path: controlOf(n, 2).path, body: {} });
      for (let turn = 0; turn < 4; turn++) await this.#post(eventFor(n, n + turn));
    }
    await this.#clock.advance(60_000);
  }

  /** The view behind the route, because the answer itself may have to wait its turn. */
  #record(entries: readonly JobEventLogEntry[]): void {
    const jobIds = new Set(entries.flatMap(({ jobId }) => jobId === undefined ? [] : [jobId]));
    for (const jobId of jobIds) {
      const job = this.engine.job(jobId);
      assert.ok(job);
      const body: JobBody = JSON.parse(JSON.stringify(jobView(job)));
      const bodies = this.#recording.get(jobId) ?? new Map<LogId, JobBody>();
      this.#recording.set(jobId, bodies.set(job.lastLogId, body));
    }
  }
}
