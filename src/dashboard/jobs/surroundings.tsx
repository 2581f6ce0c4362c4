/**
 * The parts around the rows: views, news, actions on all matching jobs, pages, and how far a search
 * got.
 */

import { CONDITIONS } from "../../core/condition.ts";
import { BULK_CONTROLS, CONTROLS } from "../../core/controls.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobCount, JobFilter, Searched } from "../../engine/job_pages.ts";
import { filterOfAction } from "../../http/routes/bulk_action.ts";
import { formatCursor } from "../../documents/parameters.ts";
import type { JobsAddress } from "./address.ts";
import type { JobsPage } from "./list.ts";
import { counted, countText } from "../../core/counted.ts";
import { Time } from "../parts/amounts.tsx";
import { Choices, JobLink, SubmitLinks } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import { Empty } from "../parts/table.tsx";

export function Heading({ address }: { readonly address: JobsAddress }) {
  const isGrouped = address.get("group") !== undefined;
  return (
    <div class="row jobs-head">
      <h1>Jobs</h1>
      <nav aria-label="Views">
        <Choices
          isSwitch
          choices={[
            {
              text: "One by one",
              href: address.with({ group: undefined }),
              isChosen: !isGrouped,
            },
            {
              text: "Failures by kind",
              href: address.with({ group: "error" }),
              isChosen: isGrouped,
            },
          ]}
        />
      </nav>
      <SubmitLinks />
    </div>
  );
}

interface NewsLineProps {
  readonly jobs: JobsPage;
  readonly address: JobsAddress;
}

/** Takes up its space even when empty, so that nothing moves when there is news. */
export function NewJobsLine({ jobs: { news, newer }, address }: NewsLineProps) {
  const many = countText(news.jobs);
  const text = news.isNewer
    ? `${many} newer ${news.jobs === 1 ? "job" : "jobs"}`
    : `${many} more ${news.jobs === 1 ? "matches" : "match"} now`;
  return (
    <p id="job-news" class="links job-news" role="status" data-live>
      {news.jobs > 0
        ? <a href={address.with()}>{text}: show {news.jobs === 1 ? "it" : "them"}</a>
        : newer === undefined
        ? "Newest first"
        : <a href={address.with({ cursor: undefined, newer: undefined })}>To the newest</a>}
    </p>
  );
}

interface BulkLinksProps {
  readonly address: JobsAddress;
  readonly filter: JobFilter;
  /** The action applies to jobs created up to this position. */
  readonly upTo: LogId;
  readonly count: JobCount;
}

/**
 * The actions that apply to at least one matching job. Not live: beside a busy server they would
 * come and go, and move what is below.
 */
export function BulkLinks({ address, filter, upTo, count }: BulkLinksProps) {
  const possible = BULK_CONTROLS.filter((action) => {
    const { conditions = CONDITIONS } = filterOfAction({ action, filter, upTo, again: true });
    return conditions.some((condition) => count.conditions.has(condition));
  });
  if (possible.length === 0) return null;
  return (
    <p class="row">
      <span class="hint">All matching:</span>
      {possible.map((action) => (
        <a id={`${action}-all`} class="button" href={address.with({ do: action })}>
          {CONTROLS[action].label} …
        </a>
      ))}
    </p>
  );
}

export function olderPath(address: JobsAddress, { older }: JobsPage): string | undefined {
  return older === undefined
    ? undefined
    : address.with({ cursor: formatCursor("jobs", older), newer: undefined });
}

export function Pager({ jobs, address }: NewsLineProps) {
  // If a search ended early, its own line has the link that continues it.
  const older = jobs.searched === undefined ? olderPath(address, jobs) : undefined;
  if (older === undefined && jobs.newer === undefined) return null;
  return (
    <nav class="row row-between pager" aria-label="Pages">
      {jobs.newer === undefined ? <span></span> : (
        <a
          class="button"
          rel="prev"
          href={address.with({ newer: formatCursor("jobs", jobs.newer), cursor: undefined })}
        >
          ← Newer
        </a>
      )}
      {older !== undefined && <a class="button" rel="next" href={older}>Older →</a>}
    </nav>
  );
}

interface NoJobsProps {
  readonly address: JobsAddress;
  readonly count: JobCount;
  /** Whether older jobs were not examined. */
  readonly searched: boolean;
}

/** Shown if there is no job: how to get one. */
export function NoJobs({ address, count, searched }: NoJobsProps) {
  if (searched) return <Empty title="No job that far back matches." />;
  if (address.active.length > 0) {
    return (
      <Empty title="No job matches.">
        <p>
          {count.jobs === 0
            ? "Remove a filter, or search for other words. Each word must be in the id, the type, a " +
              "label or an error."
            : "Jobs in other conditions match: see the counts above."}
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="There are no jobs yet.">
      <p>
        Submit one with <code>deno task daybook submit</code>, from the{" "}
        <a href="/ui/system">System</a> screen, or with a POST to <code>/jobs</code>.
      </p>
    </Empty>
  );
}

export function NoFailures({ address }: { readonly address: JobsAddress }) {
  return (
    <Empty title="No failures.">
      <p>
        {address.active.length === 0
          ? "Failed jobs are grouped here by kind of failure, so that they can be retried together."
          : "No failures among the jobs that match the filters."}
      </p>
    </Empty>
  );
}

interface SearchedLineProps {
  readonly searched: Searched | undefined;
  /** The link that continues the search; absent if it cannot continue. */
  readonly further?: string | undefined;
}

export function SearchedLine({ searched, further }: SearchedLineProps) {
  if (searched === undefined) return null;
  return (
    <p class="note job-searched">
      Examined {counted(searched.jobs, "job")}, back to{" "}
      <Time at={searched.backTo} />, but not older ones.{" "}
      {further !== undefined && <a href={further}>Search further back</a>}
    </p>
  );
}

/** The job whose id is searched for, which the search may not have reached. */
export function JobOfThatId({ jobId }: { readonly jobId: JobId | undefined }) {
  if (jobId === undefined) return null;
  return (
    <p class="note">
      Job <JobLink jobId={jobId} /> has this id.
    </p>
  );
}

/** The search does not cover inputs and events; this link finds whatever carries an exact value. */
export function AboutLink({ search = "" }: { readonly search: string | undefined }) {
  const value = search.trim();
  if (value === "") return null;
  return (
    <p class="hint">
      In inputs and events:{" "}
      <a href={`/explain?about=${encodeURIComponent(value)}&format=text`}>
        jobs and events that carry <UserText text={value} />, and what became of each
      </a>
    </p>
  );
}
