/** Waits for the end of a job, although kills by the test may look like crashes of its code. */

import { PATIENCE_MS } from "../support/until.ts";

interface Shown {
  readonly state: string;
  readonly condition: string;
  readonly output?: unknown;
}

/** The answer of `GET /jobs/:id` when the job has ended, or after the time limit of the test. */
export async function endedJob(
  url: string,
  jobId: string,
): Promise<{ readonly status: number; readonly job: Shown }> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const response = await fetch(`${url}/jobs/${jobId}`, { headers: { prefer: "wait=2" } });
    const job: Shown = await response.json();
    const isOver = job.state === "Done" || job.state === "Failed";
    if (response.status !== 200 || isOver || performance.now() > deadline) {
      return { status: response.status, job };
    }
    // The job that was alone at the third kill in a row is parked; here the test killed it.
    if (job.condition === "parked") {
      const resumed = await fetch(`${url}/jobs/${jobId}/resume`, { method: "POST" });
      await resumed.body?.cancel();
    }
  }
}
