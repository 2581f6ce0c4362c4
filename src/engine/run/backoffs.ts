/** Timers for the tasks and compensations of one run that back off. */

import type { JobState } from "../../core/job_state.ts";
import type { Scheduler } from "./scheduler.ts";

/** When the retries of a job's tasks and compensations are due, in RFC 3339. */
export function retryTimes({ state, tasks }: JobState): readonly string[] {
  return tasks.flatMap((task) => {
    if (state === "Running") return task.status === "backingOff" ? [task.retryAt] : [];
    const compensation = task.status === "completed" ? task.compensation : undefined;
    return compensation?.status === "backingOff" ? [compensation.retryAt] : [];
  });
}

interface Alarm {
  cancel: () => void;
  readonly over: () => void;
}

export class Backoffs {
  readonly #scheduler: Scheduler;
  /** Absent until there is one; most jobs have none. */
  #alarms: Set<Alarm> | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get areAny(): boolean {
    return (this.#alarms?.size ?? 0) > 0;
  }

  /** @param retryAt RFC 3339. */
  until(retryAt: string, over: () => void): void {
    const alarm: Alarm = { cancel: () => {}, over };
    alarm.cancel = this.#scheduler.at(Date.parse(retryAt), () => {
      this.#alarms?.delete(alarm);
      over();
    });
    (this.#alarms ??= new Set()).add(alarm);
  }

  /** Ends all backoffs now. */
  wake(): void {
    const alarms = [...this.#alarms ?? []];
    this.cancel();
    for (const { over } of alarms) over();
  }

  cancel(): void {
    for (const { cancel } of this.#alarms ?? []) cancel();
    this.#alarms = undefined;
  }
}
