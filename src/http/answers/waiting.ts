/**
 * Long polls end when the job does, on timeout, when the client disconnects, or when the process
 * stops. A waiting request does not count as one being answered, so waiting clients, however many,
 * leave room for the requests that they wait for.
 */

import type { JobHead, JobState } from "../../core/job_state.ts";
import type { HttpDeps } from "../routing/http_deps.ts";

/**
 * How long a wait may outlive its client. Most waits are over by then, and watching for a
 * disconnection takes longer than everything else that a wait does.
 */
const UNWATCHED_MS = 250;

/** The job once `wanted` is true, or its state when the wait ends. */
export async function waitForJob(
  deps: HttpDeps,
  request: Request,
  job: JobState,
  wanted: (job: JobHead) => boolean,
  seconds: number,
): Promise<JobState> {
  const { engine, clock } = deps;
  const { jobId } = job;
  if (seconds === 0 || wanted(job)) return engine.job(jobId) ?? job;
  const then = await whileWaiting(deps, () => {
    const untilMs = clock.monotonic() + seconds * 1_000;
    return engine.waitFor(jobId, wanted, Math.min(seconds * 1_000, UNWATCHED_MS)).then((soon) => {
      if (wanted(soon)) return soon;
      return engine.waitFor(jobId, wanted, untilMs - clock.monotonic(), request.signal);
    });
  });
  // One entry may end the wait of many requests.
  const turn = deps.admission.enter("medium");
  if (turn !== undefined) await turn;
  return then;
}

/**
 * Counts the request as waiting, and not as being answered, while `wait` runs.
 *
 * @throws {Problem} `over-capacity` when too many wait already.
 */
export async function whileWaiting<Value>(
  { requests, waiting }: Pick<HttpDeps, "requests" | "waiting">,
  wait: () => Promise<Value>,
): Promise<Value> {
  waiting.requireRoom();
  waiting.opened();
  requests.closed();
  try {
    return await wait();
  } finally {
    requests.opened();
    waiting.closed();
  }
}
