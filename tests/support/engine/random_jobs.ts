/** Random jobs of parallel branches under random commands, events, crashes and stops. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { deriveCondition } from "../../../src/core/condition.ts";
import { eventType, type JobId } from "../../../src/core/ids.ts";
import { findTask, isTerminal, type JobState } from "../../../src/core/job_state.ts";
import { jobSummary } from "../../../src/core/job_summary.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";
import type { JobContext, TaskContext } from "../../../src/engine/job_context.ts";
import { NonRetryableError } from "../../../src/engine/job_errors.ts";
import { Harness, type HarnessOptions } from "./engine_harness.ts";

const EVENTS = [0, 1, 2];

interface TaskStep {
  readonly kind: "task";
  readonly failures: number;
  readonly poison: boolean;
  readonly durationMs: number;
  /** Failures of the compensation, or `null` if there is none. */
  readonly undoFailures: number | null;
}

type Step =
  | TaskStep
  | { readonly kind: "sleep"; readonly ms: number }
  | { readonly kind: "expect"; readonly event: number; readonly withinMs: number | null };
type Branches = readonly (readonly Step[])[];

export type Action =
  | { readonly kind: "create"; readonly branches: Branches }
  | { readonly kind: "control"; readonly job: number; readonly control: Control }
  | { readonly kind: "event"; readonly job: number; readonly event: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "crash" }
  | { readonly kind: "stop"; readonly drainMs: number };

/** The difference in the code of a later release, at one step of one branch. */
export interface Alteration {
  readonly kind: "rename" | "skip" | "insert";
  readonly branch: number;
  readonly index: number;
}

type Control = "suspend" | "resume" | "wake" | "cancel" | "retry";

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("task" as const),
      failures: fc.constantFrom(0, 0, 1, 2),
      poison: fc.constantFrom(false, false, false, false, true),
      durationMs: fc.constantFrom(0, 0, 500, 3_000),
      undoFailures: fc.constantFrom(null, null, 0, 1, 9),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("sleep" as const),
      ms: fc.constantFrom(0, 700, 5_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("expect" as const),
      event: fc.nat(2),
      withinMs: fc.constantFrom(null, null, 0, 700, 5_000),
    }),
  },
);

const branches = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 3,
});

const job = fc.nat(3);
export const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("create" as const), branches }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("control" as const),
      job,
      control: fc.constantFrom<Control>("suspend", "suspend", "resume", "wake", "cancel", "retry"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("event" as const), job, event: fc.nat(2) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(0, 500, 1_000, 2_500),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "crash" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("stop" as const),
      drainMs: fc.constantFrom(0, 1_000, 4_000),
    }),
  },
);

/** The same, but the code waits for events without a time limit. */
export function withoutDeadlines(action: Action): Action {
  if (action.kind !== "create") return action;
  const branches = action.branches.map((steps) =>
    steps.map((step) => step.kind === "expect" ? { ...step, withinMs: null } : step)
  );
  return { ...action, branches };
}

export const alteration: fc.Arbitrary<Alteration> = fc.record({
  kind: fc.constantFrom<Alteration["kind"]>("rename", "skip", "insert"),
  branch: fc.nat(2),
  index: fc.nat(2),
});

const INERT_LIFE = -1;

/** A Daybook that is played with across any number of restarts. */
export class Play {
  readonly violations: string[] = [];
  /** A change in every definition made from now on. */
  alteration: Alteration | undefined;
  #daybook: Harness | undefined;
  /** Code of an earlier process continues after a crash without effect, so it is not judged. */
  #life = 0;

  get daybook(): Harness {
    assert.ok(this.#daybook);
    return this.#daybook;
  }

  /** The definition of all jobs, without running anything. */
  get inertDefinition(): AnyJobDefinition {
    return this.#definition(INERT_LIFE);
  }

  async start(maxRunning: number, more: Partial<HarnessOptions> = {}): Promise<void> {
    const definitions = [this.#definition(0)];
    this.#daybook = await Harness.start({ definitions, maxRunning, ...more });
  }

  jobs(): readonly JobState[] {
    return this.daybook.engine.lists.page({ limit: 500 }).jobs;
  }

  async act(action: Action): Promise<void> {
    const { daybook } = this;
    switch (action.kind) {
      case "create": {
        const input = { branches: action.branches as unknown as JsonValue };
        await daybook.engine.create({ type: "random.job", input });
        break;
      }
      case "control":
        await this.#control(action.job, action.control);
        break;
      case "event":
        await this.#event(this.jobs().at(-1 - action.job)?.jobId, action.event);
        break;
      case "advance":
        await daybook.clock.advance(action.ms);
        break;
      case "stop":
        await this.#stop(action.drainMs);
        break;
      case "crash":
        await this.#restart();
    }
    this.#assertSummaries();
  }

  /** Checks that each job is listed once, in the index or in memory, as its state says. */
  #assertSummaries(): void {
    const summaries = this.daybook.engine.lists.summaries({ limit: 500 }).jobs;
    assert.deepEqual(
      summaries.map(({ retriedBy: _, ...own }) => own),
      this.jobs().map(jobSummary),
    );
  }

  /** Resumes all, sends all events, and lets hours pass. */
  async settle(): Promise<void> {
    const { daybook } = this;
    await daybook.clock.advance(120_000);
    for (const { jobId } of this.jobs()) await daybook.engine.control(jobId, { kind: "resume" });
    await daybook.clock.advance(120_000);
    for (const job of this.jobs()) this.#mustOnlyWait(job);
    for (const { jobId } of this.jobs()) {
      for (const event of EVENTS) await this.#event(jobId, event);
    }
    await daybook.clock.advance(120_000);
  }

  async assertNothingLost(): Promise<void> {
    for (const job of this.jobs()) {
      const story = await this.daybook.story(job.jobId);
      if (!isTerminal(job)) this.violations.push(`${job.jobId} did not end: ${story}`);
      const ends = story.filter((name) =>
        /^(TaskCompleted|TimerElapsed|TaskCompensated|Compensation)/.test(name)
      )
        .filter((name) => !name.startsWith("CompensationStarted"));
      if (new Set(ends).size < ends.length) this.violations.push(`an end came twice: ${story}`);
      if (story.includes("JobParked")) this.violations.push(`${job.jobId} was parked: ${story}`);
    }
    const { busyWorkers, queued } = this.daybook.engine.activity;
    assert.deepEqual(this.violations, []);
    assert.deepEqual([busyWorkers, queued], [0, 0]);
    this.daybook.assertSound();
  }

  /** With enough time and no further event, a job has ended or waits only for events. */
  #mustOnlyWait(job: JobState): void {
    const condition = deriveCondition(job);
    if (!["waiting", "succeeded", "failed", "cancelled"].includes(condition)) {
      this.violations.push(`${job.jobId} is ${condition}, and nothing happens`);
    }
  }

  async #control(index: number, control: Control): Promise<void> {
    const id = this.jobs().at(-1 - index)?.jobId;
    if (id === undefined) return;
    if (control === "retry") await this.daybook.engine.retry(id, {});
    else await this.daybook.engine.control(id, { kind: control });
  }

  async #event(jobId: JobId | undefined, event: number): Promise<void> {
    if (jobId === undefined) return;
    const type = eventType(`ec.Event${event}`);
    await this.daybook.engine.deliver([
      { eventType: type, stratum: "domain", attributes: {}, jobId },
    ]);
  }

  async #stop(drainMs: number): Promise<void> {
    let stopped = false;
    const stopping = this.daybook.engine.stop(drainMs).then(() => stopped = true);
    await this.daybook.clock.advance(drainMs + 20_000);
    assert.ok(stopped, "a stop does not end");
    await stopping;
    await this.daybook.journal.close();
    await this.#restart();
  }

  async #restart(): Promise<void> {
    this.daybook.assertSound();
    const life = this.#life + 1;
    this.#daybook = await this.daybook.crash([this.#definition(life)]);
    // Only now, because until here the jobs are looked up in the previous process.
    this.#life = life;
  }

  #definition(life: number): AnyJobDefinition {
    return defineJob({
      type: "random.job",
      version: 1,
      input: v.object({ branches: v.custom<Branches>(Array.isArray) }),
      expects: () =>
        Object.fromEntries(EVENTS.map((event) => [`e${event}`, { eventType: `ec.Event${event}` }])),
      run: async (ctx, { branches }) => {
        await Promise.all(branches.map((steps, branch) => this.#branch(life, ctx, steps, branch)));
      },
    });
  }

  async #branch(
    life: number,
    ctx: JobContext<string>,
    steps: readonly Step[],
    branch: number,
  ): Promise<void> {
    for (const [index, step] of steps.entries()) {
      const altered = this.#alterationAt(branch, index);
      if (altered === "insert") await ctx.task(`new${branch}-${index}`, () => {});
      if (altered === "skip") continue;
      const taskId = `t${branch}-${index}${altered === "rename" ? "-renamed" : ""}`;
      if (step.kind === "sleep") await ctx.sleep(taskId, step.ms);
      else if (step.kind === "expect") await this.#expect(ctx, step);
      else await ctx.task(taskId, (task) => this.#work(life, step, task), optionsOf(step));
    }
  }

  #expect(ctx: JobContext<string>, { event, withinMs }: Step & { readonly kind: "expect" }) {
    return withinMs === null ? ctx.expect(`e${event}`) : ctx.expect(`e${event}`, { withinMs });
  }

  #alterationAt(branch: number, index: number): Alteration["kind"] | undefined {
    const isHere = this.alteration?.branch === branch && this.alteration.index === index;
    return isHere ? this.alteration?.kind : undefined;
  }

  async #work(life: number, step: TaskStep, task: TaskContext): Promise<void> {
    if (life === INERT_LIFE) this.violations.push(`${task.taskId} ran, and nothing may`);
    if (life === this.#life) this.#judge(task);
    if (step.durationMs > 0) await this.#pause(step.durationMs, task.signal);
    task.signal.throwIfAborted();
    if (step.poison) throw new NonRetryableError("poison");
    if (task.attempt <= step.failures) throw new Error("not yet");
  }

  #judge({ jobId, taskId }: TaskContext): void {
    const job = this.daybook.job(jobId as JobId);
    const onRecord = findTask(job, taskId as never);
    if (job.state !== "Running") this.violations.push(`${taskId} ran while ${job.state}`);
    if (onRecord?.status === "completed") this.violations.push(`${taskId} ran again`);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.daybook.clock.setTimer(ms, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    cancel();
  }
}

function optionsOf({ undoFailures }: TaskStep) {
  const retry = { maxAttempts: 6, initialMs: 1_000, factor: 1, jitter: 0 };
  if (undoFailures === null) return { retry };
  const compensate = (_result: unknown, task: TaskContext) => {
    if (task.attempt <= undoFailures) throw new Error("cannot be undone yet");
  };
  return { retry, compensate };
}
