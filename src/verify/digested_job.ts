/** A job as it was served, of which only a digest is kept: all jobs of a server are held at a time. */

import { createHash } from "node:crypto";
import { atOnce, type Work } from "../core/at_once.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { ServedJob } from "./served_audit.ts";

/** What is served of a job, as text in pieces; a job may be large. */
export type ServedText = Iterable<string>;

export class DigestedJob implements ServedJob {
  readonly jobId: JobId;
  readonly lastLogId: LogId;
  readonly #digest: string;
  readonly #textOf: (job: JobState) => ServedText;

  /** @param textOf What a server that has this state would serve. */
  constructor(
    { jobId, lastLogId }: Pick<JobState, "jobId" | "lastLogId">,
    served: ServedText,
    textOf: (job: JobState) => ServedText,
  ) {
    this.jobId = jobId;
    this.lastLogId = lastLogId;
    this.#digest = atOnce(digestOf(served));
    this.#textOf = textOf;
  }

  *isOf(job: JobState): Work<boolean> {
    return (yield* digestOf(this.#textOf(job))) === this.#digest;
  }
}

function* digestOf(text: ServedText): Work<string> {
  const hash = createHash("sha256");
  for (const piece of text) {
    hash.update(piece);
    yield;
  }
  return hash.digest("base64");
}
