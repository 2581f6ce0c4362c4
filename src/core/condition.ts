/** What a job is doing right now, for operators; derived from its state alone. */

import { assertNever } from "./assert_never.ts";
import { type LogId, MAIN_TASK } from "./ids.ts";
import {
  hasCode,
  type JobState,
  type RunningJob,
  type TaskState,
  type WaitingTask,
} from "./job_state.ts";
import { isMetAt } from "./expectations.ts";

export const CONDITIONS = [
  "created",
  "scheduled",
  "queued",
  "executing",
  "waiting",
  "sleeping",
  "backingOff",
  "suspended",
  "parked",
  "compensating",
  "succeeded",
  "failed",
  "cancelled",
] as const;

export type Condition = (typeof CONDITIONS)[number];

export function conditionText(condition: Condition): string {
  return condition === "backingOff" ? "backing off" : condition;
}

/** What the condition depends on in a job's tasks. The flags cover all tasks except `main`. */
export interface TaskOverview {
  readonly main: TaskState | undefined;
  readonly anyRunning: boolean;
  readonly anyInterrupted: boolean;
  readonly anyBackingOff: boolean;
  readonly anySleeping: boolean;
  /** The latest entry that completed a task; 0 if there is none. */
  readonly lastCompleted: LogId;
}

/** @param tasks An overview, if the caller has one; otherwise the tasks are searched. */
export function deriveCondition(job: JobState, tasks?: TaskOverview): Condition {
  switch (job.state) {
    case "Created":
      return job.startAt === undefined ? "created" : "scheduled";
    case "Running":
      return heldCondition(job) ?? runningCondition(job, tasks);
    case "Compensating":
      return heldCondition(job) ?? "compensating";
    case "Done":
      return "succeeded";
    case "Failed":
      return job.failure.kind === "cancelled" ? "cancelled" : "failed";
    default:
      return assertNever(job, "state");
  }
}

/** Parked comes first: ending the suspension alone does not let the job continue. */
function heldCondition({ parked, suspendedBy }: JobState): Condition | undefined {
  if (parked !== undefined) return "parked";
  return suspendedBy === undefined ? undefined : "suspended";
}

function runningCondition(job: RunningJob, known?: TaskOverview): Condition {
  if (!hasCode(job)) return "waiting";
  const tasks = known ?? taskOverview(job);
  if (tasks.anyRunning) return "executing";
  if (tasks.main?.status === "completed") return "waiting";
  if (tasks.anyInterrupted) return "queued";
  return tasks.anyBackingOff ? "backingOff" : mainCondition(job, tasks);
}

/** Searches from the end: running tasks are usually among the latest, and they decide. */
function taskOverview({ tasks }: RunningJob): TaskOverview {
  let [anyRunning, anyInterrupted, anyBackingOff, anySleeping] = [false, false, false, false];
  let lastCompleted = 0;
  for (let index = tasks.length - 1; index >= 0 && !anyRunning; index--) {
    const task = tasks[index];
    if (task === undefined || task.taskId === MAIN_TASK) continue;
    anyRunning = task.status === "running";
    anyInterrupted ||= task.status === "interrupted";
    anyBackingOff ||= task.status === "backingOff";
    anySleeping ||= task.status === "sleeping";
    if (task.status === "completed") lastCompleted = Math.max(lastCompleted, task.completedBy);
  }
  const main = tasks.find(({ taskId }) => taskId === MAIN_TASK);
  return { main, anyRunning, anyInterrupted, anyBackingOff, anySleeping, lastCompleted };
}

/** What `run` itself is doing, when no other task is open. */
function mainCondition(job: RunningJob, tasks: TaskOverview): Condition {
  const { main, lastCompleted } = tasks;
  switch (main?.status) {
    case "running":
      return "executing";
    case "waiting":
      if (hasAnswer(job, main, lastCompleted)) return "queued";
      // A job that also waits for an event is `waiting`, since that event can be sent.
      return tasks.anySleeping && main.expectations.length === 0 ? "sleeping" : "waiting";
    case "backingOff":
    case "sleeping":
      return "backingOff";
    case "completed":
      return "waiting";
    case undefined:
    case "interrupted":
    case "abandoned":
    case "failed":
      return "queued";
    default:
      return assertNever(main, "status of main");
  }
}

/** Whether there is an answer for `run` that it had not seen when it began to wait. */
function hasAnswer(job: RunningJob, main: WaitingTask, lastCompleted: LogId): boolean {
  if (lastCompleted > main.seen) return true;
  if (hasPassed(job, main.seen)) return true;
  const asked = new Set(main.expectations);
  return job.plan.expected.some(({ id }, index) => asked.has(id) && isMetAt(job, index));
}

/** Whether a timed wait of `run` has ended since then. */
function hasPassed({ waits = [] }: RunningJob, seen: LogId): boolean {
  return waits.some(({ passedBy = 0, reusedFrom }) => passedBy > seen && reusedFrom === undefined);
}

/** Conditions in which a job holds no place: it has not begun, is idle, is held, or has ended. */
export const WITHOUT_PLACE: ReadonlySet<Condition> = new Set([
  "created",
  "scheduled",
  "waiting",
  "sleeping",
  "backingOff",
  "suspended",
  "parked",
  "succeeded",
  "failed",
  "cancelled",
]);

/** The state, with the condition where that says more: `Running (waiting)`, but just `Done`. */
export function stateText(
  { state, condition }: { readonly state: string; readonly condition: string },
): string {
  const isSaid = condition === "succeeded" || condition === state.toLowerCase();
  return isSaid ? state : `${state} (${condition})`;
}

/** How an entry changed its job; `from` is `null` for the entry that created it. */
interface StateChange {
  readonly from: string | null;
  readonly to: string;
  readonly condition: string;
}

/** `Created → Running (queued)`, or `Running (waiting)` where only the condition changed. */
export function changeText({ from, to, condition }: StateChange): string {
  const now = stateText({ state: to, condition });
  return from === null || from === to ? now : `${from} → ${now}`;
}
