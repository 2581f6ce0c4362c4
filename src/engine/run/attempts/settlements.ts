/**
 * The answers for a job's `run`, in the order of the journal. The order is the same live and after
 * a restart, so that `run` takes the same path through its code, and a divergence is detected.
 */

import { expectationProgress, isSettled } from "../../../core/expectations.ts";
import { findWait } from "../../../core/waits.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../../../core/event.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../../core/ids.ts";
import { MAIN_EXPECTATION_ID, requiredMatches } from "../../../core/job_plan.ts";
import {
  isReused,
  isSleep,
  type JobState,
  type TaskState,
  type TimedWait,
} from "../../../core/job_state.ts";
import type { Applied } from "../../../core/job_fold.ts";

/** A task, sleep, wait or expectation whose answer is on record. */
export type Settlement =
  | {
    readonly kind: "task" | "sleep";
    readonly logId: LogId;
    readonly taskId: TaskId;
    readonly receivedAt: string;
  }
  | { readonly kind: "expectation"; readonly logId: LogId; readonly name: string }
  | {
    readonly kind: "deadline";
    readonly logId: LogId;
    readonly name: string;
    /** The wait that the deadline ends; `undefined` when it waives the expectation. */
    readonly wait: number | undefined;
  };

/** A step on record that `run` does not ask for: a task, a sleep, or a wait until a time. */
export type LostStep = { readonly taskId: TaskId } | Pick<TimedWait, "expectation" | "wait">;

/** The answers on record. */
interface RecordedSettlements {
  /** Those that a retry reuses. `run` may ask for them in any order. */
  readonly reused: readonly Settlement[];
  /** All others, oldest first. */
  readonly own: Settlement[];
}

export function recordedSettlements(job: JobState): RecordedSettlements {
  const reused: Settlement[] = [];
  const own: Settlement[] = [];
  for (const task of job.tasks) (isReused(task) ? reused : own).push(...ofTask(task, job));
  job.plan.expected.forEach(({ id, multiplicity, within }, index) => {
    const { matched = 0, by = [], waived } = job.expected[index] ?? {};
    const logId = by.at(-1);
    if (id === MAIN_EXPECTATION_ID) return;
    if (logId !== undefined && matched >= requiredMatches(multiplicity)) {
      own.push({ kind: "expectation", logId, name: id });
    } else if (waived !== undefined && within !== undefined) {
      own.push({ kind: "deadline", logId: waived, name: id, wait: undefined });
    }
  });
  for (const { expectation: name, wait, passedBy, reusedFrom } of job.waits ?? []) {
    if (passedBy === undefined) continue;
    const passed = { kind: "deadline", logId: passedBy, name, wait } as const;
    (reusedFrom === undefined ? own : reused).push(passed);
  }
  own.sort((left, right) => left.logId - right.logId);
  return { reused, own };
}

const NONE: readonly Settlement[] = [];

/** A failure is an answer only if an expectation counted it, so that the job went on. */
function ofTask(task: TaskState, job: JobState): readonly Settlement[] {
  const { taskId } = task;
  if (taskId === MAIN_TASK) return NONE;
  if (task.status === "completed") {
    const kind = isSleep(task) ? "sleep" : "task";
    return [{ kind, logId: task.completedBy, taskId, receivedAt: task.endedAt }];
  }
  // A program that embeds Daybook may check types without `exactOptionalPropertyTypes`.
  const failedBy = ("failure" in job ? job.failure?.because : undefined) ?? Infinity;
  if (task.status !== "failed" || task.lastLogId >= failedBy) return NONE;
  return [{ kind: "task", logId: task.lastLogId, taskId, receivedAt: task.endedAt }];
}

export function toSettlements(applied: Applied): readonly Settlement[] {
  const { entry, job, matched } = applied;
  const ended = entry.eventType === "job.DeadlinePassed"
    ? deadlineSettlement(entry as FrameworkEntry<"job.DeadlinePassed">, job)
    : taskSettlement(entry, job);
  return matched.length === 0 ? ended : [...ended, ...expectationSettlements(applied)];
}

function expectationSettlements(
  { entry: { logId }, before, job, matched }: Applied,
): readonly Settlement[] {
  const settled = matched.filter((name) =>
    name !== MAIN_EXPECTATION_ID && before !== undefined && isSettled(job, name) &&
    !isSettled(before, name)
  );
  return settled.map((name) => ({ kind: "expectation", logId, name }));
}

/** Empty when the deadline came too late. */
function deadlineSettlement(
  { logId, attributes }: FrameworkEntry<"job.DeadlinePassed">,
  job: JobState,
): readonly Settlement[] {
  const { expectation: name, wait } = attributes;
  const tookEffect = wait === undefined
    ? expectationProgress(job, name)?.progress.waived === logId
    : findWait(job, name, wait)?.passedBy === logId;
  return tookEffect ? [{ kind: "deadline", logId, name, wait }] : NONE;
}

const ENDS: Readonly<Record<string, "task" | "sleep">> = {
  "job.TaskCompleted": "task",
  "job.TaskFailed": "task",
  "job.TimerElapsed": "sleep",
};

function taskSettlement(entry: JobEventLogEntry, job: JobState): readonly Settlement[] {
  const { logId, taskId, receivedAt } = entry;
  const kind = ENDS[entry.eventType];
  if (kind === undefined || taskId === undefined || taskId === MAIN_TASK) return NONE;
  const goesOn = entry.eventType !== "job.TaskFailed" ||
    "final" in entry.attributes && job.state === "Running";
  return goesOn ? [{ kind, logId, taskId, receivedAt }] : NONE;
}
