/** The plan of a job: its expectations, how far each is satisfied, and by which entries. */

import { counted, countOf } from "../../core/counted.ts";
import { expectationResource } from "../../core/job_resource.ts";
import { MAIN_EXPECTATION_ID } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { correlationText, deadlineText } from "../../explain/words/expectations.ts";
import { EntryLink, type EntryPath } from "../parts/entries.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { JobProps } from "./reading.ts";

const ROWS_MAX = 100;
const CITED_MAX = 8;

export function JobExpectations({ state: { job, pathOf } }: JobProps) {
  return (
    <section id="job-expectations" class="part" aria-labelledby="expectations-heading" data-live>
      <h2 id="expectations-heading">Expectations</h2>
      <ExpectationTable job={job} pathOf={pathOf} />
    </section>
  );
}

interface ExpectationTableProps {
  /** The job as of any point. */
  readonly job: JobState;
  readonly pathOf: EntryPath;
}

export function ExpectationTable({ job: { plan, expected }, pathOf }: ExpectationTableProps) {
  const all = plan.expected.map((one, index): Expectation => ({
    ...expectationResource(one, expected[index]),
    surplus: expected[index]?.surplus ?? 0,
  }));
  const hidden = all.length - ROWS_MAX;
  if (all.length === 0) {
    return <p class="hint">The plan is empty: the job is done as soon as it starts.</p>;
  }
  return (
    <Table
      caption="What the plan expects"
      headings={["Expectation", "Event", "Came", "By"]}
      asCards
      rest={hidden > 0 &&
        `${
          counted(hidden, "more expectation is", "more expectations are")
        } in the JSON of the job.`}
    >
      {all.slice(0, ROWS_MAX).map((one) => <Row one={one} pathOf={pathOf} />)}
    </Table>
  );
}

type Wanted = ReturnType<typeof expectationResource>;
type Expectation = Wanted & { readonly surplus: number };

function Row(
  { one, pathOf }: Pick<ExpectationTableProps, "pathOf"> & { readonly one: Expectation },
) {
  const { matched, required, satisfied, surplus, waived, by } = one;
  return (
    <tr>
      <th scope="row">
        <UserText text={one.id} lengthMax={120} />
      </th>
      <td>
        <WantedEvent one={one} />
      </td>
      <td class="came">
        <span class={satisfied ? "count count-whole" : "count"}>{countOf(matched, required)}</span>
        {waived !== undefined && (
          <>
            {" "}waived <EntryLink logId={waived} pathOf={pathOf} />
          </>
        )}
        {surplus > 0 && <span class="soft">{` and ${surplus} surplus`}</span>}
      </td>
      <td>
        {by.slice(-CITED_MAX).map((logId) => (
          <>
            <EntryLink logId={logId} pathOf={pathOf} />
            {" "}
          </>
        ))}
        {by.length > CITED_MAX && <span class="soft">{`and ${by.length - CITED_MAX} earlier`}
        </span>}
      </td>
    </tr>
  );
}

/** `ec.shipment.ShipmentCompleted where orderId = "42"`. */
export function WantedEvent({ one }: { readonly one: Wanted }) {
  const { id, eventType, correlation, taskId, within } = one;
  if (id === MAIN_EXPECTATION_ID) return <>the end of its code</>;
  return (
    <>
      <span class="mono">{eventType}</span>
      {taskId !== undefined && (
        <>
          {" "}of task <UserText text={taskId} lengthMax={120} />
        </>
      )}
      {correlation !== "any" && (
        <>
          {" "}where <UserText text={correlationText(correlation)} lengthMax={400} />
        </>
      )}
      {within !== undefined && <span class="soft">{`, ${deadlineText(within)}`}</span>}
    </>
  );
}
