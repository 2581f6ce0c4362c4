/** How far a search has looked, where it did not look at everything. */

import type { Reach } from "../../engine/requests.ts";
import { countText } from "../../core/size.ts";

export interface SearchedLineProps {
  readonly searched: Reach | undefined;
  /** Where the search goes on; absent where it cannot. */
  readonly further?: string | undefined;
}

export function SearchedLine({ searched, further }: SearchedLineProps) {
  if (searched === undefined) return null;
  return (
    <p class="job-searched">
      Looked at {countText(searched.jobs)} jobs, back to{" "}
      <time datetime={searched.backTo}>{searched.backTo}</time>, and not at older ones.{" "}
      {further === undefined ? null : <a href={further}>Look further back</a>}
    </p>
  );
}
