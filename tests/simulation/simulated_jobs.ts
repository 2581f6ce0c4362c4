/** Jobs of random shapes whose code reports what it does. */

import * as v from "valibot";
import { DEFAULT_POLICY, type JobPlan } from "../../src/core/job_plan.ts";
import { eventType } from "../../src/core/ids.ts";
import type { PauseRule } from "../../src/core/pauses.ts";
import type { LimitValues } from "../../src/core/place_limits.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import type { JobContext, TaskContext } from "../../src/engine/job_context.ts";
import { NonRetryableError, RetryLater } from "../../src/engine/job_errors.ts";
import type { Clock } from "../../src/engine/ports.ts";
import type { Dice } from "./dice.ts";

export const EVENTS = ["ec.Event0", "ec.Event1", "ec.Event2"] as const;
export const FAILED = "ec.Failed";
export const UNDONE = "ec.Undone";
export const OPENED = "ec.Opened";

interface TaskStep {
  readonly failures: number;
  readonly isPoison: boolean;
  readonly isLate: boolean;
  readonly emits: boolean;
  readonly durationMs: number;
  /** Failures of the compensation, or `null` if there is none. */
  readonly undoFailures: number | null;
}

interface WaitStep {
  readonly event: number;
  /** `null` waits however long it takes. */
  readonly withinMs: number | null;
}

type Step = TaskStep | WaitStep | { readonly sleepMs: number };

/** The script of a job: parallel branches of steps. */
export interface Work {
  readonly key: string;
  readonly branches: readonly (readonly Step[])[];
}

/** Observes the code of jobs. */
export interface JobObserver {
  begins(isUndoing: boolean, jobId: string, taskId: string, attempt: number): void;
  wentOn(jobId: string, taskId: string): void;
}

export function anyWork(dice: Dice, key: string): Work {
  return { key, branches: anyBranches(dice, () => anyStep(dice)) };
}

/** Work without a wait. */
export function anyTasks(dice: Dice, key: string): Work {
  return { key, branches: anyBranches(dice, () => anyTask(dice)) };
}

function anyBranches(dice: Dice, step: () => Step): Work["branches"] {
  const steps = () => Array.from({ length: dice.between(1, 3) }, step);
  return Array.from({ length: dice.between(1, 2) }, steps);
}

function anyStep(dice: Dice): Step {
  if (dice.chance(0.15)) return { sleepMs: dice.pick([0, 30, 700]) };
  if (!dice.chance(0.35)) return anyTask(dice);
  return {
    event: dice.between(0, EVENTS.length - 1),
    withinMs: dice.pick([null, null, 0, 400]),
  };
}

function anyTask(dice: Dice): TaskStep {
  return {
    failures: dice.pick([0, 0, 0, 1, 2]),
    isPoison: dice.chance(0.1),
    isLate: dice.chance(0.2),
    emits: dice.chance(0.3),
    durationMs: dice.pick([0, 0, 20, 800]),
    undoFailures: dice.pick([null, null, 0, 1, 9]),
  };
}

/** A plan driven by events from outside, with a compensation. */
export function anyPlan(dice: Dice, key: string): JobPlan {
  const correlation = { equals: { key } };
  const matcher = (type: string) => ({ eventType: eventType(type), correlation });
  const errors = [matcher(FAILED)];
  return {
    expected: EVENTS.slice(0, dice.between(1, 3)).map((type) => ({
      id: type.slice(3),
      kind: "DomainFact",
      matcher: matcher(type),
      multiplicity: dice.pick(["ExactlyOnce", "AtLeastOnce", { times: 2 }] as const),
      ...(dice.chance(0.2)
        ? { within: { ms: 900, otherwise: dice.pick(["fail", "waive"] as const) } }
        : {}),
    })),
    policy: dice.chance(0.3)
      ? { ...DEFAULT_POLICY, errors }
      : { errors, onCompensated: "Done", compensation: compensationOf(matcher) },
  };
}

function compensationOf<Matcher>(matcher: (type: string) => Matcher) {
  return { succeeded: matcher(UNDONE), failed: matcher("ec.NotUndone") };
}

/** The versions of the type of most jobs that a process has loaded. */
export interface Loaded {
  readonly version: number;
  /** Other versions whose jobs it runs, although its tasks differ. */
  readonly runs: readonly number[];
}

/** The definitions that a process may be started with. */
export const LOADS: readonly (readonly Loaded[])[] = [
  [{ version: 1, runs: [] }],
  [{ version: 1, runs: [] }, { version: 2, runs: [] }],
  [{ version: 2, runs: [] }],
  [{ version: 2, runs: [1] }],
  [],
];

/** Settings of the type of most jobs. */
export interface OfAll {
  readonly rule?: PauseRule;
  readonly limits?: LimitValues & { readonly maxRunning: number };
}

/** The definitions of one process. */
export function simulatedDefinitions(
  clock: Clock,
  observer: JobObserver,
  loaded: readonly Loaded[] = [{ version: 1, runs: [] }],
  ofAll: OfAll = {},
): readonly AnyJobDefinition[] {
  return [...loaded.map((one) => workOf(clock, observer, one, ofAll)), opened(clock, observer)];
}

/** The key of the limits: half of the jobs have one key, and half the other. */
function limitKeyOf({ key }: Work): string {
  return `half-${Number(key.slice(1)) % 2}`;
}

function workOf(
  clock: Clock,
  observer: JobObserver,
  { version, runs }: Loaded,
  { rule, limits }: OfAll,
): AnyJobDefinition {
  const code = new JobCode(clock, observer, version === 1 ? "t" : "u");
  return defineJob({
    type: "sim.work",
    version,
    runs,
    ...(rule === undefined ? {} : { pauseAfter: rule }),
    ...(limits === undefined ? {} : { limits: { ...limits, key: limitKeyOf } }),
    input: v.custom<Work>(() => true),
    expects: ({ key }) =>
      Object.fromEntries(
        EVENTS.map((type) => [type, { eventType: type, correlation: { equals: { key } } }]),
      ),
    errors: ({ key }) => [{ eventType: FAILED, correlation: { equals: { key } } }],
    run: (ctx, work) => code.run(ctx, work),
  }) as unknown as AnyJobDefinition;
}

function opened(clock: Clock, observer: JobObserver): AnyJobDefinition {
  const code = new JobCode(clock, observer, "t");
  return defineJob({
    type: "sim.opened",
    version: 1,
    input: v.custom<Work>(() => true),
    startsOn: {
      eventType: OPENED,
      input: ({ attributes }) => attributes["work"] as unknown as Work,
    },
    run: (ctx, work) => code.run(ctx, work),
  }) as unknown as AnyJobDefinition;
}

class JobCode {
  constructor(
    private readonly clock: Clock,
    private readonly observer: JobObserver,
    /** The prefix of its task ids. */
    private readonly prefix: string,
  ) {}

  async run(ctx: JobContext<string>, { branches }: Work): Promise<string> {
    const runs = branches.map((steps, index) => this.#branch(ctx, steps, `${this.prefix}${index}`));
    return (await Promise.all(runs)).join();
  }

  async #branch(ctx: JobContext<string>, steps: readonly Step[], name: string): Promise<string> {
    const results: string[] = [];
    for (const [index, step] of steps.entries()) {
      results.push(await this.#step(ctx, step, `${name}-${index}`));
    }
    return results.join();
  }

  async #step(ctx: JobContext<string>, step: Step, taskId: string): Promise<string> {
    if ("sleepMs" in step) {
      await ctx.sleep(taskId, step.sleepMs);
      return "slept";
    }
    if ("event" in step) {
      const name = EVENTS[step.event] ?? EVENTS[0];
      const events = step.withinMs === null
        ? await ctx.expect(name)
        : await ctx.expect(name, { withinMs: step.withinMs });
      return events?.[0].eventId ?? "nothing in time";
    }
    const result = await ctx.task(taskId, (task) => this.#work(task, step), this.#options(step));
    this.observer.wentOn(ctx.jobId, taskId);
    return result;
  }

  #options({ undoFailures }: TaskStep) {
    const retry = { maxAttempts: 4, initialMs: 200, factor: 2 };
    if (undoFailures === null) return { retry };
    const compensate = async (_result: unknown, task: TaskContext) => {
      this.observer.begins(true, task.jobId, task.taskId, task.attempt);
      await this.#pause(10, task.signal);
      if (task.attempt <= undoFailures) throw new Error("cannot be undone yet");
    };
    return { retry, compensate };
  }

  async #work(task: TaskContext, step: TaskStep): Promise<string> {
    this.observer.begins(false, task.jobId, task.taskId, task.attempt);
    if (step.durationMs > 0) await this.#pause(step.durationMs, task.signal);
    task.signal.throwIfAborted();
    if (step.isPoison) throw new NonRetryableError("poison");
    if (task.attempt <= step.failures) {
      throw step.isLate ? new RetryLater(50) : new Error("not yet");
    }
    if (step.emits) task.emit("ec.Emitted", { taskId: task.taskId });
    task.progress(1, 1);
    return `${task.taskId} by ${task.executionId}`;
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.clock.setTimer(ms, resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    cancel();
  }
}
