/** The header of a job's page. */

import { jobEndedAt, jobSleepsUntil, jobStartAt, jobStartedAt } from "../../core/job_resource.ts";
import { type JobState, runningTasks } from "../../core/job_state.ts";
import { shortText } from "../../core/shown_value.ts";
import { Term } from "../parts/table.tsx";
import { definitionPath, JobLink, JOBS_PATH, jobsPath, timePath } from "../parts/links.tsx";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Duration, TaskProgress, Time } from "../parts/amounts.tsx";
import { UserText } from "../parts/text.tsx";
import type { JobProps } from "./reading.ts";

const LABEL_LENGTH_MAX = 80;
const RETRIES_MAX = 10;

export function JobHead({ state }: JobProps) {
  const { job, explanation } = state;
  return (
    <header id="job-head" class="stack-wide" data-live>
      <p class="crumbs">
        <a href={JOBS_PATH}>Jobs</a>
      </p>
      <div class="row job-title">
        <h1>
          {job.type === undefined ? "Plan of outside events" : (
            <a href={definitionPath(job.type)}>
              <UserText text={job.type} lengthMax={200} />
            </a>
          )}
        </h1>
        <ConditionMark condition={explanation.condition} />
      </div>
      <p class="id job-id">
        <UserText text={job.jobId} />
      </p>
      <HeadFacts state={state} />
      <ul class="bare links">
        <li>
          <a href={timePath(job.jobId)}>Time travel</a>
        </li>
        <li>
          <a href={`/ui/stream?jobId=${encodeURIComponent(job.jobId)}`}>Live stream</a>
        </li>
      </ul>
    </header>
  );
}

function HeadFacts({ state }: JobProps) {
  const { job, explanation, timeline } = state;
  const endedAt = jobEndedAt(job);
  const times = [
    ["Created", job.createdAt],
    ["Starts", jobStartAt(job)],
    ["Started", jobStartedAt(job)],
    ["Sleeps until", jobSleepsUntil(job)],
    ...(endedAt === null ? [["Condition since", explanation.timing.since]] : [["Ended", endedAt]]),
  ] as const;
  return (
    <dl class="facts side-by-side">
      <Term name="State">
        {job.state}
        {job.definitionVersion === undefined ? "" : `, version ${job.definitionVersion}`}
      </Term>
      {times.map(([name, at]) =>
        at !== undefined && at !== null && (
          <Term name={name}>
            <Time at={at} ago />
          </Term>
        )
      )}
      <Term name={endedAt === null ? "Age" : "Took"}>
        <Duration ms={timeline.totalMs} isOngoing={endedAt === null} />
      </Term>
      {runningTasks(job).map(({ taskId, progress }) =>
        progress !== undefined && (
          <Term name={`Progress of ${shortText(taskId, LABEL_LENGTH_MAX)}`}>
            <TaskProgress {...progress} />
          </Term>
        )
      )}
      {job.priority !== 0 && <Term name="Priority">{job.priority}</Term>}
      <Relatives state={state} />
      <Labels job={job} />
    </dl>
  );
}

function Relatives({ state }: JobProps) {
  const { job, outlined } = state;
  const later = outlined.retries.slice(-RETRIES_MAX);
  return (
    <>
      {job.retryOf !== undefined && (
        <Term name="Retry of">
          <JobLink jobId={job.retryOf} />
        </Term>
      )}
      {later.length !== 0 && (
        <Term name="Retried as">
          {later.map(({ attributes }) => (
            <>
              <JobLink jobId={attributes.newJobId} />
              {" "}
            </>
          ))}
        </Term>
      )}
    </>
  );
}

function Labels({ job }: { readonly job: JobState }) {
  const labels = Object.entries(job.labels);
  if (labels.length === 0) return null;
  return (
    <Term name="Labels">
      {labels.map(([name, value]) => (
        <>
          <a class="label" href={jobsPath({ label: `${name}:${value}` })}>
            <UserText text={name} lengthMax={LABEL_LENGTH_MAX} />:<UserText
              text={value}
              lengthMax={LABEL_LENGTH_MAX}
            />
          </a>
          {" "}
        </>
      ))}
    </Term>
  );
}
