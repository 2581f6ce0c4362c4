/** What an action on many jobs did, what it left alone and why, and what is left to do. */

import { CONTROLS } from "../../core/controls.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobCount } from "../../engine/requests.ts";
import {
  BULK_MAX,
  type BulkDone,
  type BulkReport,
  type BulkRequest,
} from "../../http/requests/bulk_action.ts";
import { countText } from "../../core/size.ts";
import { countedText } from "../parts/amounts.tsx";
import { JobLink } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import { JOBS_PATH } from "./address.ts";

export interface BulkResultProps {
  readonly request: BulkRequest;
  readonly report: BulkReport;
  /** The jobs screen, with its filters as they were. */
  readonly returnTo: string;
}

const LINKS_MAX = 20;

export function BulkResult({ request, report, returnTo }: BulkResultProps) {
  const { done, skipped, stopped } = report;
  return (
    <section class="bulk">
      <h1>{CONTROLS[request.action].done} {countedText(done.length, "job")}</h1>
      {stopped === undefined ? null : (
        <p class="note note-bad" role="alert">
          Stopped before the end: {stopped.message}
        </p>
      )}
      <DoneList done={done} />
      {[...skipped].map(([reason, jobIds]) => <Skipped reason={reason} jobIds={jobIds} />)}
      <Left request={request} report={report} returnTo={returnTo} />
      <p>
        <a class="button" href={returnTo}>Back to the jobs</a>
      </p>
    </section>
  );
}

function DoneList({ done }: { readonly done: readonly BulkDone[] }) {
  return (
    <Links
      links={done.slice(0, LINKS_MAX).map(({ jobId, newJobId }) => (
        <>
          <JobLink jobId={jobId} />
          {newJobId === undefined ? null : (
            <>
              {" "}as <JobLink jobId={newJobId} />
            </>
          )}
        </>
      ))}
      more={done.length - LINKS_MAX}
    />
  );
}

interface SkippedProps {
  readonly reason: string;
  readonly jobIds: readonly JobId[];
}

function Skipped({ reason, jobIds }: SkippedProps) {
  return (
    <>
      <h2>
        Left {countedText(jobIds.length, "job")} alone: <UserText text={reason} lengthMax={300} />
      </h2>
      <Links
        links={jobIds.slice(0, LINKS_MAX).map((jobId) => <JobLink jobId={jobId} />)}
        more={jobIds.length - LINKS_MAX}
      />
    </>
  );
}

interface LinksProps {
  readonly links: readonly unknown[];
  readonly more: number;
}

function Links({ links, more }: LinksProps) {
  if (links.length === 0) return null;
  return (
    <ul class="bulk-links">
      {links.map((link) => <li>{link}</li>)}
      {more <= 0 ? null : <li class="soft">and {countedText(more, "more", "more")}</li>}
    </ul>
  );
}

/** Going on means the same: the same filter, up to the same position. */
function Left({ request, report: { left, next }, returnTo }: BulkResultProps) {
  if (next === undefined || (left.jobs === 0 && left.searched === undefined)) return null;
  const { label } = CONTROLS[request.action];
  const fields = {
    return: returnTo,
    action: request.action,
    upTo: String(request.upTo),
    before: String(next),
    confirm: "yes",
    ...(request.again ? { again: "yes" } : {}),
    ...(request.reason === undefined ? {} : { reason: request.reason }),
  };
  return (
    <form method="post" action={JOBS_PATH} class="stack">
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <p>{leftText(left)}</p>
      <button type="submit" class="primary">
        {label} {left.jobs > BULK_MAX ? `the next ${countText(BULK_MAX)}` : "them"}
      </button>
    </form>
  );
}

function leftText({ jobs, searched }: JobCount): string {
  if (jobs === 0) return "Older jobs were not looked at yet.";
  const atLeast = searched === undefined ? "" : "at least ";
  return `Of those that match, ${atLeast}${countText(jobs)} ${jobs === 1 ? "is" : "are"} left.`;
}
