/** The comparison of a job at two points in its life. */

import { Refusal } from "../../documents/refusal.ts";
import type { ReserveMemory } from "../../engine/queries/entry_pages.ts";
import type { JobId } from "../../core/ids.ts";
import type { Point } from "../../core/point.ts";
import type { PointDifference } from "../../engine/requests.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { ChangeTable } from "./changes.tsx";
import { COMPARE_FORM } from "./entry_table.tsx";
import { timePath } from "../parts/links.tsx";

export interface Comparison {
  readonly difference?: PointDifference;
  /** Why the points cannot be compared. */
  readonly refusal?: string;
}

/** No comparison if the query has no first point. */
export async function comparison(
  engine: JobEngine,
  jobId: JobId,
  from: Point | undefined,
  to: Point | undefined,
  hold: ReserveMemory,
): Promise<Comparison> {
  if (from === undefined) return {};
  try {
    return { difference: valueOrThrow(await engine.replays.diff(jobId, from, to, hold)) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "unknown-point") throw error;
    return { refusal: error.message };
  }
}

interface DifferenceSectionProps {
  readonly jobId: string;
  /** The point that the page shows. */
  readonly at: string | number;
  /** Absent until a comparison is requested. */
  readonly difference?: PointDifference | undefined;
  /** Why a requested comparison is impossible. */
  readonly refusal?: string | undefined;
}

/** The section with the comparison. */
export function DifferenceSection(props: DifferenceSectionProps) {
  const { jobId, at, difference, refusal } = props;
  return (
    <section id="difference" class="sheet" aria-labelledby="difference-title">
      <h2 id="difference-title">The difference between two points</h2>
      <form id={COMPARE_FORM} method="get" action={`${timePath(jobId)}#difference`} class="row">
        <input type="hidden" name="at" value={at} />
        <p class="hint">
          Choose the first and the last entry of the comparison in the list of entries.
        </p>
        <button type="submit">Compare</button>
      </form>
      {refusal !== undefined && <p class="note note-bad" role="alert">{refusal}</p>}
      {difference !== undefined && <Result difference={difference} />}
    </section>
  );
}

function Result({ difference: { from, to, changes } }: { readonly difference: PointDifference }) {
  return (
    <div id="changes" data-from={from} data-to={to} class="stack-wide">
      <p>
        From entry {from} to entry {to}: {changes.length === 0
          ? "nothing differs."
          : changes.length === 1
          ? "one value differs."
          : `${changes.length} values differ.`}
      </p>
      {changes.length !== 0 && <ChangeTable caption="What differs" changes={changes} />}
    </div>
  );
}
