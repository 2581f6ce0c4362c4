/**
 * Checks the calls of `ctx`, with messages that name the step: only `run` may ask for steps, it must
 * await them, and a mistake in their options must not be taken for a default.
 */

import { DEFAULT_RETRY, type RetryPolicy, retryPolicyFlaw } from "../../../core/retry_policy.ts";
import { optionsFlaw } from "../../../core/given_options.ts";
import type { ExpectOptions, SleepTime, TaskOptions } from "../../job_context.ts";
import { NonRetryableError } from "../../job_errors.ts";
import { MAIN_TASK } from "../../../core/ids.ts";
import { type ExpectedEvent, REST_MS_MAX, YEARS_MAX } from "../../../core/job_plan.ts";
import { attemptHere } from "../../async_context.ts";

export class MisuseError extends NonRetryableError {
  override readonly name = "MisuseError";
}

/**
 * Only `run` itself may ask for a step, and only until it ends.
 *
 * @param step Such as `task charge`.
 * @throws {MisuseError} when a task asks for the step, or `run` has ended.
 */
export function mustBeInRun(step: string, caller: StepCaller | undefined): void {
  if (caller === undefined) {
    throw new MisuseError(
      `Cannot ask for ${step} without ctx: call the methods of ctx as ctx.task, ctx.sleep and ` +
        "ctx.expect, not taken out of it",
    );
  }
  const { jobId, isOver } = caller;
  const outer = attemptHere();
  if (outer?.jobId === jobId) {
    throw new MisuseError(
      `Cannot ask for ${step} inside task ${outer.taskId}: a task is a single step; ` +
        "ask for both in run, one after the other",
    );
  }
  if (outer !== undefined) {
    throw new MisuseError(
      `Cannot ask for ${step} of job ${jobId} inside task ${outer.taskId} of job ` +
        `${outer.jobId}: only the run of a job may use its ctx`,
    );
  }
  if (isOver) {
    throw new MisuseError(
      `Cannot ask for ${step} of job ${jobId}: its run has ended; await every step in run`,
    );
  }
}

interface StepCaller {
  readonly jobId: string;
  readonly isOver: boolean;
}

/**
 * @param planned The expectations of the plan.
 * @param options Present for a wait with a time limit.
 * @throws {UnplannedError} when the plan does not name the expectation.
 * @throws {MisuseError} when it may be waived, and the wait has no time limit of its own.
 */
export function mustBeExpectable(
  name: string,
  planned: readonly Pick<ExpectedEvent, "id" | "within">[],
  options: ExpectOptions | undefined,
): void {
  const expectable = planned.find(({ id }) => id === name);
  const start = `Cannot expect ${JSON.stringify(name)}`;
  // The end of `run` is an expectation too, but `run` cannot wait for it.
  if (expectable === undefined || name === MAIN_TASK) {
    const message = `${start}: expects did not declare it for this job; it declared ` +
      expectationNames(planned);
    throw new UnplannedError(name, message);
  }
  if (options === undefined && expectable.within?.otherwise === "waive") {
    throw new MisuseError(
      `${start} without withinMs: its deadline may waive it, and then there would be no event to ` +
        "return",
    );
  }
}

/** `run` waits for an expectation that the plan of its job lacks. */
export class UnplannedError extends TypeError {
  constructor(readonly expectation: string, message: string) {
    super(message);
  }
}

/** The expectations of a plan, without the end of `run`. */
export function expectationNames(planned: readonly { readonly id: string }[]): string {
  return planned.map(({ id }) => id).filter((id) => id !== MAIN_TASK).join(", ") || "nothing";
}

/**
 * All steps must have ended when `run` returns, or they would be silently abandoned.
 *
 * @param open Tasks and sleeps that have not ended.
 * @param awaited Expectations that `run` waits for.
 * @throws {MisuseError} when there are any.
 */
export function mustHaveEnded(
  open: readonly { readonly kind: string; readonly taskId: string }[],
  awaited: readonly string[],
): void {
  const steps = [
    ...open.map(({ kind, taskId }) => `${kind} ${taskId}`),
    ...awaited.map((name) => `expectation ${name}`),
  ];
  if (steps.length === 0) return;
  const named = steps.slice(0, STEPS_NAMED_MAX).join(", ");
  const more = steps.length > STEPS_NAMED_MAX ? ` and ${steps.length - STEPS_NAMED_MAX} more` : "";
  const limited = awaited.length > 0
    ? "; to wait for an event only for a time, give ctx.expect withinMs"
    : "";
  throw new MisuseError(
    `run returned before ${named}${more} had ended: await everything that ctx returns${limited}`,
  );
}

const STEPS_NAMED_MAX = 10;

/** @throws {TypeError} when there is nothing to call, or an option is invalid. */
export function checkedRetry<Result>(
  taskId: string,
  fn: unknown,
  options: TaskOptions<Result>,
): RetryPolicy {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot run task ${taskId}: its second argument must be a function`);
  }
  requireSound(
    `run task ${taskId}`,
    optionsFlaw("its options", options, "{timeoutMs: 5_000}", "an option", TASK_OPTIONS),
  );
  const { compensate, timeoutMs, retry: asked } = options;
  if (compensate !== undefined && typeof compensate !== "function") {
    throw new TypeError(`Cannot run task ${taskId}: compensate must be a function`);
  }
  const retry = asked === undefined ? DEFAULT_RETRY : checkedPolicy(taskId, asked);
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw new TypeError(
      `Cannot run task ${taskId}: timeoutMs is ${timeoutMs}; it must be milliseconds, above 0`,
    );
  }
  return retry;
}

function checkedPolicy(taskId: string, asked: Partial<RetryPolicy>): RetryPolicy {
  requireSound(
    `run task ${taskId}`,
    optionsFlaw("retry", asked, "{maxAttempts: 3}", "a member of retry", RETRY_MEMBERS),
  );
  const retry = { ...DEFAULT_RETRY, ...asked };
  const flaw = retryPolicyFlaw(retry);
  if (flaw !== undefined) throw new TypeError(`Cannot run task ${taskId}: retry.${flaw}`);
  return retry;
}

const TASK_OPTIONS = ["retry", "timeoutMs", "compensate"] satisfies (keyof TaskOptions<unknown>)[];
const RETRY_MEMBERS = Object.keys(DEFAULT_RETRY);

/** @throws {TypeError} naming the call, when what it was given is flawed. */
function requireSound(call: string, flaw: string | undefined): void {
  if (flaw !== undefined) throw new TypeError(`Cannot ${call}: ${flaw}`);
}

/**
 * The time limit of a wait, in milliseconds.
 *
 * @throws {TypeError} when an option is invalid.
 * @throws {MisuseError} when the limit is not a duration, or is too long.
 */
export function checkedWithin(name: string, options: ExpectOptions): number {
  requireSound(
    `expect ${name}`,
    optionsFlaw("its options", options, "{withinMs: 60_000}", "an option", EXPECT_OPTIONS),
  );
  return checkedMs(`expectation ${name} within`, options.withinMs);
}

const EXPECT_OPTIONS = ["withinMs"] satisfies (keyof ExpectOptions)[];

/** In milliseconds: a duration from when it is recorded, or a time since the epoch. */
export type RestTime = { readonly ms: number } | { readonly untilMs: number };

const SLEEP_TIMES = ["until"];

/**
 * @param nowMs The time as `run` sees it.
 * @throws {MisuseError} when `time` is not a time, or is too far away.
 */
export function restTime(id: string, time: SleepTime, nowMs: number): RestTime {
  if (typeof time === "number") return { ms: checkedMs(`sleep ${id} of`, time) };
  if (typeof time !== "object" || time === null || !("until" in time)) {
    throw new MisuseError(`Cannot sleep ${id} for ${String(time)}: give milliseconds, or {until}`);
  }
  requireSound(`sleep ${id}`, optionsFlaw("its time", time, "{until}", "a time", SLEEP_TIMES));
  const until: unknown = time.until;
  const untilMs = typeof until === "string" ? Date.parse(until) : until?.valueOf();
  // `Number` would make `null` the year 1970, and the sleep would end at once.
  if (typeof untilMs !== "number" || !Number.isFinite(untilMs) || untilMs < 0) {
    throw new MisuseError(
      `Cannot sleep ${id} until ${String(until)}: give a Date, a time in RFC 3339, or ` +
        "milliseconds since the epoch",
    );
  }
  checkedMs(`sleep ${id} of`, Math.max(0, untilMs - nowMs));
  return { untilMs };
}

/**
 * @param step Begins the description of the rest, such as `sleep overnight of`.
 * @throws {MisuseError} naming the step, when `ms` is not a duration, or is too long.
 */
function checkedMs(step: string, ms: number): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= REST_MS_MAX) return ms;
  throw new MisuseError(
    `Cannot ask for ${step} ${ms} ms: give milliseconds, from 0 to ${YEARS_MAX} years`,
  );
}

/** The time to record, in RFC 3339. */
export function restDueAt(time: RestTime, nowMs: number): string {
  return new Date("ms" in time ? nowMs + time.ms : time.untilMs).toISOString();
}
