/** How far each expectation of a job's plan was. */

import type { LogId } from "../../core/ids.ts";
import type { jobResource } from "../../core/job_resource.ts";
import { EntryLink } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";

const ROWS_MAX = 50;
const CITES_MAX = 8;

export interface ExpectationTableProps {
  readonly jobId: string;
  readonly expected: ReturnType<typeof jobResource>["expected"];
}

export function ExpectationTable({ jobId, expected }: ExpectationTableProps) {
  if (expected.length === 0) return <p class="soft">The plan expects nothing.</p>;
  const more = expected.length - ROWS_MAX;
  return (
    <>
      <Table caption="Expectations" headings={["Expectation", "Event type", "Counted", "By"]}>
        {expected.slice(0, ROWS_MAX).map((one) => (
          <tr data-expectation={one.id}>
            <th scope="row">
              <UserText text={one.id} />
            </th>
            <td class="mono">
              <UserText text={one.eventType} />
            </td>
            <td class={one.satisfied ? "counted satisfied" : "counted"}>
              {one.matched} of {one.required}
              {one.waived === undefined ? null : ", waived"}
            </td>
            <td>
              <Cites
                jobId={jobId}
                by={one.waived === undefined ? one.by : [...one.by, one.waived]}
              />
            </td>
          </tr>
        ))}
      </Table>
      {more > 0 ? <p class="hint">{more} more expectations are in the JSON.</p> : null}
    </>
  );
}

function Cites({ jobId, by }: { readonly jobId: string; readonly by: readonly LogId[] }) {
  const more = by.length - CITES_MAX;
  return (
    <span class="cites">
      {by.slice(0, CITES_MAX).map((logId) => <EntryLink jobId={jobId} logId={logId} />)}
      {more > 0 ? <span class="soft">and {more} more</span> : null}
    </span>
  );
}
