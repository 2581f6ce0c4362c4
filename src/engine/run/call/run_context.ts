/** Tracks what a call of `run` has asked for so far, and is the context through which it asks. */

import {
  type JobId,
  MAIN_TASK,
  sleepId,
  type TaskId,
  taskId as checkedTaskId,
} from "../../../core/ids.ts";
import { TASKS_MAX, WAITS_MAX } from "../../../core/job_state.ts";
import { waitKey } from "../../../core/waits.ts";
import { NO_SECRETS, type SecretGuard } from "../../secrets/secret_guard.ts";
import type { ExpectedEvent } from "../../../core/job_plan.ts";
import type { RetryPolicy } from "../../../core/retry_policy.ts";
import type { JsonForm } from "../../../core/json_form.ts";
import type {
  ExpectOptions,
  FactEvent,
  JobContext,
  SleepTime,
  TaskContext,
  TaskOptions,
} from "../../job_context.ts";
import {
  checkedRetry,
  checkedWithin,
  MisuseError,
  mustBeExpectable,
  mustBeInRun,
  mustHaveEnded,
  type RestTime,
  restTime,
} from "./step_checks.ts";

export interface TaskRequest {
  readonly kind: "task";
  readonly taskId: TaskId;
  readonly run: (task: TaskContext) => unknown;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
  readonly compensate: ((result: unknown, task: TaskContext) => unknown) | undefined;
  readonly answer: PromiseWithResolvers<unknown>;
  /** Whether it is not answered yet. */
  isOpen: boolean;
}

export interface SleepRequest {
  readonly kind: "sleep";
  readonly taskId: TaskId;
  readonly time: RestTime;
  readonly resolve: () => void;
  /** Whether it has not ended yet. */
  isOpen: boolean;
}

/** A wait of `run` for an expectation, with a time limit. */
export interface WaitRequest {
  readonly kind: "wait";
  readonly name: string;
  /** Its number among the waits of its expectation, from 1. */
  readonly wait: number;
  readonly time: { readonly ms: number };
  readonly resolve: (events: Events | undefined) => void;
}

export type TimerRequest = SleepRequest | WaitRequest;

/** What `run` asks for: a step, or the events of an expectation without a time limit. */
export type StepRequest =
  | TaskRequest
  | TimerRequest
  | { readonly kind: "events"; readonly name: string };

export type Events = readonly [FactEvent, ...FactEvent[]];

/** What `run` needs to know about an expectation of the plan. */
export type Expectable = Pick<ExpectedEvent, "id" | "within">;

export interface RunListener {
  /** The time of the last entry that `run` has seen, in milliseconds since the epoch. */
  seenAt(): number;
  /** `run` asks for a step; for the events of an expectation only once. */
  asks(step: StepRequest): void;
}

export class RunContext implements JobContext<string> {
  readonly tasks = new Map<TaskId, TaskRequest | SleepRequest>();
  /** How many sleeps have not ended yet. */
  openSleeps = 0;
  // Most runs expect nothing, so these are absent until there is one.
  /** For each expectation not answered yet, what gives `run` its events. */
  #expectations: Map<string, (events: Events) => void> | undefined;
  /** Waits not answered yet, by `waitKey`. */
  #waits: Map<string, WaitRequest> | undefined;
  readonly jobId: JobId;
  readonly expectables: readonly Expectable[];
  #answers: Map<string, Promise<Events>> | undefined;
  /** Expectations that are awaited without a time limit. */
  #untimed: Set<string> | undefined;
  /** Expectations whose deadline has passed: `run` gets no events for them. */
  #waived: Set<string> | undefined;
  /** The time limit of each wait of an expectation, in milliseconds, in the order of the waits. */
  #withins: Map<string, number[]> | undefined;
  #waitCount = 0;
  // Made once, since `run` may ask for thousands more.
  #tooManyTasks: TypeError | undefined;
  #tooManyWaits: TypeError | undefined;
  #hasRefused = false;
  #isOver = false;
  readonly #listener: RunListener;
  readonly #guard: SecretGuard;

  /** @param guard Refuses secrets in the names of steps. */
  constructor(
    jobId: JobId,
    expectables: readonly Expectable[],
    listener: RunListener,
    guard: SecretGuard = NO_SECRETS,
  ) {
    this.jobId = jobId;
    this.expectables = expectables;
    this.#listener = listener;
    this.#guard = guard;
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
    try {
      const answer = Promise.withResolvers<JsonForm<Result>>();
      const task: TaskRequest = {
        kind: "task",
        taskId: this.#newTaskId(taskId, "task"),
        run: fn,
        retry: checkedRetry(taskId, fn, options),
        timeoutMs: options.timeoutMs,
        compensate: options.compensate as TaskRequest["compensate"],
        answer: answer as PromiseWithResolvers<unknown>,
        isOpen: true,
      };
      this.tasks.set(task.taskId, task);
      this.#guard.requireNoSecret("the name of a task", task.taskId);
      this.#listener.asks(task);
      return answer.promise;
    } catch (error) {
      return this.#refused(error);
    }
  }

  sleep(id: string, time: SleepTime): Promise<void> {
    mustBeInRun(`sleep ${id}`, this);
    try {
      const { promise, resolve } = Promise.withResolvers<void>();
      const taskId = this.#newTaskId(id, "sleep");
      const sleep: SleepRequest = {
        kind: "sleep",
        taskId,
        time: restTime(id, time, this.now()),
        resolve,
        isOpen: true,
      };
      this.tasks.set(taskId, sleep);
      this.openSleeps++;
      this.#guard.requireNoSecret("the name of a sleep", taskId);
      this.#listener.asks(sleep);
      return promise;
    } catch (error) {
      return this.#refused(error);
    }
  }

  expect(name: string): Promise<Events>;
  expect(name: string, options: ExpectOptions): Promise<Events | undefined>;
  expect(name: string, options?: ExpectOptions): Promise<Events | undefined> {
    mustBeInRun(`expectation ${name}`, this);
    try {
      mustBeExpectable(name, this.expectables, options);
      if (options !== undefined) return this.#expectWithin(name, options);
      const events = this.#eventsOf(name);
      if (this.#untimed?.has(name) !== true) {
        (this.#untimed ??= new Set()).add(name);
        this.#listener.asks({ kind: "events", name });
      }
      return events;
    } catch (error) {
      return this.#refused(error);
    }
  }

  /**
   * `run` gets its first mistake as an exception, and later ones as rejections. Async functions that
   * it calls by the thousand before it awaits them would turn each exception into a rejection that
   * nobody handles yet, and Deno searches all of these whenever one is handled.
   *
   * @throws The first mistake.
   */
  #refused(thrown: unknown): Promise<never> {
    if (this.#hasRefused) return Promise.reject(thrown);
    this.#hasRefused = true;
    throw thrown;
  }

  #eventsOf(name: string): Promise<Events> {
    const known = this.#answers?.get(name);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<Events>();
    (this.#answers ??= new Map()).set(name, promise);
    (this.#expectations ??= new Map()).set(name, (events: Events) => {
      resolve(events);
      for (const wait of this.#waitsOf(name)) this.#end(wait, events);
    });
    return promise;
  }

  #expectWithin(name: string, options: ExpectOptions): Promise<Events | undefined> {
    const withinMs = checkedWithin(name, options);
    const withins = (this.#withins ??= new Map()).getOrInsertComputed(name, () => []);
    if (++this.#waitCount > WAITS_MAX) {
      throw this.#tooManyWaits ??= new TypeError(
        `Cannot wait for ${JSON.stringify(name)} again: this job has had ${WAITS_MAX} timed ` +
          "waits, the most allowed; use longer waits, or start further jobs",
      );
    }
    const wait = withins.push(withinMs);
    if (this.#waived?.has(name) === true) return Promise.resolve(undefined);
    const events = this.#eventsOf(name);
    // The expectation has been answered.
    if (!this.expects(name)) return events;
    const { promise, resolve } = Promise.withResolvers<Events | undefined>();
    const request: WaitRequest = { kind: "wait", name, wait, time: { ms: withinMs }, resolve };
    (this.#waits ??= new Map()).set(waitKey(name, wait), request);
    this.#listener.asks(request);
    return promise;
  }

  /** The time limit of each wait of an expectation, in milliseconds, in the order of the waits. */
  withinsOf(name: string): readonly number[] {
    return this.#withins?.get(name) ?? [];
  }

  /** Waits that have not ended. */
  get waits(): readonly WaitRequest[] {
    return [...this.#waits?.values() ?? []];
  }

  #waitsOf(name: string): readonly WaitRequest[] {
    return this.waits.filter((wait) => wait.name === name);
  }

  /** Costs nothing while the first of all waits is for it, as when there are thousands. */
  #isTimed(name: string): boolean {
    return this.#waits?.values().some((wait) => wait.name === name) ?? false;
  }

  #end(wait: WaitRequest, events: Events | undefined): void {
    this.#waits?.delete(waitKey(wait.name, wait.wait));
    wait.resolve(events);
  }

  /** Whether `run` waits for something that a deadline would end. */
  isAwaited(name: string, wait: number | undefined): boolean {
    if (wait === undefined) return this.#isTimed(name);
    return this.#waits?.has(waitKey(name, wait)) ?? false;
  }

  /** A deadline passed: ends one wait of an expectation, or all waits when it is waived. */
  answerDeadline(name: string, wait: number | undefined): void {
    if (wait === undefined) {
      for (const one of this.#waitsOf(name)) this.#end(one, undefined);
      (this.#waived ??= new Set()).add(name);
    } else {
      const one = this.#waits?.get(waitKey(name, wait));
      if (one !== undefined) this.#end(one, undefined);
    }
    // No longer awaited, unless `run` asks again.
    if (this.#untimed?.has(name) === true || this.#isTimed(name)) return;
    this.#expectations?.delete(name);
    this.#answers?.delete(name);
  }

  /** Whether `run` has asked for the events of an expectation, and has not got them. */
  expects(name: string): boolean {
    return this.#expectations?.has(name) ?? false;
  }

  /** The expectations that `run` waits for. */
  get awaited(): readonly string[] {
    return [...this.#expectations?.keys() ?? []];
  }

  /** Counts an expectation as answered. What it returns gives `run` the events. */
  answerExpectation(name: string): ((events: Events) => void) | undefined {
    const answer = this.#expectations?.get(name);
    this.#expectations?.delete(name);
    return answer;
  }

  /** Whether `run` waits for an event or a time. */
  get rests(): boolean {
    return this.openSleeps > 0 || (this.#expectations?.size ?? 0) > 0;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  close(): void {
    this.#isOver = true;
  }

  /** Tasks and sleeps that are not answered yet. */
  get openTasks(): readonly (TaskRequest | SleepRequest)[] {
    const open: (TaskRequest | SleepRequest)[] = [];
    for (const task of this.tasks.values()) if (task.isOpen) open.push(task);
    return open;
  }

  /** @throws {MisuseError} when `run` has returned without awaiting all that it asked for. */
  mustHaveEnded(): void {
    mustHaveEnded(this.openTasks, this.awaited);
  }

  /** Gives `run` the result of a task, or ends its sleep. */
  answerTask(taskId: TaskId, result: unknown): void {
    const request = this.tasks.get(taskId);
    if (request === undefined) return;
    if (request.isOpen && request.kind === "sleep") this.openSleeps--;
    request.isOpen = false;
    if (request.kind === "task") request.answer.resolve(result);
    else request.resolve();
  }

  /** Tells `run` that a task failed for good, although its job goes on. */
  failTask(taskId: TaskId, error: Error): void {
    const request = this.tasks.get(taskId);
    if (request?.kind !== "task") return;
    request.isOpen = false;
    // `run` may not await the task.
    request.answer.promise.catch(() => {});
    request.answer.reject(error);
  }

  #newTaskId(text: string, kind: "task" | "sleep"): TaskId {
    const taskId = kind === "task" ? checkedTaskId(text) : sleepId(text);
    if (taskId === MAIN_TASK) {
      throw new TypeError(`Cannot ask for ${kind} ${text}: the name stands for run itself`);
    }
    const before = this.tasks.get(taskId);
    if (before !== undefined) {
      const twice = before.kind === kind ? `twice` : `besides ${before.kind} ${text}`;
      throw new MisuseError(
        `Cannot ask for ${kind} ${text} ${twice}: an id stands for one step and its result; ` +
          "give the second step its own id",
      );
    }
    if (this.tasks.size >= TASKS_MAX) {
      throw this.#tooManyTasks ??= new TypeError(
        `Cannot ask for ${kind} ${text}: this job has asked for ${TASKS_MAX} tasks, the most ` +
          "allowed; do more in each task, or start further jobs",
      );
    }
    return taskId;
  }
}
