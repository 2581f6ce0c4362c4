/** Confirmation of an action on all matching jobs, with its effect. */

import { type BulkControl, CONTROLS } from "../../core/controls.ts";
import { BULK_MAX, type BulkPreview } from "../../http/routes/bulk_action.ts";
import { counted, countText } from "../../core/counted.ts";
import { Empty, Table } from "../parts/table.tsx";
import { JobLink, JOBS_PATH } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { Time } from "../parts/amounts.tsx";
import { HiddenFields, ReasonField } from "../parts/forms.tsx";
import type { JobsAddress } from "./address.ts";
import { Chips } from "./filters.tsx";
import { SearchedLine } from "./surroundings.tsx";

interface BulkConfirmProps {
  readonly action: BulkControl;
  readonly address: JobsAddress;
  readonly preview: BulkPreview;
  /** The action applies to jobs created up to this position. */
  readonly upTo: number;
}

export function BulkConfirm(props: BulkConfirmProps) {
  const { action, address, preview, upTo } = props;
  const { label, effect } = CONTROLS[action];
  const { jobs, searched } = preview.count;
  return (
    <section class="column bulk">
      <h1>
        {jobs === 0 && preview.retried > 0 ? `${label} again?` : `${label} ${jobsText(preview)}?`}
      </h1>
      <Chips address={address} isSettled />
      <p>
        {eachText(effect)} This applies to matching jobs created up to entry{" "}
        {upTo}. Later jobs are skipped. Each job is checked again when its turn comes.
      </p>
      {preview.retried !== 0 && (
        <p class="hint">
          {counted(preview.retried, "job that matches was", "jobs that match were")}{" "}
          already retried.
        </p>
      )}
      {preview.byHand !== 0 && (
        <p class="hint">
          {counted(preview.byHand, "job is", "jobs are")}{" "}
          skipped, because effects that could not be undone have to be fixed by hand first. Each job
          can be retried from its own page.
        </p>
      )}
      <SearchedLine searched={searched} />
      {jobs === 0 && preview.retried === 0 && searched === undefined
        ? <Nothing action={action} address={address} />
        : <ConfirmForm {...props} />}
      {preview.sample.length !== 0 && <Sample {...props} />}
    </section>
  );
}

/** The effect of a control on one job, as that on each of many. */
function eachText(effect: string): string {
  return effect.replace(/^The job/, "Each job").replace(/^A new job/, "For each job, a new one");
}

function jobsText({ count }: BulkPreview): string {
  const more = count.searched === undefined ? "" : " or more";
  return `${countText(count.jobs)}${more} ${count.jobs === 1 ? "job" : "jobs"}`;
}

function Nothing({ action, address }: Pick<BulkConfirmProps, "action" | "address">) {
  return (
    <Empty title={`There are no jobs to ${action}.`}>
      <p>
        <a href={address.with()}>Back to the jobs</a>
      </p>
    </Empty>
  );
}

function ConfirmForm({ action, address, preview, upTo }: BulkConfirmProps) {
  const { label, confirm } = CONTROLS[action];
  const { jobs } = preview.count;
  const many = Math.min(jobs, BULK_MAX);
  return (
    <form method="post" action={JOBS_PATH} class="stack bulk-form">
      <HiddenFields fields={{ return: address.with(), action, upTo }} />
      {preview.retried !== 0 && (
        <Check
          name="again"
          text="Include jobs that were already retried"
          required={false}
        />
      )}
      <ReasonField id="reason" />
      {confirm && (
        <Check
          name="confirm"
          text={`Yes, ${action} ${counted(many, "job")}`}
          required
        />
      )}
      <div class="row">
        <button type="submit" class={confirm ? "primary destroys" : "primary"}>
          {label} {manyText(preview)}
        </button>
        <a class="button" href={address.with()}>Do nothing</a>
      </div>
      {jobs > BULK_MAX && (
        <p class="hint">
          {countText(BULK_MAX)} at a time; then you are asked whether to continue.
        </p>
      )}
    </form>
  );
}

/** How many jobs the form acts on. */
function manyText({ count: { jobs }, retried }: BulkPreview): string {
  if (jobs === 0) return retried > 0 ? "again" : "those further back";
  return jobs > BULK_MAX ? `the newest ${countText(BULK_MAX)}` : counted(jobs, "job");
}

interface CheckProps {
  readonly name: string;
  readonly text: string;
  readonly required: boolean;
}

function Check({ name, text, required }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" name={name} value="yes" required={required} />
      <span>{text}</span>
    </label>
  );
}

function Sample({ preview }: BulkConfirmProps) {
  const isAll = preview.sample.length === preview.count.jobs;
  return (
    <>
      <h2>{isAll ? "These jobs" : `The newest ${preview.sample.length} of them`}</h2>
      <Table
        caption="A sample of the jobs"
        headings={["Condition", "Job", "Type", "Created"]}
        asCards
      >
        {preview.sample.map(({ condition, jobId, type, createdAt }) => (
          <tr>
            <td>
              <ConditionMark condition={condition} />
            </td>
            <td>
              <JobLink jobId={jobId} />
            </td>
            <td>{type === null ? "plan" : <UserText text={type} lengthMax={60} />}</td>
            <td>
              <Time at={createdAt} ago />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}
