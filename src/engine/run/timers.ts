/**
 * Ends sleeps when their time has come: by a fact of its own, whether the job is held or not, and
 * without a worker. Many that are due at once go on record one group after the other, so that
 * nothing else is held up.
 */

import { decide } from "../../core/decide.ts";
import type { JobEventDraft } from "../../core/event.ts";
import type { JobId, TaskId } from "../../core/ids.ts";
import type { Applied } from "../../core/job_fold.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { sleeping } from "../../core/task_facts.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { Writer } from "../writer/writer.ts";
import type { Patience } from "./patience.ts";
import type { Scheduler } from "./scheduler.ts";

/** So many go on record at a time, at the most. */
const GROUP_MAX = 250;

interface TimerParts {
  readonly scheduler: Scheduler;
  readonly patience: Patience;
  readonly table: JobTable;
  readonly writer: Writer;
  readonly onDefect: (error: unknown) => void;
}

interface Alarm {
  readonly taskId: TaskId;
  readonly cancel: () => void;
}

interface Due {
  readonly jobId: JobId;
  readonly taskId: TaskId;
}

export class Timers {
  readonly #parts: TimerParts;
  readonly #alarms = new Map<JobId, Alarm[]>();
  #due: Due[] = [];
  #isRecording = false;

  constructor(parts: TimerParts) {
    this.#parts = parts;
  }

  /** Takes in a job that a start has found, once what the stop cut short is on record. */
  open({ jobId, state, tasks }: JobState): void {
    if (state !== "Running") return;
    for (const { taskId, dueAt } of sleeping(tasks)) this.#set(jobId, taskId, dueAt);
  }

  /** Takes in what a durable entry did. */
  see({ job, entry }: Applied): void {
    if (entry.eventType === "job.TimerSet") return this.#seeSet(job, entry.taskId);
    if (this.#alarms.size === 0) return;
    if (entry.eventType === "job.TimerElapsed") this.#cancel(job.jobId, entry.taskId);
    else if (isTerminal(job) || job.state === "Compensating") this.#cancel(job.jobId);
  }

  #seeSet({ jobId, state, tasks }: JobState, taskId: TaskId | undefined): void {
    const sleep = sleeping(tasks).find((task) => task.taskId === taskId);
    if (sleep !== undefined && state === "Running") this.#set(jobId, sleep.taskId, sleep.dueAt);
  }

  #set(jobId: JobId, taskId: TaskId, dueAt: string): void {
    const cancel = this.#parts.scheduler.at(Date.parse(dueAt), () => this.#isDue(jobId, taskId));
    const alarms = this.#alarms.get(jobId);
    if (alarms === undefined) this.#alarms.set(jobId, [{ taskId, cancel }]);
    else alarms.push({ taskId, cancel });
  }

  /** @param only One sleep; all of the job when absent. */
  #cancel(jobId: JobId, only?: TaskId): void {
    const alarms = this.#alarms.get(jobId);
    if (alarms === undefined) return;
    const isMeant = ({ taskId }: Alarm) => only === undefined || taskId === only;
    for (const alarm of alarms) if (isMeant(alarm)) alarm.cancel();
    const others = alarms.filter((alarm) => !isMeant(alarm));
    if (others.length === 0) this.#alarms.delete(jobId);
    else this.#alarms.set(jobId, others);
  }

  #isDue(jobId: JobId, taskId: TaskId): void {
    this.#due.push({ jobId, taskId });
    if (!this.#isRecording) this.#recordAll().catch(this.#parts.onDefect);
  }

  async #recordAll(): Promise<void> {
    this.#isRecording = true;
    try {
      while (this.#due.length > 0) {
        const due = this.#due.splice(0, GROUP_MAX);
        await this.#parts.patience.record(() => this.#record(due));
      }
    } finally {
      this.#isRecording = false;
    }
  }

  async #record(due: readonly Due[]): Promise<void> {
    const { writer } = this.#parts;
    const drafts = due.flatMap(({ jobId, taskId }) => this.#elapsed(jobId, taskId));
    if (drafts.length === 0) return;
    await writer.settled(writer.append(drafts, "vital").lastLogId, undefined);
  }

  /** Nothing of a sleep that something else has ended. */
  #elapsed(jobId: JobId, taskId: TaskId): readonly JobEventDraft[] {
    const job = this.#parts.table.pending(jobId)?.withOnly([taskId]);
    if (job === undefined) return [];
    const decision = decide(job, { kind: "elapse", taskIds: [taskId] });
    return decision.accepted ? decision.events : [];
  }
}
