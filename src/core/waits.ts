/** Timed waits, and the effects of expectations that are not met in time. Pure. */

import type { FrameworkEntry, JobEventLogEntry } from "./event.ts";
import { MAIN_TASK } from "./ids.ts";
import { requiredMatches } from "./job_plan.ts";
import type { ExpectationState, JobState, RunningJob, TimedWait } from "./job_state.ts";
import { expectationProgress, indexOf, isMet, isSettled } from "./expectations.ts";

/** The job after `run` began a timed wait, or after the time came first. */
export function noteWait<Job extends JobState>(job: Job, entry: JobEventLogEntry): Job {
  if (entry.stratum !== "framework") return job;
  if (entry.eventType === "job.TimerSet") return begun(job, entry);
  return entry.eventType === "job.DeadlinePassed" ? passed(job, entry) : job;
}

function begun<Job extends JobState>(job: Job, entry: FrameworkEntry<"job.TimerSet">): Job {
  const { expectation, wait, dueAt, withinMs } = entry.attributes;
  if (expectation === undefined || wait === undefined) return job;
  if (findWait(job, expectation, wait) !== undefined) return job;
  const asked = withinMs === undefined ? {} : { withinMs };
  const begun: TimedWait = { expectation, wait, dueAt, ...asked, setBy: entry.logId };
  return { ...job, waits: [...job.waits ?? [], begun] };
}

function passed<Job extends JobState>(job: Job, entry: FrameworkEntry<"job.DeadlinePassed">): Job {
  const { expectation, wait, reusedFrom, withinMs } = entry.attributes;
  if (wait === undefined || isSettled(job, expectation)) return job;
  const before = findWait(job, expectation, wait);
  const passed = { passedBy: entry.logId };
  if (reusedFrom !== undefined && before === undefined) {
    const asked = withinMs === undefined ? {} : { withinMs };
    const times = { dueAt: entry.receivedAt, ...asked, setBy: entry.logId };
    const reused: TimedWait = { expectation, wait, ...times, ...passed, reusedFrom };
    return { ...job, waits: [...job.waits ?? [], reused] };
  }
  if (before === undefined || before.passedBy !== undefined) return job;
  return { ...job, waits: job.waits?.map((one) => one === before ? { ...one, ...passed } : one) };
}

export function findWait(job: JobState, name: string, nth: number): TimedWait | undefined {
  return job.waits?.find(({ expectation, wait }) => expectation === name && wait === nth);
}

/** Identifies a wait within its job. */
export function waitKey(expectation: string, wait: number): string {
  return `${expectation} ${wait}`;
}

/** The key of the wait that an entry concerns; `undefined` when it concerns none. */
export function concernedWait(entry: JobEventLogEntry): string | undefined {
  if (entry.stratum !== "framework") return undefined;
  if (entry.eventType !== "job.TimerSet" && entry.eventType !== "job.DeadlinePassed") {
    return undefined;
  }
  const { expectation, wait } = entry.attributes;
  return expectation === undefined || wait === undefined ? undefined : waitKey(expectation, wait);
}

/** The timed waits of `run` that have not ended. */
export function openWaits(job: JobState): readonly TimedWait[] {
  return job.waits?.filter(({ expectation, passedBy }) =>
    passedBy === undefined && !isSettled(job, expectation)
  ) ?? [];
}

/** Compares the timed waits of one expectation that `run` asks for with those on record. */
export class AskedWaits {
  #compared = 0;
  /** How long recorded waits may take in whose place `run` asks for another length. */
  readonly #displaced = new Set<number>();

  constructor(private readonly recorded: (wait: number) => TimedWait | undefined) {}

  /**
   * Whether `run` now asks for a different wait at a wait's place in the order, judged by how long
   * each wait may take. If a wait merely takes longer or shorter than before, its time on record
   * stays.
   *
   * @param asked The time limits of its waits, in milliseconds, in order. Only ever grows.
   */
  hasSwapped({ wait, withinMs }: TimedWait, asked: readonly number[]): boolean {
    const askedMs = asked[wait - 1];
    // Nearly always so.
    if (withinMs === undefined || askedMs === undefined || askedMs === withinMs) return false;
    for (; this.#compared < asked.length; this.#compared++) {
      const before = this.recorded(this.#compared + 1)?.withinMs;
      if (before !== undefined && before !== asked[this.#compared]) this.#displaced.add(before);
    }
    return this.#displaced.has(askedMs);
  }
}

/** The expectation that an entry waives, by its index in the plan. */
export function waivedBy(job: RunningJob, entry: JobEventLogEntry): number | undefined {
  const found = passedDeadline(job, entry);
  return found?.expected.within?.otherwise === "waive" ? found.index : undefined;
}

/** The expectation whose deadline an entry passes, while it is not met. */
export function passedDeadline(job: RunningJob, entry: JobEventLogEntry) {
  if (entry.stratum !== "framework" || entry.eventType !== "job.DeadlinePassed") return undefined;
  const { expectation, wait } = entry.attributes;
  const found = wait === undefined ? expectationProgress(job, expectation) : undefined;
  return found === undefined || isMet(found.expected, found.progress) ? undefined : found;
}

/** Waives the expectations that `run` gave up on before it returned. */
export function withGivenUp(
  job: RunningJob,
  entry: JobEventLogEntry,
  expected: readonly ExpectationState[],
): readonly ExpectationState[] {
  if (job.waits === undefined || entry.taskId !== MAIN_TASK) return expected;
  if (entry.stratum !== "framework" || entry.eventType !== "job.TaskCompleted") return expected;
  const { notAwaited } = entry.attributes;
  return job.waits.reduce((all, { expectation, passedBy }) => {
    if (notAwaited?.includes(expectation)) return all;
    const index = indexOf(job, expectation);
    const [planned, progress] = [job.plan.expected[index], all[index]];
    if (passedBy === undefined || planned === undefined || progress === undefined) return all;
    const isOpen = progress.matched < requiredMatches(planned.multiplicity);
    return isOpen ? all.with(index, { ...progress, waived: passedBy }) : all;
  }, expected);
}
