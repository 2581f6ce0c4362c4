/** Running counts of a job's tasks, so that none must be searched. */

import type { TaskOverview } from "./condition.ts";
import { type LogId, MAIN_TASK } from "./ids.ts";
import type { TaskState } from "./job_state.ts";

type Counted = "running" | "interrupted" | "backingOff" | "sleeping";

export class TaskTally implements TaskOverview {
  main: TaskState | undefined;
  lastCompleted: LogId = 0;
  readonly #counts: Record<Counted, number> = {
    running: 0,
    interrupted: 0,
    backingOff: 0,
    sleeping: 0,
  };
  #undoing = 0;

  get anyRunning(): boolean {
    return this.#counts.running > 0;
  }

  get anyInterrupted(): boolean {
    return this.#counts.interrupted > 0;
  }

  get anyBackingOff(): boolean {
    return this.#counts.backingOff > 0;
  }

  get anySleeping(): boolean {
    return this.#counts.sleeping > 0;
  }

  /** Whether a compensation is being attempted. */
  get anyUndoing(): boolean {
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

  #add(task: TaskState | undefined, count: 1 | -1): void {
    switch (task?.status) {
      case "running":
      case "interrupted":
      case "backingOff":
      case "sleeping":
        this.#counts[task.status] += count;
        break;
      case "completed":
        if (task.compensation?.status === "running") this.#undoing += count;
        break;
      default:
    }
  }
}
