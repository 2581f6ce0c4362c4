/** Reports to the operator, on the terminal, that jobs are parked, or fail in a way that is new. */

import type { Applied } from "../../core/job_fold.ts";
import { type ErrorFingerprint, jobFingerprint } from "../../core/error_fingerprint.ts";
import { errorText } from "../../core/error_text.ts";
import type { FailedJob, JobState } from "../../core/job_state.ts";
import { taskText } from "../../explain/words/phrases.ts";
import type { View } from "./view.ts";

/** The most reports of parked jobs by one process, since a release that fits no job parks many. */
const PARKED_MAX = 10;

/** A failure like an earlier one is reported again after this time, with the number of those since. */
const AGAIN_MS = 3_600_000;
/** How many kinds of failures are told apart; the oldest are forgotten. */
const KINDS_MAX = 256;

/** When a kind of failure was reported last, and how many there were since. */
interface Kind {
  readonly reportedMs: number;
  since: number;
}

export class JobReports implements View {
  #parked = 0;
  readonly #kinds = new Map<ErrorFingerprint, Kind>();

  constructor(
    private readonly options: {
      readonly onParked?: (message: string) => void;
      readonly onFailed?: (message: string) => void;
    },
  ) {}

  see({ entry, job, condition, conditionBefore }: Applied): void {
    if (entry.eventType === "job.JobParked" && job.parked?.by === entry.logId) this.#seeParked(job);
    const hasFailed = condition === "failed" && conditionBefore !== "failed";
    if (hasFailed && job.state === "Failed") this.#seeFailed(job, Date.parse(entry.receivedAt));
  }

  #seeParked(job: JobState): void {
    const { onParked } = this.options;
    this.#parked++;
    if (this.#parked <= PARKED_MAX) onParked?.(parkedText(job));
    if (this.#parked === PARKED_MAX) {
      onParked?.(
        "further parked jobs are not reported one by one: " +
          "deno task daybook jobs --condition parked lists them",
      );
    }
  }

  #seeFailed(job: FailedJob, nowMs: number): void {
    const fingerprint = jobFingerprint(job, job.failure);
    if (fingerprint === undefined || this.options.onFailed === undefined) return;
    const kind = this.#kinds.get(fingerprint);
    if (kind !== undefined && nowMs - kind.reportedMs < AGAIN_MS) {
      kind.since++;
      return;
    }
    this.#kinds.delete(fingerprint);
    this.#kinds.set(fingerprint, { reportedMs: nowMs, since: 0 });
    if (this.#kinds.size > KINDS_MAX) {
      const [oldest] = this.#kinds.keys();
      if (oldest !== undefined) this.#kinds.delete(oldest);
    }
    this.options.onFailed?.(failedText(job, kind?.since ?? 0));
  }
}

function parkedText({ jobId, type = "a plan", parked }: JobState): string {
  return `job ${jobId} of type ${type} was parked (${parked?.reason}): ${parked?.message}; ` +
    `deno task daybook explain ${jobId} says what can be done`;
}

/** The first of its kind; the others are in the list of failures. */
function failedText({ jobId, type, failure }: FailedJob, since: number): string {
  const of = type === undefined ? "" : ` of type ${type}`;
  const where = failure.taskId === undefined ? "" : ` in ${taskText(failure.taskId)}`;
  const others = since === 0 ? "" : ` (and ${since} like it since the last report)`;
  return `job ${jobId}${of} failed${where}: ${errorText(failure.error)}${others}; ` +
    `deno task daybook explain ${jobId} says why`;
}
