/** How far a search has looked, where it did not look at everything, and where else to look. */

import type { Reach } from "../../engine/requests.ts";
import { countText } from "../../core/size.ts";
import { Time } from "../parts/time.tsx";
import { UserText } from "../parts/text.tsx";

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
