/** The timeline as tables, for readers who cannot see the figure. */

import { countText } from "../../core/size.ts";
import { conditionText } from "../../core/condition.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { Duration } from "../parts/amounts.tsx";
import { EntryCite } from "./cite.tsx";
import { MARK_WORDS } from "./drawing.ts";
import type { JobScreenState } from "./reading.ts";

const ROWS_MAX = 100;

interface Props {
  readonly state: JobScreenState;
}

export function TimelineTables({ state }: Props) {
  return (
    <details id="timeline-tables">
      <summary>The timeline as tables</summary>
      <div class="stack-wide">
        <Conditions state={state} />
        <Events state={state} />
      </div>
    </details>
  );
}

function Conditions({ state }: Props) {
  const { conditions } = state.timeline;
  const hidden = conditions.length - ROWS_MAX;
  return (
    <>
      <Table
        caption="What the job was doing"
        headings={["Condition", "After creation", "Lasted", "Since entry"]}
        asCards
      >
        {conditions.slice(-ROWS_MAX).map(({ condition, fromMs, toMs, isOngoing, fromBy }) => (
          <tr>
            <th scope="row">{conditionText(condition)}</th>
            <td data-name="after">
              <Duration ms={fromMs} />
            </td>
            <td data-name="for">
              <Duration ms={toMs - fromMs} />
              {isOngoing && ", still going"}
            </td>
            <td>
              <EntryCite state={state} logId={fromBy} />
            </td>
          </tr>
        ))}
      </Table>
      {hidden > 0 && <p class="hint">{countText(hidden)} before these are not shown.</p>}
    </>
  );
}

function Events({ state }: Props) {
  const { marks } = state.timeline;
  if (marks.length === 0) return null;
  const hidden = marks.length - ROWS_MAX;
  return (
    <>
      <Table
        caption="Events that reached the job, or almost did"
        headings={["Event", "After creation", "What it did", "For", "Entry"]}
        asCards
      >
        {marks.slice(-ROWS_MAX).map(({ eventType, atMs, kind, expectations, logId }) => (
          <tr>
            <th scope="row" class="mono">{eventType}</th>
            <td data-name="after">
              <Duration ms={atMs} />
            </td>
            <td>{MARK_WORDS[kind]}</td>
            <td>
              <UserText text={expectations.join(", ")} lengthMax={200} />
            </td>
            <td>
              <EntryCite state={state} logId={logId} />
            </td>
          </tr>
        ))}
      </Table>
      {hidden > 0 && <p class="hint">{countText(hidden)} before these are not shown.</p>}
    </>
  );
}
