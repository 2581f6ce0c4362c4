/**
 * Long polls: they end with the job, the time, the client, or the process. While one waits
 * it does not count as a request that is being answered, so that those who wait, however
 * many they are, leave room for those who bring about what they wait for.
 */

import type { JobState } from "../../core/job_state.ts";
import type { HttpDeps } from "../http_deps.ts";

/**
 * The job once it is as wanted, or as it is when the wait ends.
 *
 * @throws {Problem} `over-capacity` when too many wait already.
 */
export async function waitForJob(
  deps: HttpDeps,
  request: Request,
  job: JobState,
  wanted: (job: JobState) => boolean,
  seconds: number,
): Promise<JobState> {
  const { engine, shutdownSignal } = deps;
  const now = engine.job(job.jobId) ?? job;
  if (seconds === 0 || wanted(now)) return now;
  deps.waiting.requireRoom();
  const signal = AbortSignal.any([request.signal, shutdownSignal]);
  const then = await whileWaiting(
    deps,
    () => engine.waitFor(job.jobId, wanted, seconds * 1_000, signal),
  );
  // Many requests may wait for one entry.
  await deps.admission.enter("medium");
  return then;
}

/** While it waits, a request counts as one that does. */
export async function whileWaiting<Value>(
  { requests, waiting }: Pick<HttpDeps, "requests" | "waiting">,
  wait: () => Promise<Value>,
): Promise<Value> {
  waiting.opened();
  requests.closed();
  try {
    return await wait();
  } finally {
    requests.opened();
    waiting.closed();
  }
}
