/** Jobs as rows that stay where they are: each is changed in its place. */

import { CONTROLS } from "../../core/controls.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { ActionForm, Confirm } from "../parts/action_form.tsx";
import { JobLink } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { durationText } from "../../core/duration.ts";
import { momentText } from "../parts/time.tsx";
import { JOBS_PATH } from "./address.ts";
import type { JobRow } from "./rows.ts";

const HEADINGS = ["Condition", "Job", "Created", "How long", "Progress", "Now", "Actions"];

export interface JobTableProps {
  readonly rows: readonly JobRow[];
  readonly gone: ReadonlySet<JobSummary>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Where an action leads back to; absent for who may do nothing. */
  readonly returnTo: string | undefined;
}

export function JobTable({ rows, gone, now, returnTo }: JobTableProps) {
  const headings = returnTo === undefined ? HEADINGS.slice(0, -1) : HEADINGS;
  return (
    <div class="job-table">
      <Table caption="Jobs" headings={headings}>
        {rows.map((row) => (
          <Row row={row} now={now} isGone={gone.has(row.job)} returnTo={returnTo} />
        ))}
      </Table>
    </div>
  );
}

interface RowProps {
  readonly row: JobRow;
  readonly now: number;
  readonly isGone: boolean;
  readonly returnTo: string | undefined;
}

function Row({ row, now, isGone, returnTo }: RowProps) {
  const { job, progress, brief } = row;
  return (
    <tr
      id={`job-${job.firstLogId}`}
      class={isGone ? "job-row gone" : "job-row"}
      data-position={String(job.firstLogId)}
      title={isGone ? "The filters do not apply to it any more" : undefined}
      data-live
    >
      <td class="job-condition">
        <ConditionMark condition={job.condition} />
      </td>
      <td class="job-name">
        <JobLink jobId={job.jobId} />
        <Kind job={job} />
      </td>
      <td class="job-created">
        <time datetime={job.createdAt} title={job.createdAt}>{momentText(job.createdAt, now)}</time>
      </td>
      <td class="job-length">
        <Length row={row} now={now} />
      </td>
      <td class="job-progress">{progress}</td>
      <td class="job-now">
        <UserText text={brief} lengthMax={BRIEF_LENGTH_MAX} />
        <Relatives job={job} />
      </td>
      {returnTo === undefined ? null : (
        <td class="job-do">
          <RowActions job={job} returnTo={returnTo} />
        </td>
      )}
    </tr>
  );
}

const BRIEF_LENGTH_MAX = 160;
const LABELS_MAX = 4;
const LABEL_LENGTH_MAX = 40;

function Kind({ job }: { readonly job: JobSummary }) {
  const labels = Object.entries(job.labels);
  return (
    <div class="job-kind">
      {job.type === null ? "plan" : <UserText text={job.type} lengthMax={60} />}
      {labels.slice(0, LABELS_MAX).map(([name, value]) => (
        <span class="job-label">
          <UserText text={`${name}:${value}`} lengthMax={LABEL_LENGTH_MAX} />
        </span>
      ))}
      {labels.length <= LABELS_MAX
        ? null
        : <span class="job-label">{labels.length - LABELS_MAX} more</span>}
    </div>
  );
}

/** How long it took, or how long it has been as it is: which the script goes on to count. */
function Length({ row: { tookMs, since }, now }: { readonly row: JobRow; readonly now: number }) {
  if (tookMs !== undefined) return <span>took {durationText(tookMs)}</span>;
  // In whole seconds: what is counted on would flicker otherwise.
  const sinceMs = Math.max(0, now - Date.parse(since));
  return (
    <span title={`since ${since}`}>
      for <span data-since-ms={String(sinceMs)}>{durationText(sinceMs - sinceMs % 1_000)}</span>
    </span>
  );
}

/** What it is a retry of, and what is a retry of it. */
function Relatives({ job }: { readonly job: JobSummary }) {
  const { retryOf, retriedBy } = job;
  if (retryOf === undefined && retriedBy === undefined) return null;
  return (
    <div class="job-relatives">
      {retriedBy === undefined ? null : (
        <span>
          retried as <JobLink jobId={retriedBy} />
        </span>
      )}
      {retryOf === undefined ? null : (
        <span>
          a retry of <JobLink jobId={retryOf} />
        </span>
      )}
    </div>
  );
}

interface RowActionsProps {
  readonly job: JobSummary;
  readonly returnTo: string;
}

function RowActions({ job, returnTo }: RowActionsProps) {
  const fields = { job: job.jobId };
  if (job.state === "Failed") {
    if (job.retriedBy !== undefined) return null;
    const action = { ...fields, action: "retry" };
    return (
      <ActionForm
        action={JOBS_PATH}
        label={CONTROLS.retry.label}
        fields={action}
        returnTo={returnTo}
      />
    );
  }
  const { label, effect, conditions } = CONTROLS.cancel;
  // One that is undoing what it did may be suspended or parked.
  if (!conditions.includes(job.condition) || job.state === "Compensating") return null;
  return (
    <Confirm
      id={`cancel-${job.jobId}`}
      action={JOBS_PATH}
      label={label}
      warning={effect}
      fields={{ ...fields, action: "cancel", confirm: "yes" }}
      returnTo={returnTo}
    />
  );
}
