/** What stands before a job that waits for a worker. */

import type { WorkerHolder } from "../../core/explain/evidence.ts";
import type { FrameworkEntry } from "../../core/event.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import type { JobState, TaskState } from "../../core/job_state.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { History } from "./history.ts";
import type { JobLists } from "./job_lists.ts";

/** Jobs that run and are looked at, and jobs that came later. */
const RUNNING_MAX = 32;
const LATER_MAX = 200;

interface QueueSurveyParts {
  readonly lists: JobLists;
  readonly history: History;
  readonly registry: DefinitionRegistry;
}

/** The jobs that hold the workers, the longest first. */
export async function workerHolders(
  { lists, history, registry }: QueueSurveyParts,
  isThreaded: boolean,
): Promise<readonly WorkerHolder[]> {
  const { jobs } = lists.page({
    conditions: ["executing"],
    oldestFirst: true,
    limit: RUNNING_MAX,
  });
  const holding = jobs.flatMap((job) => {
    const isHere = (registry.running(job)?.isolation === "thread") === isThreaded;
    const task = isHere ? runningTask(job) : undefined;
    return task === undefined ? [] : [{ jobId: job.jobId, task }];
  });
  const logIds = holding.map(({ task }) => task.firstLogId).toSorted((a, b) => a - b);
  const begun = new Map((await history.at(logIds)).map((entry) => [entry.logId, entry]));
  return holding
    .map(({ jobId, task: { taskId, startedAt, firstLogId } }) => {
      const entry = begun.get(firstLogId) as FrameworkEntry<"job.TaskStarted"> | undefined;
      const timeoutMs = entry?.eventType === "job.TaskStarted"
        ? entry.attributes.timeoutMs
        : undefined;
      const limit = timeoutMs === undefined ? {} : { timeoutMs };
      return { jobId, taskId, since: startedAt, startedBy: firstLogId, ...limit };
    })
    .toSorted((left, right) => left.startedBy - right.startedBy);
}

/** How many jobs that were created later have begun, since their priority is lower. */
export function overtakenBy({ lists }: Pick<QueueSurveyParts, "lists">, job: JobState): number {
  const { jobs } = lists.page({ after: job.firstLogId, oldestFirst: true, limit: LATER_MAX });
  return jobs.filter((other) => other.priority < job.priority && other.tasks.length > 0).length;
}

function runningTask({ tasks }: JobState): TaskState | undefined {
  const running = tasks.filter(({ status }) => status === "running");
  return running.find(({ taskId }) => taskId !== MAIN_TASK) ?? running[0];
}
