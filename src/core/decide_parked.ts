/** Parks a job, and decides what becomes of it: to try again, or to give it up. */

import { accept, type Decision, jobFact, reasonOf, reject } from "./command.ts";
import type { JobEventDraft } from "./event.ts";
import type { ControlAttributes, JobParkedAttributes } from "./framework_events.ts";
import type { JobId, LogId, TaskId } from "./ids.ts";
import type { JobHead, JobState, RunningJob } from "./job_state.ts";
import { tasksLeftInPlace } from "./left_in_place.ts";
import type { TraceIds } from "./trace_ids.ts";

/** The attempt and the cause, if known. */
interface ParkedAbout extends TraceIds {
  readonly taskId: TaskId;
  readonly causedBy: LogId;
}

/** The entry that parks a job. */
export function parked(
  jobId: JobId,
  attributes: JobParkedAttributes,
  about: Partial<ParkedAbout> = {},
): JobEventDraft {
  return { ...jobFact("job.JobParked", jobId, attributes), ...about };
}

/** Ends a suspension and a parking. */
export function resumed(job: JobState, command: ControlAttributes): readonly JobEventDraft[] {
  const { jobId, suspendedBy, parked } = job;
  return [
    ...(suspendedBy === undefined ? [] : [jobFact("job.JobResumed", jobId, reasonOf(command))]),
    ...(parked === undefined ? [] : [unpark(job, command)]),
  ];
}

/** Unparks the job; it stays held if it is also suspended. */
export function unpark({ jobId }: JobHead, command: ControlAttributes): JobEventDraft {
  return jobFact("job.JobResumed", jobId, { of: "parked", ...reasonOf(command) });
}

/**
 * The entries when a running job is cancelled. A job parked as crashed has code, which will not run
 * the crashed attempt again, so its tasks are undone now. Other parked jobs stay parked until code
 * that can undo their tasks is loaded.
 */
export function cancelParked(job: RunningJob, cancelled: JobEventDraft): readonly JobEventDraft[] {
  return job.parked?.reason === "crashed" ? [unpark(job, {}), cancelled] : [cancelled];
}

/**
 * Ends a parked or compensating job as it is: nothing more is undone, and the tasks left in place
 * are named. Nothing else ends a compensation that hangs.
 */
export function decideLeave(job: JobState, command: ControlAttributes): Decision {
  if (job.parked === undefined && job.state !== "Compensating") {
    return reject(
      `Cannot leave in place what job ${job.jobId} did: it is neither parked nor compensating`,
      ["Compensating"],
      ", or while parked",
    );
  }
  const leftInPlace = tasksLeftInPlace(job).map(({ taskId }) => taskId);
  return accept([
    jobFact("job.JobCancelled", job.jobId, { ...reasonOf(command), leftInPlace }),
  ]);
}
