/** A job once it has ended, though kills by a test may look as if its own code did them. */

import { PATIENCE_MS } from "../support/until.ts";

interface Shown {
  readonly state: string;
  readonly condition: string;
  readonly output?: unknown;
}

/** What `GET /jobs/:id` shows when the job has ended, or after the patience of a test. */
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
    // Whoever was alone at the third kill in a row is parked; the killer here is the test.
    if (job.condition === "parked") {
      const resumed = await fetch(`${url}/jobs/${jobId}/resume`, { method: "POST" });
      await resumed.body?.cancel();
    }
  }
}
