/** The number of jobs in each condition and state, and the job that has been queued for longest. */

import { CONDITIONS } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import type { Census, OldestQueued } from "../../engine/requests.ts";
import { countText } from "../../core/size.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { jobPagePath } from "../parts/links.tsx";
import { Duration } from "../parts/amounts.tsx";

export function CensusSection({ census }: { readonly census: Census }) {
  return (
    <section aria-labelledby="jobs-heading" class="stack-wide">
      <h2 id="jobs-heading">Jobs</h2>
      <ul id="census" class="bare tiles" data-live>
        {CONDITIONS.map((condition) => {
          const count = census.conditions.get(condition) ?? 0;
          return (
            <li class={count === 0 ? "tile tile-none" : "tile"}>
              <a href={`/ui/jobs?condition=${condition}`}>
                <span class="tile-count">{countText(count)}</span>
                <ConditionMark condition={condition} />
              </a>
            </li>
          );
        })}
        <li class="tile">
          <a href="/ui/jobs">
            <span class="tile-count">{countText(census.jobs)}</span>
            <span>all jobs</span>
          </a>
        </li>
        <li class="tile tile-plain tile-workers">
          <span class="tile-count">
            {census.busyWorkers} <small>of {census.maxWorkers}</small>
          </span>
          <span>workers busy</span>
        </li>
        <OldestTile oldest={census.oldestQueued} />
      </ul>
      <p id="states" class="links states soft" data-live>
        By state: {STATE_NAMES.map((state) => (
          <a href={`/ui/jobs?state=${state}`}>
            {state} <b>{countText(census.states.get(state) ?? 0)}</b>
          </a>
        ))}
      </p>
    </section>
  );
}

function OldestTile({ oldest }: { readonly oldest: OldestQueued | undefined }) {
  return (
    <li class="tile tile-plain">
      <span class="tile-count">
        {oldest === undefined ? "–" : <Duration ms={oldest.queuedMs} />}
      </span>
      <span class="one-line">
        {oldest === undefined
          ? "oldest queued"
          : <a href={jobPagePath(oldest.jobId)} title={oldest.jobId}>oldest queued</a>}
      </span>
    </li>
  );
}
