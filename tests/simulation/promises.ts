/**
 * What clients saw, and what the code of jobs did: all of it must be on record after every restart,
 * whatever happened since.
 */

import type { Receipt } from "../../src/engine/requests.ts";
import type { JobModel } from "./job_model.ts";

interface Told {
  readonly logId: number;
  readonly what: string;
  readonly belongsTo: string;
}

export class Promises {
  readonly #told: Told[] = [];
  /** Attempts whose code ran, and completions that later steps depended on. */
  readonly #acted = new Map<string, () => boolean>();
  /** By job and branch, the tasks whose results its code has continued from, on record or not. */
  readonly #wentOn = new Map<string, Set<string>>();

  constructor(private readonly jobs: JobModel, private readonly violate: (what: string) => void) {}

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

  /** The code of a task, or of its compensation, starts. */
  begins(isUndoing: boolean, jobId: string, taskId: string, attempt: number): void {
    const [begun, ended] = isUndoing
      ? ["job.CompensationStarted", "job.TaskCompensated"] as const
      : ["job.TaskStarted", "job.TaskCompleted"] as const;
    this.#mayBegin(isUndoing, jobId, taskId);
    if (this.jobs.hasFact(ended, jobId, taskId)) {
      this.violate(`${taskId} of ${jobId} runs again after ${ended}`);
    }
    this.#rests(begun, jobId, taskId, attempt);
    for (const before of this.#wentOn.get(branchOf(jobId, taskId)) ?? []) {
      // A crash may have lost a result that an earlier call continued from.
      if (stepOf(before) < stepOf(taskId)) this.#rests("job.TaskCompleted", jobId, before);
    }
  }

  #mayBegin(isUndoing: boolean, jobId: string, taskId: string): void {
    const job = this.jobs.jobs.get(jobId);
    const { state, parked } = job ?? {};
    if (job !== undefined && !this.jobs.isAhead && this.jobs.pauses.isPaused(job)) {
      this.violate(`${taskId} of ${jobId} begins while a pause holds the job`);
    }
    if (parked !== undefined) this.violate(`${taskId} of ${jobId} runs while the job is parked`);
    if (state !== (isUndoing ? "Compensating" : "Running")) {
      this.violate(`${taskId} of ${jobId} runs while the job is ${state}`);
    }
  }

  /**
   * The code of a job continues with the result of a task. It may do so before the result is on
   * record, but no step may start before that.
   */
  wentOn(jobId: string, taskId: string): void {
    const branch = branchOf(jobId, taskId);
    this.#wentOn.set(branch, (this.#wentOn.get(branch) ?? new Set()).add(taskId));
  }

  /** An outside effect depends on a fact, which must be on record now and stay there. */
  #rests(fact: string, jobId: string, taskId: string, attempt?: number): void {
    const isThere = () => this.jobs.hasFact(fact, jobId, taskId, attempt);
    const what = `${fact} ${jobId} ${taskId} ${attempt ?? ""}`.trim();
    if (!isThere()) this.violate(`a handler began on ${what}, which is not on record`);
    this.#acted.set(what, isThere);
  }

  /** Compared with everything that a start found. */
  judge(exposed: readonly string[]): void {
    for (const [fact, isThere] of this.#acted) {
      if (!isThere()) this.violate(`the code of a job continued from ${fact}, which is not there`);
    }
    for (const { logId, what, belongsTo } of this.#told) {
      const text = exposed[logId - 1];
      if (text?.includes(`"${belongsTo}"`)) continue;
      this.violate(
        `${what} of ${belongsTo} at ${logId} was shown, but there is ${text ?? "none"}`,
      );
    }
  }
}

function stepOf(taskId: string): number {
  return Number(taskId.split("-")[1]);
}

/** The tasks of one branch are sequential; those of other branches run in parallel. */
function branchOf(jobId: string, taskId: string): string {
  return `${jobId} ${taskId.split("-")[0]}`;
}
