/** What an entry changed of a job, in a line or as a table. */

import type { Change } from "../../explain/changes.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { Hold } from "../../engine/queries/entry_pages.ts";
import type { JobId } from "../../core/ids.ts";
import type { Point } from "../../core/point.ts";
import type { PointDifference } from "../../engine/requests.ts";
import { valueOf } from "../../http/problems/engine_problem.ts";
import type { EnginePort } from "../../http/ports/engine_port.ts";
import { Problem } from "../../http/problems/problem.ts";
import { COMPARE_FORM } from "./entry_table.tsx";
import { timePath } from "./paths.ts";

export interface Comparison {
  readonly difference?: PointDifference;
  /** Why the points cannot be compared, in words. */
  readonly refusal?: string;
}

/** Nothing, when no point is given to go from. */
export async function comparison(
  engine: EnginePort,
  jobId: JobId,
  from: Point | undefined,
  to: Point | undefined,
  hold: Hold,
): Promise<Comparison> {
  if (from === undefined) return {};
  try {
    return { difference: valueOf(await engine.diff(jobId, from, to, hold)) };
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "unknown-point") throw error;
    return { refusal: error.message };
  }
}

/** In a line of a table; the rest is told by its number. */
const IN_LINE_MAX = 3;
/** Of very many changes; the job itself comes first, and its failure last. */
const FIRST_MAX = 100;
const LAST_MAX = 20;
const ROWS_MAX = 200;
const VALUE_LENGTH_MAX = 400;

/** `state Created → Running, condition created → queued`: what tells most comes first. */
export function ChangeLine({ changed }: { readonly changed: readonly Change[] }) {
  if (changed.length === 0) return <span class="soft">nothing changed</span>;
  const shown = mostTelling(changed);
  const more = changed.length - shown.length;
  return (
    <span class="change-line">
      {shown.map(({ path, from, to }) => (
        <span class="change">
          <bdi class="soft">{shownText(path)}</bdi>{" "}
          <bdi>{from === null ? wordOf(to) : `${wordOf(from)} → ${wordOf(to)}`}</bdi>
        </span>
      ))}
      {more > 0 ? <span class="soft">and {more} more</span> : null}
    </span>
  );
}

function mostTelling(changed: readonly Change[]): readonly Change[] {
  const isMany = changed.length > FIRST_MAX + LAST_MAX;
  const looked = isMany ? [...changed.slice(0, FIRST_MAX), ...changed.slice(-LAST_MAX)] : changed;
  return looked.map((change) => ({ change, rank: rankOf(change) }))
    .toSorted((a, b) => a.rank - b.rank).slice(0, IN_LINE_MAX).map(({ change }) => change);
}

/** How telling a change is; the least come last. */
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

interface ChangeTableProps {
  readonly caption: string;
  readonly changes: readonly Change[];
}

/** Every change in a row of its own, the first so many. */
export function ChangeTable({ caption, changes }: ChangeTableProps) {
  const more = changes.length - ROWS_MAX;
  return (
    <div class="changes">
      <Table caption={caption} headings={["Path", "From", "To"]}>
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
      {more > 0
        ? <p class="hint">{more} more changes are in the JSON; the call of curl has all of them.</p>
        : null}
    </div>
  );
}

interface DifferenceSectionProps {
  readonly jobId: string;
  /** The point that the page shows. */
  readonly at: string | number;
  /** Absent until somebody asks. */
  readonly difference?: PointDifference | undefined;
  /** Why there is none, when it was asked for. */
  readonly refusal?: string | undefined;
}

/** What differs between two points of a job's life. */
export function DifferenceSection(props: DifferenceSectionProps) {
  const { jobId, at, difference, refusal } = props;
  return (
    <section id="difference" class="sheet" aria-labelledby="difference-title">
      <h2 id="difference-title">The difference between two points</h2>
      <form id={COMPARE_FORM} method="get" action={`${timePath(jobId)}#difference`} class="row">
        <input type="hidden" name="at" value={at} />
        <p class="hint">Choose an entry to go from, and one to go to, in the list of entries.</p>
        <button type="submit">Compare</button>
      </form>
      {refusal === undefined ? null : <p class="note note-bad" role="alert">{refusal}</p>}
      {difference === undefined ? null : <Result difference={difference} />}
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
      {changes.length === 0 ? null : <ChangeTable caption="What differs" changes={changes} />}
    </div>
  );
}
