/** Reports jobs when they are parked. Jobs parked earlier are reported at the start. */

import type { JobState } from "../../core/job_state.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { View } from "./view.ts";

/** The most reports of one process, since a release that fits no job parks many. */
const SHOWN_MAX = 10;

export class ParkedReports implements View {
  readonly #report: (message: string) => void;
  #reported = 0;

  constructor(tell: (message: string) => void) {
    this.#report = tell;
  }

  see({ entry, job }: Applied): void {
    if (entry.eventType !== "job.JobParked" || job.parked?.by !== entry.logId) return;
    this.#reported++;
    if (this.#reported <= SHOWN_MAX) this.#report(parkedText(job));
    if (this.#reported === SHOWN_MAX) {
      this.#report(
        "further parked jobs are not reported one by one: " +
          "deno task daybook jobs --condition parked lists them",
      );
    }
  }
}

function parkedText({ jobId, type = "a plan", parked }: JobState): string {
  return `job ${jobId} of type ${type} was parked (${parked?.reason}): ${parked?.message}; ` +
    `deno task daybook explain ${jobId} says what can be done`;
}
