/** The texts for a list without jobs, and for how far a search got. */

import type { JobCount, Reach } from "../../engine/job_pages.ts";
import { counted } from "../../core/counted.ts";
import { Time } from "../parts/time.tsx";
import { UserText } from "../parts/text.tsx";
import { Empty } from "../parts/table.tsx";
import type { JobsAddress } from "./address.ts";

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
  readonly searched: Reach | undefined;
  /** The link that continues the search; absent if it cannot continue. */
  readonly further?: string | undefined;
}

export function SearchedLine({ searched, further }: SearchedLineProps) {
  if (searched === undefined) return null;
  return (
    <p class="job-searched">
      Examined {counted(searched.jobs, "job")}, back to{" "}
      <Time at={searched.backTo} />, but not older ones.{" "}
      {further !== undefined && <a href={further}>Search further back</a>}
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
        what carries <UserText text={value} />, and what became of it
      </a>
    </p>
  );
}
