/** The expectations and the tasks of a job at a point in time. */

import { messageText } from "../../core/error_text.ts";
import { counted, countOf } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import type { jobResource } from "../../core/job_resource.ts";
import { EntryLink } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { TaskProgress } from "../parts/amounts.tsx";
import { Time } from "../parts/time.tsx";

const ROWS_MAX = 50;
const CITES_MAX = 8;

interface ExpectationTableProps {
  readonly jobId: string;
  readonly expected: ReturnType<typeof jobResource>["expected"];
}

/** The progress of each expectation of the plan. */
export function ExpectationTable({ jobId, expected }: ExpectationTableProps) {
  if (expected.length === 0) return <p class="soft">The plan expects nothing.</p>;
  const more = expected.length - ROWS_MAX;
  return (
    <>
      <Table
        caption="Expectations"
        headings={["Expectation", "Event type", "Counted", "By"]}
        asCards
      >
        {expected.slice(0, ROWS_MAX).map((one) => (
          <tr data-expectation={one.id}>
            <th scope="row">
              <UserText text={one.id} />
            </th>
            <td class="mono">
              <UserText text={one.eventType} />
            </td>
            <td class={one.satisfied ? "counted satisfied" : "counted"}>
              {countOf(one.matched, one.required)}
              {one.waived !== undefined && ", waived"}
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
      {more > 0 && (
        <p class="hint">
          {counted(more, "more expectation is", "more expectations are")} in the JSON.
        </p>
      )}
    </>
  );
}

function Cites({ jobId, by }: { readonly jobId: string; readonly by: readonly LogId[] }) {
  const more = by.length - CITES_MAX;
  return (
    <span class="cites">
      {by.slice(0, CITES_MAX).map((logId) => <EntryLink jobId={jobId} logId={logId} />)}
      {more > 0 && <span class="soft">and {more} more</span>}
    </span>
  );
}

type Task = ReturnType<typeof jobResource>["tasks"][number];

/** Of many tasks the last are shown, since the entry was about those. */
export function TaskTable({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="soft">No task had started.</p>;
  const more = tasks.length - ROWS_MAX;
  return (
    <>
      {more > 0 && (
        <p class="hint">{counted(more, "earlier task is", "earlier tasks are")} in the JSON.</p>
      )}
      <Table caption="Tasks" headings={["Task", "Status", "Attempts", "Now"]} asCards>
        {tasks.slice(-ROWS_MAX).map((task) => (
          <tr data-task={task.taskId}>
            <th scope="row">
              <UserText text={task.taskId} />
            </th>
            <td>{task.status}</td>
            <td data-name="attempts">{task.attempts}</td>
            <td class="told">
              <Now task={task} />
            </td>
          </tr>
        ))}
      </Table>
    </>
  );
}

const NOTE_LENGTH_MAX = 300;

/** Text beside the status. */
function Now({ task }: { readonly task: Task }) {
  const { progress } = task;
  return (
    <>
      {progress !== undefined && <TaskProgress {...progress} />}
      {"retryAt" in task && task.retryAt !== undefined && (
        <span class="piece">
          again at <Time at={task.retryAt} />
        </span>
      )}
      {"dueAt" in task && task.dueAt !== undefined && (
        <span class="piece">
          until <Time at={task.dueAt} />
        </span>
      )}
      {"error" in task && task.error !== undefined && (
        <span class="piece">
          <UserText
            text={`${task.error.name}: ${messageText(task.error)}`}
            lengthMax={NOTE_LENGTH_MAX}
          />
        </span>
      )}
    </>
  );
}
