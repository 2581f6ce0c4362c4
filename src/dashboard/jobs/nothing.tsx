/** What is shown where no job is: how there would be some. */

import type { JobCount } from "../../engine/requests.ts";
import { Empty } from "../parts/empty.tsx";
import type { JobsAddress } from "./address.ts";

interface NoJobsProps {
  readonly address: JobsAddress;
  readonly count: JobCount;
  /** Whether there are jobs that were not looked at. */
  readonly searched: boolean;
}

export function NoJobs({ address, count, searched }: NoJobsProps) {
  if (searched) return <Empty title="No job so far back matches." />;
  if (address.active.length > 0) {
    return (
      <Empty title="No job matches.">
        <p>
          {count.jobs === 0
            ? "Remove a filter, or look for other words: each must be in the id, the type, a label or an error."
            : "There are some in other conditions: see the counts above."}
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
          : "None among the jobs that the filters apply to."}
      </p>
    </Empty>
  );
}
