/** The job resource and its summary, with links to everything about the job. */

import { jobResource } from "../../core/job_resource.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { JobReceipt } from "../jobs.ts";
import { problemType } from "../refusal.ts";

export function jobPath(jobId: string): string {
  return `/jobs/${jobId}`;
}

export function jobView(job: JobState) {
  return { ...jobResource(job), links: jobLinks(job) };
}

export function summaryView(summary: JobSummary) {
  return { ...summary, links: jobLinks(summary) };
}

function jobLinks({ jobId }: { readonly jobId: string }) {
  const self = jobPath(jobId);
  return {
    self,
    events: `${self}/events`,
    stream: `${self}/stream`,
    explain: `${self}/explain`,
    replay: `${self}/replay`,
  };
}

/** The outcome of one of many jobs. */
export function receiptView({ refusal, ...receipt }: JobReceipt) {
  const { jobId, state } = receipt;
  return {
    ...receipt,
    ...(jobId === null || state === undefined ? {} : { links: jobLinks({ jobId }) }),
    ...(refusal === undefined ? {} : { problem: problemType(refusal) }),
  };
}
