/** Finds out whether steps that returned the same one after another do so in other jobs too. */

import { isTerminal, type JobState } from "../../core/job_state.ts";
import { differInRow, longestRow } from "../../explain/ended/repeated_results.ts";
import type { RepeatedResults } from "../../explain/statements/evidence.ts";
import type { Inquiry } from "./query_parts.ts";
import { takenFromPeers } from "./similar_jobs.ts";

/** How many jobs that went through are compared, and the fewest that tell. */
const PEERS_MAX = 8;
const PEERS_MIN = 3;

/** `undefined` too if another job went through with such results. */
export async function findRepeated(
  inquiry: Inquiry,
  job: JobState,
): Promise<RepeatedResults | undefined> {
  const tasks = isTerminal(job) ? longestRow(job) : [];
  const [first] = tasks;
  if (first === undefined) return undefined;
  const peers = await takenFromPeers(inquiry, job, (peer) => differInRow(peer, first), {
    max: PEERS_MAX,
    least: PEERS_MIN,
  });
  return peers?.every(Boolean) === true ? { tasks, others: peers.length } : undefined;
}
