/** Counts jobs that are put together with all their tasks: that takes time for each task. */

import { JobFold } from "../../src/core/job_fold.ts";

/** How many were while something was done. */
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
