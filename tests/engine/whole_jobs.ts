/** Counts jobs that are assembled with all their tasks, which takes time for each task. */

import { JobFold } from "../../src/core/job_fold.ts";

/** The number assembled during an action. */
export async function wholeJobs(work: () => unknown): Promise<number> {
  const { jobBefore } = JobFold.prototype;
  let jobs = 0;
  JobFold.prototype.jobBefore = function (steps) {
    jobs++;
    return jobBefore.call(this, steps);
  };
  try {
    await work();
    return jobs;
  } finally {
    JobFold.prototype.jobBefore = jobBefore;
  }
}
