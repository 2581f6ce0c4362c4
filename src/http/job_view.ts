/** The job resource, with links to what there is about the job. */

import { jobResource } from "../core/job_resource.ts";
import type { JobState } from "../core/job_state.ts";

export function jobPath(jobId: string): string {
  return `/jobs/${jobId}`;
}

export function jobView(job: JobState) {
  return { ...jobResource(job), links: linksOf(job) };
}

function linksOf({ jobId }: JobState) {
  const self = jobPath(jobId);
  return {
    self,
    events: `${self}/events`,
    stream: `${self}/stream`,
    explain: `${self}/explain`,
    replay: `${self}/replay`,
  };
}
