/**
 * Folds many entries of one job as `project` does, in time proportional to their number. Projecting
 * a job of thousands of tasks entry by entry would copy and search all tasks each time.
 *
 * An entry concerns at most one task. So the projector gets the job with only that task, and with
 * all tasks only when the end of the job or of its run depends on the others.
 */

import { assertNever } from "./assert_never.ts";
import { type Condition, deriveCondition, TaskTally } from "./condition.ts";
import type { JobEventLogEntry } from "./event.ts";
import { MAIN_TASK, type TaskId } from "./ids.ts";
import type { JobHead, JobState, TaskState } from "./job_state.ts";
import { project, type Step } from "./projector.ts";

/**
 * What one entry did to its job. The `tasks` of both states contain the task that the entry
 * concerns, or all tasks; nothing else may be read from them.
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

const NO_TASKS: readonly TaskState[] = [];
/** Shared, since most waiting jobs have no task, and there may be very many of them. */
const NO_MAP = new Map<TaskId | undefined, TaskState>();

export class JobFold {
  /** The job without its tasks. */
  #head: JobState | undefined;
  /** In order of arrival: a key that is set again keeps its place. */
  #tasks: Map<TaskId | undefined, TaskState> = NO_MAP;
  #tally: TaskTally | undefined;
  #condition: Condition | undefined;
  /** The job with its tasks, once it was read. */
  #whole: JobState | undefined;

  /** @param from The job so far, if the entries continue from there. */
  constructor(from?: JobState) {
    if (from !== undefined) this.#take(from);
  }

  /** The job after the last entry; `undefined` before the first. Costs a copy of its tasks. */
  get job(): JobState | undefined {
    // The head holds all the tasks, as they are now.
    return this.#whole ??= this.#head?.tasks.length === this.#tasks.size
      ? this.#head
      : this.#with([...this.#tasks.values()]);
  }

  /** The same without its tasks, which saves the copy. */
  get head(): JobHead | undefined {
    return this.#head;
  }

  /** The same, with only the given tasks readable. */
  withOnly(taskIds: readonly TaskId[]): JobState | undefined {
    if (!taskIds.some((taskId) => this.#tasks.has(taskId))) return this.#head;
    return this.#with(taskIds.flatMap((taskId) => this.#tasks.get(taskId) ?? []));
  }

  get condition(): Condition | undefined {
    return this.#condition;
  }

  /** Whether something of the job is open: `run`, an attempt, or a compensation. */
  get isAtWork(): boolean {
    if (this.#condition === "executing") return true;
    if (this.#head?.state !== "Compensating" || this.#tally === undefined) return false;
    return this.#tally.running > 0 || this.#tally.isUndoing;
  }

  task(taskId: TaskId): TaskState | undefined {
    return this.#tasks.get(taskId);
  }

  /** @throws {TypeError} as `project` does. */
  apply(entry: JobEventLogEntry): Applied {
    // The end of `run` ends most jobs.
    const isOfAll = entry.eventType === "job.JobWoken" ||
      entry.taskId === MAIN_TASK && entry.eventType === "job.TaskCompleted";
    let before = isOfAll ? this.job : this.#headWith(this.#tasks.get(entry.taskId));
    let step = project(before, entry);
    if (before !== this.#whole && turnsOnOtherTasks(step, entry)) {
      before = this.job;
      step = project(before, entry);
    }
    const { job, rule, matched } = step;
    const conditionBefore = this.#condition;
    const condition = this.#take(job);
    const { isAtWork } = this;
    return { entry, before, job, rule, matched, conditionBefore, condition, isAtWork };
  }

  /** Undoes the last step, as if its entry had never existed. */
  revert(last: Applied): void {
    restoreTasks(this.#tasks, last);
    this.#head = last.before;
    this.#condition = last.conditionBefore;
    this.#whole = undefined;
    this.#tally = this.#tasks.size === 0 ? undefined : TaskTally.of(this.#tasks.values());
  }

  /** The job before the last steps. Pass the steps oldest first. */
  jobBefore(steps: readonly Applied[]): JobState | undefined {
    const [first] = steps;
    if (first === undefined) return this.job;
    if (first.before === undefined) return undefined;
    const tasks = new Map(this.#tasks);
    for (const step of steps.toReversed()) restoreTasks(tasks, step);
    return { ...first.before, tasks: [...tasks.values()] };
  }

  /** Most entries concern the same task as the one before, or none. */
  #headWith(own: TaskState | undefined): JobState | undefined {
    const tasks = this.#head?.tasks ?? NO_TASKS;
    const isThere = own === undefined ? tasks.length === 0 : tasks.length === 1 && tasks[0] === own;
    return isThere ? this.#head : this.#with(own === undefined ? NO_TASKS : [own]);
  }

  #with(tasks: readonly TaskState[]): JobState | undefined {
    return this.#head === undefined ? undefined : { ...this.#head, tasks };
  }

  #take(job: JobState): Condition {
    for (const task of job.tasks) {
      const before = this.#tasks.get(task.taskId);
      if (before === task) continue;
      if (this.#tasks === NO_MAP) this.#tasks = new Map();
      this.#tasks.set(task.taskId, task);
      (this.#tally ??= new TaskTally()).note(before, task);
    }
    this.#head = job;
    this.#whole = undefined;
    return this.#condition = deriveCondition(job, this.#tally);
  }
}

/** Restores the states that tasks had before a step; tasks that it changed keep their places. */
function restoreTasks(
  tasks: Map<TaskId | undefined, TaskState>,
  { before, job }: Applied,
): void {
  const earlier = new Map(before?.tasks.map((task) => [task.taskId, task]));
  for (const { taskId } of job.tasks) {
    const task = earlier.get(taskId);
    if (task === undefined) tasks.delete(taskId);
    else tasks.set(taskId, task);
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
