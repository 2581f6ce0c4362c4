/**
 * The changes that an entry made to a job, in a line or as a table; and the comparison of a job at
 * two points in its life.
 */

import type { Change } from "../../explain/replay/changes.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Refusal } from "../../documents/refusal.ts";
import type { ReserveMemory } from "../../engine/entry_pages.ts";
import type { JobId } from "../../core/ids.ts";
import type { Point } from "../../core/point.ts";
import type { PointDifference } from "../../engine/requests.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { timePath } from "../parts/links.tsx";

/** Changes in a line; the rest are counted. */
const IN_LINE_MAX = 3;
/** Rows of a table of changes. */
const FIRST_MAX = 100;
const LAST_MAX = 20;
const ROWS_MAX = 200;
const VALUE_LENGTH_MAX = 400;

/** `state Created → Running, condition created → queued`: the most important changes first. */
export function ChangeLine({ changed }: { readonly changed: readonly Change[] }) {
  if (changed.length === 0) return <span class="soft">nothing changed</span>;
  const shown = mostImportant(changed);
  const more = changed.length - shown.length;
  return (
    <span class="change-line">
      {shown.map(({ path, from, to }) => (
        <span class="change">
          <bdi class="soft">{shownText(path)}</bdi>{" "}
          <bdi>{from === null ? wordOf(to) : `${wordOf(from)} → ${wordOf(to)}`}</bdi>
        </span>
      ))}
      {more > 0 && <span class="soft">and {more} more</span>}
    </span>
  );
}

function mostImportant(changed: readonly Change[]): readonly Change[] {
  const isMany = changed.length > FIRST_MAX + LAST_MAX;
  const looked = isMany ? [...changed.slice(0, FIRST_MAX), ...changed.slice(-LAST_MAX)] : changed;
  return looked.map((change) => ({ change, rank: rankOf(change) }))
    .toSorted((a, b) => a.rank - b.rank).slice(0, IN_LINE_MAX).map(({ change }) => change);
}

/** The importance of a change, for sorting. */
const RANKS: readonly RegExp[] = [
  /^(?:state|condition)$/,
  /^failure\.(?:kind|error)$/,
  /^expected\[.*\]\.matched$/,
  /^tasks\[.*\]\.(?:status|error|progress|result)$/,
  /^(?!.*(?:At|\.satisfied|\.by\[\d+\]|\.attempts)$)/,
];

function rankOf({ path }: Change): number {
  const rank = RANKS.findIndex((pattern) => pattern.test(path));
  return rank < 0 ? RANKS.length : rank;
}

/** A name without quotes; anything else as JSON, cut. */
function wordOf(value: JsonValue): string {
  return typeof value === "string" && /^\w{1,40}$/.test(value) ? value : shownValue(value);
}

export function ChangeTable(
  { caption, changes }: { readonly caption: string; readonly changes: readonly Change[] },
) {
  const more = changes.length - ROWS_MAX;
  return (
    <div class="changes">
      <Table
        caption={caption}
        headings={["Path", "From", "To"]}
        rest={more > 0 &&
          `${more} more changes are in the JSON; the curl call returns all of them.`}
      >
        {changes.slice(0, ROWS_MAX).map(({ path, from, to }) => (
          <tr>
            <th scope="row" class="mono">
              <UserText text={path} lengthMax={VALUE_LENGTH_MAX} />
            </th>
            <td class="mono value">
              <UserText text={JSON.stringify(from)} lengthMax={VALUE_LENGTH_MAX} />
            </td>
            <td class="mono value">
              <UserText text={JSON.stringify(to)} lengthMax={VALUE_LENGTH_MAX} />
            </td>
          </tr>
        ))}
      </Table>
    </div>
  );
}

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
    return {
      difference: valueOrThrow(
        await (await engine.explanations()).replays.diff(jobId, from, to, hold),
      ),
    };
  } catch (error) {
    if (!(error instanceof Refusal) || error.kind !== "unknown-point") throw error;
    return { refusal: error.message };
  }
}

/** The form that the choices in the table of entries belong to. */
export const COMPARE_FORM = "compare";

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
