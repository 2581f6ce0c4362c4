/**
 * Jobs that need few places, workers and threads, with controls, pauses and kills in between, so
 * that some run alone. Whenever only the test could move something, no job lacks nothing that it
 * waits for; and once nothing is held, every job ends.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobId } from "../../src/core/ids.ts";
import { JobFold } from "../../src/core/job_fold.ts";
import { isTerminal, type JobState } from "../../src/core/job_state.ts";
import { holds, notePause } from "../../src/core/pauses.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { Places } from "../../src/engine/writer/places.ts";
import {
  defineJob,
  type JobContext,
  NonRetryableError,
  RetryLater,
  type TaskContext,
} from "../../src/mod.ts";
import { rounds } from "../support/effort.ts";
import { FewThreads } from "../support/engine/few_threads.ts";
import { Harness } from "../support/engine/engine_harness.ts";

/** Long enough for a handler to count as slow, and short beside every other time. */
const QUIET_MS = 50;

const LIMITS = [
  { maxRunning: 1 },
  { maxRunning: 2, perKey: 1 },
  { perKey: 1 },
  { maxRunning: 2, rate: { count: 2, perMs: 2_000 } },
] as const;
type Limits = {
  readonly maxRunning?: number;
  readonly perKey?: number;
  readonly rate?: { readonly count: number; readonly perMs: number };
};

const STEPS = ["work", "work", "work", "prompt", "late", "both", "sleep", "event", "fail"] as const;
type Step = typeof STEPS[number];

const RETRY = { maxAttempts: 3, initialMs: 100 };

/** One process: the handlers that run in it, each until the test ends it. */
class Life {
  /** By job. */
  readonly open = new Map<string, (() => void)[]>();
  endsAtOnce = false;

  definitions(limits: Limits, isUpgraded: boolean): readonly AnyJobDefinition[] {
    const inThread = { isolation: "thread", module: import.meta.url } as const;
    const limited = this.#definition("limited", { limits: { ...limits, key: keyOf } });
    return [
      limited,
      ...isUpgraded ? [{ ...limited, version: 2, ...inThread }] : [],
      this.#definition("plain"),
      this.#definition("threaded", inThread),
    ];
  }

  #definition(type: string, more: Partial<AnyJobDefinition> = {}): AnyJobDefinition {
    const definition = defineJob({
      type,
      version: 1,
      input: v.object({ key: v.string(), steps: v.array(v.picklist(STEPS)) }),
      expects: () => ({ paid: { eventType: "shop.Paid" } }),
      run: async (ctx, { steps }) => {
        for (const [at, step] of steps.entries()) await this.#do(ctx, step, at);
      },
    });
    return { ...definition, ...more } as AnyJobDefinition;
  }

  async #do(ctx: JobContext<"paid">, step: Step, at: number): Promise<void> {
    const work = (task: TaskContext) => this.#work(task);
    const compensable = { retry: RETRY, compensate: (_: unknown, task: TaskContext) => work(task) };
    const late = (task: TaskContext) => {
      if (task.attempt === 1) throw new RetryLater(500);
    };
    if (step === "sleep") await ctx.sleep(`sleep-${at}`, 700);
    else if (step === "event") await ctx.expect("paid");
    else if (step === "prompt") await ctx.task(`prompt-${at}`, () => {});
    else if (step === "work") await ctx.task(`work-${at}`, work, compensable);
    else if (step === "late") await ctx.task(`late-${at}`, late);
    else if (step === "fail") {
      await ctx.task(`fail-${at}`, () => {
        throw new NonRetryableError("no");
      });
    } else {
      await Promise.all([
        ctx.task(`late-${at}`, late),
        ctx.task(`work-${at}`, work, compensable).then(() => ctx.task(`then-${at}`, () => {})),
      ]);
    }
  }

  async #work({ jobId, signal }: TaskContext): Promise<void> {
    if (this.endsAtOnce) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const ends = this.open.get(jobId) ?? [];
    this.open.set(jobId, [...ends, resolve]);
    signal.addEventListener("abort", () => reject(signal.reason));
    await promise.finally(() => {
      const left = (this.open.get(jobId) ?? []).filter((end) => end !== resolve);
      if (left.length > 0) this.open.set(jobId, left);
      else this.open.delete(jobId);
    });
  }
}

function keyOf({ key }: { readonly key: string }): string {
  return key;
}

/** What is on record of the places and starts of the limited type. */
class Record {
  readonly folds = new Map<string, JobFold>();
  readonly #pauses = new InForce(notePause, ({ pauseId }) => pauseId);
  readonly #places = new Places(this.#pauses);
  #starts: number[] = [];
  #seen = 0;

  async follow({ engine }: Harness): Promise<void> {
    for (const entry of await engine.entries(this.#seen, 100_000)) {
      this.#seen = entry.logId;
      if (this.#pauses.see(entry)) this.#places.pausesChanged();
      if (entry.jobId === undefined) continue;
      const fold = this.folds.get(entry.jobId) ?? new JobFold();
      this.folds.set(entry.jobId, fold);
      this.#places.see(fold.apply(entry));
      const begins = entry.eventType === "job.TaskStarted" && entry.taskId === "main" &&
        fold.head?.type === "limited";
      if (begins) this.#starts.push(Date.parse(entry.receivedAt));
    }
  }

  /** @param busy Jobs with a handler, which have their place even if they are suspended. */
  hasRoomFor(
    job: JobState,
    busy: Iterable<string>,
    { maxRunning, perKey, rate }: Limits,
    nowMs: number,
  ): boolean {
    if (job.type !== "limited" || this.#places.has(job.jobId)) return true;
    const holders = new Set([...this.#places.all.map(([jobId]) => jobId), ...busy]);
    const held = [...holders].map((jobId) => this.folds.get(jobId)?.head)
      .filter((head) => head?.type === "limited");
    if (held.length >= (maxRunning ?? Infinity)) return false;
    if (held.filter((head) => head?.key === job.key).length >= (perKey ?? Infinity)) return false;
    const hasBegun = job.tasks.some(({ taskId }) => taskId === "main");
    if (hasBegun || rate === undefined) return true;
    return this.#starts.filter((atMs) => atMs > nowMs - rate.perMs).length < rate.count;
  }
}

interface Move {
  readonly kind: string;
  readonly of: number;
  readonly type: "limited" | "plain" | "threaded";
  readonly key: string;
  readonly priority: number;
  readonly steps: readonly Step[];
}

interface Size {
  readonly limits: Limits;
  readonly maxRunning: number;
  readonly threads: number;
}

interface Threads {
  place: FewThreads;
  readonly max: number;
}

class Machine {
  readonly #size: Size;
  readonly #threads: Threads;
  readonly #ids: JobId[] = [];
  #record = new Record();
  #life = new Life();
  #limits: Limits;
  #harness: Harness;

  private constructor(size: Size, life: Life, threads: Threads, harness: Harness) {
    this.#size = size;
    this.#limits = size.limits;
    this.#life = life;
    this.#threads = threads;
    this.#harness = harness;
  }

  static async start(size: Size): Promise<Machine> {
    const life = new Life();
    const threads = { place: new FewThreads(size.threads), max: size.threads };
    const definitions = life.definitions(size.limits, false);
    const harness = await Harness.start({ definitions, threads, maxRunning: size.maxRunning });
    return new Machine(size, life, threads, harness);
  }

  async play({ kind, of, ...job }: Move): Promise<void> {
    const { engine, clock } = this.#harness;
    const id = this.#ids[of % Math.max(1, this.#ids.length)];
    const open = [...this.#life.open.values()].flat();
    if (kind === "job") {
      const jobId = `job-${this.#ids.length}` as JobId;
      const { type, key, steps, priority } = job;
      this.#ids.push(jobId);
      await this.#harness.create({ type, input: { key, steps: [...steps] }, jobId, priority });
    } else if (kind === "end") open[of % Math.max(1, open.length)]?.();
    else if (kind === "event") await this.#harness.event("shop.Paid");
    else if (kind === "advance") await clock.advance(100 * of);
    else if (kind === "crash") {
      for (let ends = 0; ends <= of % 2; ends++) await this.#crash(of > 5);
    } else if (kind === "limits") {
      this.#limits = LIMITS[of % LIMITS.length] ?? {};
      await engine.limits.change("limited", this.#limits, "a test");
    } else if (kind === "pause") {
      const scopes = [{ key: "x" }, { type: "limited" }, { type: "threaded" }, {}];
      await engine.pauses.begin({ ...scopes[of % scopes.length], reason: "a test" });
    } else if (kind === "unpause") await this.#unpause();
    else if (id !== undefined) await engine.control(id, { kind: kind as "suspend" });
    await this.#assertMoving(kind);
  }

  async #crash(isUpgraded: boolean): Promise<void> {
    this.#life = new Life();
    this.#threads.place = new FewThreads(this.#size.threads);
    const definitions = this.#life.definitions(this.#size.limits, isUpgraded);
    this.#harness = await this.#harness.crash(definitions);
  }

  async #unpause(): Promise<void> {
    const { pauses } = this.#harness.engine;
    for (const { pauseId } of pauses.all()) await pauses.end(pauseId);
  }

  /** All that can happen by itself soon has happened. */
  async #assertMoving(kind: string): Promise<void> {
    await this.#harness.clock.advance(QUIET_MS);
    await this.#harness.clock.settle();
    await this.#record.follow(this.#harness);
    const idle = this.#idleJobs();
    if (idle.length === 0) return;
    const told = await (await this.#harness.engine.explanations()).explainer.explain(
      idle[0] as JobId,
    );
    assert.fail(`after ${kind}, ${idle.join()} could continue: ${told?.summary}`);
  }

  /** The jobs that lack nothing, and still do not run. */
  #idleJobs(): readonly JobId[] {
    const ready = this.#jobs.filter((job) => this.#isReady(job));
    const suspects = this.#harness.engine.found.alone;
    const inProcess = this.#busy(false);
    if (inProcess.some(({ jobId }) => suspects.has(jobId))) return [];
    const alone = ready.filter(({ jobId }) => suspects.has(jobId));
    if (alone.length > 0) return inProcess.length > 0 ? [] : alone.map(({ jobId }) => jobId);
    const { maxRunning, threads } = this.#size;
    const isFree = [inProcess.length < maxRunning, this.#busy(true).length < threads];
    return ready.filter((job) => isFree[this.#isInThread(job) ? 1 : 0]).map(({ jobId }) => jobId);
  }

  get #jobs(): readonly JobState[] {
    return this.#ids.map((id) => this.#harness.job(id));
  }

  #isInThread({ type, definitionVersion }: JobState): boolean {
    return type === "threaded" || definitionVersion === 2;
  }

  /** The jobs with a handler, in threads or not. */
  #busy(isInThread: boolean): readonly JobState[] {
    return this.#jobs.filter((job) =>
      this.#life.open.has(job.jobId) && this.#isInThread(job) === isInThread
    );
  }

  #isReady(job: JobState): boolean {
    const { engine, clock } = this.#harness;
    if (this.#life.open.has(job.jobId)) return false;
    if (engine.pauses.all().some((pause) => holds(pause, job))) return false;
    const isDue = job.tasks.some((task) =>
      task.status === "backingOff" && Date.parse(task.retryAt) <= clock.now()
    );
    const condition = deriveCondition(job);
    const wants = ["queued", "executing", "compensating"].includes(condition) ||
      condition === "backingOff" && isDue;
    return wants && this.#record.hasRoomFor(job, this.#life.open.keys(), this.#limits, clock.now());
  }

  /** Nothing is held any more, and every event comes. */
  async end(): Promise<void> {
    await this.#crash(true);
    await this.#unpause();
    this.#life.endsAtOnce = true;
    for (const end of [...this.#life.open.values()].flat()) end();
    for (let turn = 0; turn < 30 && !this.#jobs.every(isTerminal); turn++) {
      for (const id of this.#ids) await this.#harness.engine.control(id, { kind: "resume" });
      await this.#harness.event("shop.Paid");
      await this.#harness.clock.advance(1_000);
    }
    const left = this.#jobs.filter((job) => !isTerminal(job));
    const told = left[0] &&
      await (await this.#harness.engine.explanations()).explainer.explain(left[0].jobId);
    assert.deepEqual(left.map(({ jobId }) => jobId), [], told?.summary);
    const { busyWorkers, queued } = this.#harness.engine.activity;
    const places = this.#harness.engine.limits.all.map(({ held, waiting }) => held + waiting);
    assert.deepEqual([busyWorkers, queued, places], [0, 0, places.map(() => 0)]);
    this.#harness.assertSound();
  }
}

const moves: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom(
    ...["job", "job", "job", "end", "end", "crash", "crash", "crash", "suspend", "suspend"],
    ...["resume", "pause", "unpause", "cancel", "limits", "event", "advance"],
  ),
  of: fc.nat(20),
  type: fc.constantFrom("limited", "limited", "plain", "threaded"),
  key: fc.constantFrom("x", "y"),
  priority: fc.constantFrom(1, 0),
  steps: fc.array(fc.constantFrom(...STEPS), { minLength: 1, maxLength: 3 }),
});

const sizes: fc.Arbitrary<Size> = fc.record({
  limits: fc.constantFrom(...LIMITS),
  maxRunning: fc.constantFrom(1, 2, 3),
  threads: fc.constantFrom(1, 2),
});

Deno.test("random standstill: no job that lacks nothing is kept waiting, and every job ends", async () => {
  const all = fc.array(moves, { minLength: 10, maxLength: 40, size: "max" });
  const property = fc.asyncProperty(sizes, all, async (size, moves) => {
    const machine = await Machine.start(size);
    for (const move of moves) await machine.play(move);
    await machine.end();
  });
  await fc.assert(property, { numRuns: rounds(40, 4_000, 10) });
});
