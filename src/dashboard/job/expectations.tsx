/** The plan of a job: its expectations, how far each is satisfied, and by which entries. */

import { countOf } from "../../core/counted.ts";
import { expectationResource } from "../../core/job_resource.ts";
import { MAIN_EXPECTATION_ID } from "../../core/job_plan.ts";
import { correlationText, deadlineText } from "../../explain/awaited_events.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { EntryCite } from "./cite.tsx";
import type { JobScreenState } from "./reading.ts";

const ROWS_MAX = 100;
const CITED_MAX = 8;

interface Props {
  readonly state: JobScreenState;
}

type Expectation = ReturnType<typeof expectationResource> & { readonly surplus: number };

export function JobExpectations({ state }: Props) {
  const { job } = state;
  const all = job.plan.expected.map((expected, index): Expectation => ({
    ...expectationResource(expected, job.expected[index]),
    surplus: job.expected[index]?.surplus ?? 0,
  }));
  const hidden = all.length - ROWS_MAX;
  return (
    <section id="job-expectations" class="part" aria-labelledby="expectations-heading" data-live>
      <h2 id="expectations-heading">Expectations</h2>
      {all.length === 0
        ? <p class="hint">The plan is empty: the job is done as soon as it starts.</p>
        : (
          <Table
            caption="What the plan expects"
            headings={["Expectation", "Event", "Came", "By"]}
            asCards
          >
            {all.slice(0, ROWS_MAX).map((one) => <Row state={state} one={one} />)}
          </Table>
        )}
      {hidden > 0 && <p class="hint">{hidden} more are in the JSON of the job.</p>}
    </section>
  );
}

function Row({ state, one }: Props & { readonly one: Expectation }) {
  const { matched, required, satisfied, surplus, waived } = one;
  return (
    <tr>
      <th scope="row">
        <UserText text={one.id} lengthMax={120} />
      </th>
      <td>
        <Wanted one={one} />
      </td>
      <td class="came">
        <span class={satisfied ? "count count-whole" : "count"}>{countOf(matched, required)}</span>
        {waived !== undefined && (
          <>
            {" "}waived <EntryCite state={state} logId={waived} />
          </>
        )}
        {surplus > 0 && <span class="soft">{` and ${surplus} surplus`}</span>}
      </td>
      <td>
        {one.by.slice(-CITED_MAX).map((logId) => (
          <>
            <EntryCite state={state} logId={logId} />
            {" "}
          </>
        ))}
        {one.by.length > CITED_MAX && (
          <span class="soft">{`and ${one.by.length - CITED_MAX} earlier`}</span>
        )}
      </td>
    </tr>
  );
}

function Wanted({ one }: { readonly one: Expectation }) {
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
