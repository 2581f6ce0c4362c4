/** Jobs as rows of one line, which stay in place and are updated there. */

import { BULK_CONTROLS, CONTROLS } from "../../core/controls.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { ActionForm, Confirm, HiddenFields } from "../parts/forms.tsx";
import { JobLink, JOBS_PATH, TypeName } from "../parts/links.tsx";
import { TableBox } from "../parts/table.tsx";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Day, Duration, ProgressBar } from "../parts/amounts.tsx";
import { UserText } from "../parts/text.tsx";
import { durationText } from "../../core/duration.ts";
import type { JobRow, Length } from "./rows.ts";

/** The form of the boxes in the rows; each row also has a form of its own. */
const SELECTION_FORM = "selection";

/** The actions that apply to at least one row. */
export function SelectionBar(
  { rows, returnTo }: { readonly rows: readonly JobRow[]; readonly returnTo: string },
) {
  const possible = BULK_CONTROLS.filter((action) =>
    rows.some(({ job: { condition } }) => CONTROLS[action].conditions.includes(condition))
  );
  if (possible.length === 0) return null;
  return (
    <form id={SELECTION_FORM} method="post" action={JOBS_PATH} class="row">
      <HiddenFields fields={{ return: returnTo, ticked: "yes" }} />
      <span class="hint">Ticked:</span>
      {possible.filter((action) => action !== "cancel").map((action) => (
        <button id={`${action}-ticked`} type="submit" name="action" value={action}>
          {CONTROLS[action].label}
        </button>
      ))}
      {possible.includes("cancel") && (
        <details class="confirm" id="cancel-ticked">
          <summary role="button">Cancel …</summary>
          <div class="confirm-box">
            <p>{CONTROLS.cancel.effect}</p>
            <input type="hidden" name="confirm" value="yes" />
            <button type="submit" name="action" value="cancel">Yes, cancel the ticked jobs</button>
          </div>
        </details>
      )}
    </form>
  );
}

interface JobTableProps {
  readonly rows: readonly JobRow[];
  readonly gone: ReadonlySet<JobSummary>;
  /** Where an action redirects to; absent if the viewer may not act. */
  readonly returnTo: string | undefined;
}

export function JobTable({ rows, gone, returnTo }: JobTableProps) {
  return (
    <TableBox label="Jobs" class="as-cards job-table">
      <table>
        <caption class="unseen">Jobs</caption>
        <thead>
          <tr>
            {returnTo !== undefined && (
              <th scope="col" class="job-tick">
                <label class="tick-box">
                  <input type="checkbox" data-tick-all hidden aria-label="Tick all jobs" />
                  <span class="unseen">Ticked</span>
                </label>
              </th>
            )}
            <th scope="col" class="job-condition">Condition</th>
            <th scope="col" class="job-name">Job</th>
            <th scope="col" class="job-type">Type</th>
            <th scope="col" class="job-created">Created</th>
            <th scope="col" class="job-length">Queued</th>
            <th scope="col" class="job-length">Took</th>
            <th scope="col" class="job-now">Now</th>
            {returnTo !== undefined && <th scope="col" class="job-do">Actions</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => <Row row={row} isGone={gone.has(row.job)} returnTo={returnTo} />)}
        </tbody>
      </table>
    </TableBox>
  );
}

interface RowProps {
  readonly row: JobRow;
  readonly isGone: boolean;
  readonly returnTo: string | undefined;
}

function Row({ row, isGone, returnTo }: RowProps) {
  const { job, queued, took } = row;
  return (
    <tr
      id={`job-${job.firstLogId}`}
      class={isGone ? "job-row gone" : "job-row"}
      data-position={String(job.firstLogId)}
      title={isGone ? "The filters no longer match it" : undefined}
      data-live
    >
      {returnTo !== undefined && (
        <td class="job-tick">
          <label class="tick-box">
            <input
              type="checkbox"
              name="job"
              value={job.jobId}
              form={SELECTION_FORM}
              aria-label={`Tick ${job.jobId}`}
            />
          </label>
        </td>
      )}
      <td class="job-condition">
        <ConditionMark condition={job.condition} />
      </td>
      <td class="job-name">
        <JobLink jobId={job.jobId} />
      </td>
      <td class="job-type">
        <Type job={job} />
      </td>
      <td class="job-created">
        <Day at={job.createdAt} />
      </td>
      <td class="job-length" data-name="queued">
        <LengthText length={queued} />
      </td>
      <td class="job-length" data-name="took">
        <LengthText length={took} />
      </td>
      <td class="job-now">
        <Now row={row} />
      </td>
      {returnTo !== undefined && (
        <td class="job-do">
          <RowActions job={job} returnTo={returnTo} />
        </td>
      )}
    </tr>
  );
}

const BRIEF_LENGTH_MAX = 240;
const LABELS_MAX = 4;
const LABEL_LENGTH_MAX = 40;

/** The job id with the labels; the title has what does not fit. */
function Type({ job: { type, labels } }: { readonly job: JobSummary }) {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}:${value}`);
  const title = [type ?? "plan", ...pairs].join(" ").slice(0, BRIEF_LENGTH_MAX);
  return (
    <div class="one-line" title={title}>
      <TypeName type={type} />
      {pairs.slice(0, LABELS_MAX).map((pair) => (
        <>
          {" "}
          <span class="job-label">
            <UserText text={pair} lengthMax={LABEL_LENGTH_MAX} />
          </span>
        </>
      ))}
    </div>
  );
}

function LengthText({ length }: { readonly length: Length | undefined }) {
  if (length === undefined) return null;
  const { ms, isOngoing } = length;
  return isOngoing ? <Duration ms={ms} isOngoing /> : <span>{durationText(ms)}</span>;
}

/** What the job does or why it failed, and related jobs. */
function Now({ row: { job: { retryOf, retriedBy }, progress, brief } }: Pick<RowProps, "row">) {
  return (
    <div class="one-line" title={brief === "" ? undefined : brief.slice(0, BRIEF_LENGTH_MAX)}>
      {progress !== undefined && <ProgressBar {...progress} />}
      {retriedBy !== undefined && (
        <span class="job-relative">
          <span class="unbroken">retried as</span> <JobLink jobId={retriedBy} />
        </span>
      )}
      {retryOf !== undefined && (
        <span class="job-relative">
          <span class="unbroken">a retry of</span> <JobLink jobId={retryOf} />
        </span>
      )}
      <UserText text={brief} lengthMax={BRIEF_LENGTH_MAX} />
    </div>
  );
}

function RowActions({ job, returnTo }: { readonly job: JobSummary; readonly returnTo: string }) {
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
  // A compensating job may also be suspended or parked.
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
