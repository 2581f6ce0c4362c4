/** What a call of `run` has asked for so far, and the context through which it asks. */

import { MAIN_TASK, taskId as checkedTaskId } from "../../core/ids.ts";
import type { JobId, TaskId } from "../../core/ids.ts";
import { TASKS_MAX } from "../../core/job_state.ts";
import { MisuseError, mustBeInRun, mustHaveEnded } from "./misuse.ts";
import { DEFAULT_RETRY, type RetryPolicy, retryPolicyFlaw } from "../../core/retry_policy.ts";
import type { JsonForm } from "../../core/json_form.ts";
import type { FactEvent, JobContext, SleepTime, TaskContext, TaskOptions } from "../definition.ts";
import { type RestTime, restTime } from "./rest_time.ts";

/** A task that `run` awaits, or has awaited. */
export interface AskedTask {
  readonly kind: "task";
  readonly taskId: TaskId;
  readonly run: (task: TaskContext) => unknown;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
  readonly compensate: ((result: unknown, task: TaskContext) => unknown) | undefined;
  readonly resolve: (result: unknown) => void;
}

/** A sleep that `run` awaits, or has awaited. */
export interface AskedSleep {
  readonly kind: "sleep";
  readonly taskId: TaskId;
  readonly time: RestTime;
  readonly resolve: () => void;
}

/** An expectation that `run` awaits. */
export interface AskedExpectation {
  readonly name: string;
  readonly resolve: (events: readonly FactEvent[]) => void;
}

export interface AskListener {
  /** Milliseconds since the epoch, of the last entry that `run` has seen. */
  seenAt(): number;
  askedTask(task: AskedTask): void;
  askedSleep(sleep: AskedSleep): void;
  askedExpectation(expectation: AskedExpectation): void;
}

export class RunContext implements JobContext<string> {
  /** Tasks and sleeps. */
  readonly tasks = new Map<TaskId, AskedTask | AskedSleep>();
  /** Those that have not been answered yet. */
  readonly openTasks = new Set<TaskId>();
  /** How many of those are sleeps. */
  openSleeps = 0;
  /** Those that have not been answered yet. */
  readonly expectations = new Map<string, AskedExpectation>();
  readonly jobId: JobId;
  /** Of the expectations of its plan. */
  readonly names: readonly string[];
  #answers: Map<string, Promise<readonly FactEvent[]>> | undefined;
  #isOver = false;
  readonly #listener: AskListener;

  constructor(jobId: JobId, expectationNames: readonly string[], listener: AskListener) {
    this.jobId = jobId;
    this.names = expectationNames;
    this.#listener = listener;
  }

  now(): number {
    return this.#listener.seenAt();
  }

  task<Result>(
    taskId: string,
    fn: (task: TaskContext) => Result | Promise<Result>,
    options: TaskOptions<JsonForm<Result>> = {},
  ): Promise<JsonForm<Result>> {
    mustBeInRun(`task ${taskId}`, this);
    const { promise, resolve } = Promise.withResolvers<JsonForm<Result>>();
    const task: AskedTask = {
      kind: "task",
      taskId: this.#newTaskId(taskId, "task"),
      run: fn,
      retry: checkedRetry(taskId, options),
      timeoutMs: options.timeoutMs,
      compensate: options.compensate as AskedTask["compensate"],
      resolve: resolve as AskedTask["resolve"],
    };
    this.tasks.set(task.taskId, task);
    this.openTasks.add(task.taskId);
    this.#listener.askedTask(task);
    return promise;
  }

  sleep(id: string, time: SleepTime): Promise<void> {
    mustBeInRun(`sleep ${id}`, this);
    const { promise, resolve } = Promise.withResolvers<void>();
    const taskId = this.#newTaskId(id, "sleep");
    const sleep: AskedSleep = {
      kind: "sleep",
      taskId,
      time: restTime(id, time, this.now()),
      resolve,
    };
    this.tasks.set(taskId, sleep);
    this.openTasks.add(taskId);
    this.openSleeps++;
    this.#listener.askedSleep(sleep);
    return promise;
  }

  expect(name: string): Promise<readonly [FactEvent, ...FactEvent[]]> {
    mustBeInRun(`expectation ${name}`, this);
    if (!this.names.includes(name)) {
      // The end of run is an expectation too, and none that run could wait for.
      const others = this.names.filter((other) => other !== MAIN_TASK);
      const what = others.join(", ") || "nothing";
      throw new TypeError(
        `Cannot expect ${JSON.stringify(name)}: the plan does not name it, it names ${what}`,
      );
    }
    let answer = this.#answers?.get(name);
    if (answer === undefined) {
      const { promise, resolve } = Promise.withResolvers<readonly FactEvent[]>();
      (this.#answers ??= new Map()).set(name, answer = promise);
      const expectation = { name, resolve };
      this.expectations.set(name, expectation);
      this.#listener.askedExpectation(expectation);
    }
    return answer as Promise<readonly [FactEvent, ...FactEvent[]]>;
  }

  /** Whether `run` waits for an event or a time. */
  get rests(): boolean {
    return this.openSleeps > 0 || this.expectations.size > 0;
  }

  /** Whether `run` has returned, or thrown. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** `run` has returned, or thrown: it may ask for nothing more. */
  close(): void {
    this.#isOver = true;
  }

  /** @throws {MisuseError} when `run` has returned without what it asked for. */
  mustHaveEnded(): void {
    mustHaveEnded([
      ...[...this.openTasks].map((taskId) => `${this.tasks.get(taskId)?.kind} ${taskId}`),
      ...[...this.expectations.keys()].map((name) => `expectation ${name}`),
    ]);
  }

  /** Gives `run` the result of a task that it has asked for, or ends its sleep. */
  answerTask(taskId: TaskId, result: unknown): void {
    const asked = this.tasks.get(taskId);
    if (this.openTasks.delete(taskId) && asked?.kind === "sleep") this.openSleeps--;
    asked?.resolve(result);
  }

  #newTaskId(text: string, kind: "task" | "sleep"): TaskId {
    const taskId = checkedTaskId(text);
    if (taskId === MAIN_TASK) {
      throw new TypeError(`Cannot ask for ${kind} ${text}: the name stands for run itself`);
    }
    const before = this.tasks.get(taskId);
    if (before !== undefined) {
      const twice = before.kind === kind ? `twice` : `as there is a ${before.kind} ${text}`;
      throw new MisuseError(
        `Cannot ask for ${kind} ${text} ${twice}: an id stands for one step and its result; give the ` +
          "second one an id of its own",
      );
    }
    if (this.tasks.size >= TASKS_MAX) {
      throw new TypeError(
        `Cannot ask for ${kind} ${text}: this job has asked for ${TASKS_MAX} tasks, and a job may have ` +
          "no more; let one task do more, or start further jobs",
      );
    }
    return taskId;
  }
}

/** @throws {TypeError} when an option is one that no attempt could go by. */
function checkedRetry<Result>(taskId: string, options: TaskOptions<Result>): RetryPolicy {
  const { timeoutMs } = options;
  const retry = { ...DEFAULT_RETRY, ...options.retry };
  const flaw = retryPolicyFlaw(retry);
  if (flaw !== undefined) throw new TypeError(`Cannot run task ${taskId}: retry.${flaw}`);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw new TypeError(`Cannot run task ${taskId}: timeoutMs is ${timeoutMs}`);
  }
  return retry;
}
