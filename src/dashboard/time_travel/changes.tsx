/** The changes that an entry made to a job, in a line or as a table. */

import type { Change } from "../../explain/changes.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownText, shownValue } from "../../core/shown_value.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";

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

interface ChangeTableProps {
  readonly caption: string;
  readonly changes: readonly Change[];
}

/** A table with a row for each change. */
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
      {more > 0 && (
        <p class="hint">
          {more} more changes are in the JSON; the curl call returns all of them.
        </p>
      )}
    </div>
  );
}
