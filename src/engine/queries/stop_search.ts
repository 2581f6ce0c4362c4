/** Whether other jobs went through where the process stopped during one that failed. */

import { PROCESS_ENDS } from "../../core/event.ts";
import { MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { findTask, isTerminal, type JobState } from "../../core/job_state.ts";
import { failingTask, namedResult } from "../../explain/ended/named_results.ts";
import { COMPARED_MAX } from "../../explain/likeness/contrast.ts";
import type { Meanwhile } from "../../explain/past/process_history.ts";
import type { PeersAtStops } from "../../explain/statements/evidence.ts";
import { Lookup } from "../views/past_events.ts";
import type { Inquiry } from "./query_parts.ts";
import { takenFromPeers } from "./similar_jobs.ts";

export async function findPeersAtStops(
  inquiry: Inquiry,
  known: Meanwhile,
): Promise<PeersAtStops | undefined> {
  const { task, stop } = namedResult(known) ?? {};
  if (task === undefined || stop === undefined) return undefined;
  const { parts: { pastEvents }, asOf } = inquiry;
  const found = await new Lookup().ofTypes(PROCESS_ENDS).in(pastEvents, asOf);
  const stops = found.ofTypes(PROCESS_ENDS);
  const failing = failingTask(known.job);
  const hadStop = (peer: JobState) => {
    const [from, to] = [endOf(peer, task.taskId), endOf(peer, failing)];
    if (from === undefined || to === undefined || from <= found.horizon) return undefined;
    return stops.some((logId) => logId > from && logId < to);
  };
  const peers = await takenFromPeers(inquiry, known.job, hadStop, { max: COMPARED_MAX, least: 1 });
  const across = peers?.filter(Boolean).length ?? 0;
  return { across, within: (peers?.length ?? 0) - across };
}

/** The entry that completed a step, or ended the job itself; none if it did not run there. */
function endOf(job: JobState, taskId: TaskId) {
  if (taskId === MAIN_TASK) return isTerminal(job) ? job.endedBy : undefined;
  const task = findTask(job, taskId);
  return task?.status === "completed" && task.reusedFrom === undefined
    ? task.completedBy
    : undefined;
}
