/** What stands where a list has no jobs, and how far it was searched. */

import type { JobCount, Reach } from "../../engine/job_pages.ts";
import { counted } from "../../core/counted.ts";
import { Time } from "../parts/time.tsx";
import { UserText } from "../parts/text.tsx";
import { Empty } from "../parts/table.tsx";
import type { JobsAddress } from "./address.ts";

interface NoJobsProps {
  readonly address: JobsAddress;
  readonly count: JobCount;
  /** Whether there are jobs that were not looked at. */
  readonly searched: boolean;
}

/** What is shown where no job is: how there would be some. */
export function NoJobs({ address, count, searched }: NoJobsProps) {
  if (searched) return <Empty title="No job that far back matches." />;
  if (address.active.length > 0) {
    return (
      <Empty title="No job matches.">
        <p>
          {count.jobs === 0
            ? "Remove a filter, or search for other words: each must be in the id, the type, a " +
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
          ? "When jobs fail, they are grouped here by what went wrong, to be retried together."
          : "No failures among the jobs that match the filters."}
      </p>
    </Empty>
  );
}

interface SearchedLineProps {
  readonly searched: Reach | undefined;
  /** Where the search continues; absent if it cannot. */
  readonly further?: string | undefined;
}

export function SearchedLine({ searched, further }: SearchedLineProps) {
  if (searched === undefined) return null;
  return (
    <p class="job-searched">
      Looked at {counted(searched.jobs, "job")}, back to{" "}
      <Time at={searched.backTo} />, and not at older ones.{" "}
      {further === undefined ? null : <a href={further}>Look further back</a>}
    </p>
  );
}

/** A search looks at no inputs and at no events; what has a value as a whole is found there. */
export function AboutLink({ search = "" }: { readonly search: string | undefined }) {
  const value = search.trim();
  if (value === "") return null;
  return (
    <p class="hint">
      In inputs and events:{" "}
      <a href={`/explain?about=${encodeURIComponent(value)}&format=text`}>
        what has <UserText text={value} />, and what became of it
      </a>
    </p>
  );
}
