/**
 * Folds many entries of one job as `project` does, in time proportional to their number. Projecting
 * a job of thousands of steps entry by entry would copy and search all steps each time.
 *
 * A step is a task or a timed wait. An entry concerns at most one of each. So the projector gets the
 * job with only these, and with all steps only when the end of the job or of its run depends on the
 * others.
 */

import { assertNever } from "./assert_never.ts";
import { type Condition, deriveCondition, StepTally } from "./condition.ts";
import type { JobEventLogEntry } from "./event.ts";
import { MAIN_TASK, type TaskId } from "./ids.ts";
import {
  type DoneJob,
  type FailedJob,
  isTerminal,
  type JobHead,
  type JobState,
  type TaskState,
  type TimedWait,
} from "./job_state.ts";
import { project, type Step } from "./projector.ts";
import { concernedWait, waitKey } from "./waits.ts";

/**
 * What one entry did to its job. The `tasks` and `waits` of both states contain the step that the
 * entry concerns, or all; nothing else may be read from them.
 */
export interface Applied extends Step {
  readonly entry: JobEventLogEntry;
  readonly before: JobState | undefined;
  /** The condition of the whole job before the entry; `condition` is the one after it. */
  readonly conditionBefore: Condition | undefined;
  readonly condition: Condition;
  /** Whether something of the job is open after the entry: `run`, an attempt, or a compensation. */
  readonly isAtWork: boolean;
}

/** The job if this entry ended it. */
export function endedJob({ entry, job }: Applied): DoneJob | FailedJob | undefined {
  return isTerminal(job) && job.endedBy === entry.logId ? job : undefined;
}

type Tasks = Map<TaskId | undefined, TaskState>;
/** By `waitKey`. */
type Waits = Map<string, TimedWait>;

const NONE: readonly never[] = [];
// Shared, since most waiting jobs have no steps, and there may be very many of them.
const NO_TASKS: Tasks = new Map();
const NO_WAITS: Waits = new Map();

export class JobFold {
  /** The job without its steps. */
  #head: JobState | undefined;
  // Steps are in order of arrival: a key that is set again keeps its place.
  #tasks: Tasks = NO_TASKS;
  #waits: Waits = NO_WAITS;
  /** Absent while the job has no steps, and after a step was reverted. */
  #tally: StepTally | undefined;
  #condition: Condition | undefined;
  /** The job with its steps, once it was read. */
  #whole: JobState | undefined;

  /** @param from The job so far, if the entries continue from there. */
  constructor(from?: JobState) {
    if (from !== undefined) this.#take(from);
  }

  /** The job after the last entry; `undefined` before the first. Costs a copy of its steps. */
  get job(): JobState | undefined {
    return this.#whole ??= this.#hasAllSteps()
      ? this.#head
      : this.#with([...this.#tasks.values()], [...this.#waits.values()]);
  }

  /** The same without its steps, which saves the copy. */
  get head(): JobHead | undefined {
    return this.#head;
  }

  /** The same, with only the given steps readable; waits are named by `waitKey`. */
  withOnly(taskIds: readonly TaskId[], waits: readonly string[] = NONE): JobState | undefined {
    const tasks = found(this.#tasks, taskIds);
    const timed = found(this.#waits, waits);
    return tasks === NONE && timed === NONE ? this.#head : this.#with(tasks, timed);
  }

  get condition(): Condition | undefined {
    return this.#condition;
  }

  /** Whether something of the job is open: `run`, an attempt, or a compensation. */
  get isAtWork(): boolean {
    if (this.#condition === "executing") return true;
    if (this.#head?.state !== "Compensating") return false;
    const tally = this.#counted();
    return tally !== undefined && (tally.running > 0 || tally.isUndoing);
  }

  task(taskId: TaskId): TaskState | undefined {
    return this.#tasks.get(taskId);
  }

  wait(expectation: string, wait: number): TimedWait | undefined {
    return this.#waits.size === 0 ? undefined : this.#waits.get(waitKey(expectation, wait));
  }

  /** @throws {TypeError} as `project` does. */
  apply(entry: JobEventLogEntry): Applied {
    // The end of `run` ends most jobs.
    const isOfAll = entry.eventType === "job.JobWoken" ||
      entry.taskId === MAIN_TASK && entry.eventType === "job.TaskCompleted";
    let before = isOfAll ? this.job : this.#headFor(entry);
    let step = project(before, entry);
    if (before !== this.#whole && turnsOnOtherTasks(step, entry)) {
      before = this.job;
      step = project(before, entry);
    }
    const { job, rule, matched } = step;
    const conditionBefore = this.#condition;
    const condition = this.#take(job, before);
    const { isAtWork } = this;
    return { entry, before, job, rule, matched, conditionBefore, condition, isAtWork };
  }

  /** Undoes the last step, as if its entry had never existed. */
  revert(last: Applied): void {
    restoreSteps(this.#tasks, this.#waits, last);
    this.#head = last.before;
    this.#condition = last.conditionBefore;
    this.#whole = undefined;
    this.#tally = undefined;
  }

  /** The job before the last steps. Pass the steps oldest first. */
  jobBefore(steps: readonly Applied[]): JobState | undefined {
    const [first] = steps;
    if (first === undefined) return this.job;
    if (first.before === undefined) return undefined;
    const [tasks, waits] = [new Map(this.#tasks), new Map(this.#waits)];
    for (const step of steps.toReversed()) restoreSteps(tasks, waits, step);
    return withSteps(first.before, [...tasks.values()], [...waits.values()]);
  }

  #hasAllSteps(): boolean {
    const { tasks = NONE, waits = NONE } = this.#head ?? {};
    return tasks.length === this.#tasks.size && waits.length === this.#waits.size;
  }

  /** Most entries concern the same task as the one before, or none, and no wait. */
  #headFor(entry: JobEventLogEntry): JobState | undefined {
    const head = this.#head;
    if (head === undefined) return undefined;
    const task = this.#tasks.get(entry.taskId);
    const key = concernedWait(entry);
    const wait = key === undefined ? undefined : this.#waits.get(key);
    const { tasks, waits = NONE } = head;
    if (isOnly(tasks, task) && (key === undefined || isOnly(waits, wait))) return head;
    return withSteps(
      head,
      task === undefined ? NONE : [task],
      key === undefined ? waits : wait === undefined ? NONE : [wait],
    );
  }

  #with(tasks: readonly TaskState[], waits: readonly TimedWait[]): JobState | undefined {
    return this.#head && withSteps(this.#head, tasks, waits);
  }

  /** @param before The job before its last entry, if the fold has taken it. */
  #take(job: JobState, before?: JobState): Condition {
    let tally = this.#counted();
    for (const task of job.tasks) {
      const known = this.#tasks.get(task.taskId);
      if (known === task) continue;
      if (this.#tasks === NO_TASKS) this.#tasks = new Map();
      this.#tasks.set(task.taskId, task);
      (tally ??= new StepTally()).note(known, task);
    }
    if (job.waits !== before?.waits) {
      if (this.#waits === NO_WAITS) this.#waits = new Map();
      for (const wait of job.waits ?? NONE) {
        this.#waits.set(waitKey(wait.expectation, wait.wait), wait);
        (tally ??= new StepTally()).noteWait(wait);
      }
    }
    this.#tally = tally;
    this.#head = job;
    this.#whole = undefined;
    return this.#condition = deriveCondition(job, tally);
  }

  #counted(): StepTally | undefined {
    if (this.#tally === undefined && this.#tasks.size + this.#waits.size > 0) {
      this.#tally = StepTally.of(this.#tasks.values(), this.#waits.values());
    }
    return this.#tally;
  }
}

/** The steps with these keys; `NONE` when there are none. */
function found<Key, Step>(steps: ReadonlyMap<Key, Step>, keys: readonly Key[]): readonly Step[] {
  let present: Step[] | undefined;
  for (const key of keys) {
    const step = steps.get(key);
    if (step !== undefined) (present ??= []).push(step);
  }
  return present ?? NONE;
}

function isOnly<Step>(steps: readonly Step[], one: Step | undefined): boolean {
  return one === undefined ? steps.length === 0 : steps.length === 1 && steps[0] === one;
}

/** A job has `waits` once it has had one. */
function withSteps(
  job: JobState,
  tasks: readonly TaskState[],
  waits: readonly TimedWait[],
): JobState {
  return job.waits === undefined ? { ...job, tasks } : { ...job, tasks, waits };
}

/** Restores the states that steps had before an entry; those that it changed keep their places. */
function restoreSteps(tasks: Tasks, waits: Waits, { before, job }: Applied): void {
  restore(tasks, before?.tasks, job.tasks, ({ taskId }) => taskId);
  if (before?.waits === job.waits) return;
  restore(waits, before?.waits, job.waits, ({ expectation, wait }) => waitKey(expectation, wait));
}

/** @param after The steps of `before` in the same order, changed or not, then any new ones. */
function restore<Key, State>(
  steps: Map<Key, State>,
  before: readonly State[] = NONE,
  after: readonly State[] = NONE,
  keyOf: (step: State) => Key,
): void {
  for (const step of before) steps.set(keyOf(step), step);
  for (let index = before.length; index < after.length; index++) {
    steps.delete(keyOf(after[index] as State));
  }
}

/**
 * Folds all entries of one job, oldest first.
 *
 * @throws {TypeError} when there are none, or the first is not `job.JobCreated`.
 */
export function foldAll(entries: Iterable<JobEventLogEntry>, from?: JobState): JobState {
  const fold = new JobFold(from);
  for (const entry of entries) fold.apply(entry);
  const { job } = fold;
  if (job === undefined) throw new TypeError("Cannot project a job: it has no entries");
  return job;
}

const TOLD_OF: ReadonlySet<string> = new Set([
  "job.TaskStarted",
  "job.TaskCompleted",
  "job.TaskFailed",
  "job.TaskInterrupted",
]);

/** Whether the step, or its description, could differ if the job had all its tasks. */
function turnsOnOtherTasks({ rule, job }: Step, entry: JobEventLogEntry): boolean {
  switch (rule) {
    // Something may need compensation, and open tasks are abandoned.
    case "running/error-compensating":
    case "running/error-failed":
    case "running/left-in-place":
    case "compensating/left-in-place":
    case "running/satisfied":
    case "running/waived-satisfied":
    case "compensating/done":
    case "compensating/failed":
      return true;
    // The failure names the tasks that stay in place, and those cut short.
    case "compensating/record-only":
      return TOLD_OF.has(entry.eventType) && job.tasks.length > 0;
    case "none/created":
    case "created/started":
    case "created/started-empty":
    case "created/record-only":
    case "running/matched":
    case "running/waived":
    case "running/record-only":
    case "terminal/record-only":
    case "any/already-applied":
      return false;
    default:
      return assertNever(rule, "rule");
  }
}
