/** What a job is doing right now, for operators; derived from its state alone. */

import { assertNever } from "./assert_never.ts";
import { type LogId, MAIN_TASK } from "./ids.ts";
import {
  hasCode,
  type JobState,
  type RunningJob,
  type TaskState,
  type TimedWait,
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

/**
 * What the condition depends on in a job's tasks and timed waits. The counts cover all tasks except
 * `main`.
 */
export class StepTally {
  main: TaskState | undefined;
  /** The latest entry that completed a task; 0 if there is none. */
  lastCompleted: LogId = 0;
  /** The latest entry that ended a timed wait of this job; 0 if there is none. */
  lastPassed: LogId = 0;
  running = 0;
  interrupted = 0;
  backingOff = 0;
  sleeping = 0;
  #undoing = 0;

  static of(tasks: Iterable<TaskState>, waits: Iterable<TimedWait> = []): StepTally {
    const tally = new StepTally();
    for (const task of tasks) tally.note(undefined, task);
    for (const wait of waits) tally.noteWait(wait);
    return tally;
  }

  /** Whether a compensation is being attempted. */
  get isUndoing(): boolean {
    return this.#undoing > 0;
  }

  /** Counts a new or changed task. A completed task does not change any more. */
  note(before: TaskState | undefined, after: TaskState): void {
    if (after.taskId === MAIN_TASK) {
      this.main = after;
      return;
    }
    this.#add(before, -1);
    this.#add(after, 1);
    if (after.status === "completed") {
      this.lastCompleted = Math.max(this.lastCompleted, after.completedBy);
    }
  }

  /** Counts a new or changed wait. One that a retry reuses ended before `run` asked for it. */
  noteWait({ passedBy = 0, reusedFrom }: TimedWait): void {
    if (reusedFrom === undefined) this.lastPassed = Math.max(this.lastPassed, passedBy);
  }

  #add(task: TaskState | undefined, count: 1 | -1): void {
    switch (task?.status) {
      case "running":
        this.running += count;
        break;
      case "interrupted":
        this.interrupted += count;
        break;
      case "backingOff":
        this.backingOff += count;
        break;
      case "sleeping":
        this.sleeping += count;
        break;
      case "completed":
        if (task.compensation?.status === "running") this.#undoing += count;
        break;
      default:
    }
  }
}

/** @param tally Of the job's steps, if the caller has one; otherwise they are counted. */
export function deriveCondition(job: JobState, tally?: StepTally): Condition {
  switch (job.state) {
    case "Created":
      return job.startAt === undefined ? "created" : "scheduled";
    case "Running":
      return heldCondition(job) ?? runningCondition(job, tally);
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

const NO_STEPS = new StepTally();

function runningCondition(job: RunningJob, known: StepTally | undefined): Condition {
  if (!hasCode(job)) return "waiting";
  const tally = known ??
    (job.tasks.length === 0 ? NO_STEPS : StepTally.of(job.tasks, job.waits));
  if (tally.running > 0) return "executing";
  if (tally.main?.status === "completed") return "waiting";
  if (tally.interrupted > 0) return "queued";
  return tally.backingOff > 0 ? "backingOff" : mainCondition(job, tally);
}

/** What `run` itself is doing, when no other task is open. */
function mainCondition(job: RunningJob, tally: StepTally): Condition {
  const { main } = tally;
  switch (main?.status) {
    case "running":
      return "executing";
    case "waiting":
      if (hasAnswer(job, main, tally)) return "queued";
      // A job that also waits for an event is `waiting`, since that event can be sent.
      return tally.sleeping > 0 && main.expectations.length === 0 ? "sleeping" : "waiting";
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
function hasAnswer(job: RunningJob, main: WaitingTask, tally: StepTally): boolean {
  if (tally.lastCompleted > main.seen || tally.lastPassed > main.seen) return true;
  const asked = new Set(main.expectations);
  return job.plan.expected.some(({ id }, index) => asked.has(id) && isMetAt(job, index));
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
