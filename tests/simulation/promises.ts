/**
 * What clients were told, and what the code of jobs did: all of it has to be on record after
 * every restart, whatever happened since.
 */

import type { Receipt } from "../../src/engine/requests.ts";
import type { JobModel } from "./job_model.ts";

interface Told {
  readonly logId: number;
  readonly what: string;
  readonly belongsTo: string;
}

export class Promises {
  readonly #violate: (what: string) => void;
  readonly #jobs: JobModel;
  readonly #told: Told[] = [];
  /** Attempts whose code ran, and completions that the code of a job went on from. */
  readonly #acted = new Map<string, () => boolean>();

  constructor(jobs: JobModel, violate: (what: string) => void) {
    this.#jobs = jobs;
    this.#violate = violate;
  }

  get count(): number {
    return this.#told.length;
  }

  /** A client saw a job as of one of its entries. */
  sawJob(job: { readonly jobId: string; readonly lastLogId: number }): void {
    this.#told.push({ logId: job.lastLogId, what: "a state", belongsTo: job.jobId });
  }

  /** A client got a receipt. */
  gotReceipt({ eventId, logId, disposition }: Receipt): void {
    if (logId === undefined) return;
    this.#told.push({ logId, what: disposition, belongsTo: eventId });
  }

  /** The code of a task, or of its undoing, begins. */
  begins(isUndoing: boolean, jobId: string, taskId: string, attempt: number): void {
    const [begun, ended] = isUndoing
      ? ["job.CompensationStarted", "job.TaskCompensated"] as const
      : ["job.TaskStarted", "job.TaskCompleted"] as const;
    const state = this.#jobs.jobs.get(jobId)?.state;
    if (state !== (isUndoing ? "Compensating" : "Running")) {
      this.#violate(`${taskId} of ${jobId} runs while the job is ${state}`);
    }
    if (this.#jobs.hasFact(ended, jobId, taskId)) {
      this.#violate(`${taskId} of ${jobId} runs again after ${ended}`);
    }
    this.#acted.set(
      `${begun} ${jobId} ${taskId} ${attempt}`,
      () => this.#jobs.hasFact(begun, jobId, taskId, attempt),
    );
  }

  /** The code of a job goes on with the result of a task. */
  wentOn(jobId: string, taskId: string): void {
    const fact = "job.TaskCompleted";
    this.#acted.set(
      `${fact} ${jobId} ${taskId}`,
      () => this.#jobs.hasFact(fact, jobId, taskId),
    );
  }

  /** Judged against all that a start found. */
  judge(exposed: readonly string[]): void {
    for (const [fact, isThere] of this.#acted) {
      if (!isThere()) this.#violate(`the code of a job went on from ${fact}, which is not there`);
    }
    for (const { logId, what, belongsTo } of this.#told) {
      const text = exposed[logId - 1];
      if (text?.includes(`"${belongsTo}"`)) continue;
      this.#violate(`${what} of ${belongsTo} at ${logId} was told, and there is ${text ?? "none"}`);
    }
  }
}
