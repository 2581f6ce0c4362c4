/** How far each task of a job was. */

import type { jobResource } from "../../core/job_resource.ts";
import { Table } from "../parts/table.tsx";
import { TaskProgress } from "../parts/progress.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";

const ROWS_MAX = 50;

type Task = ReturnType<typeof jobResource>["tasks"][number];

/** Of very many the last are shown: those are what the entry was about. */
export function TaskTable({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="soft">No task had begun.</p>;
  const more = tasks.length - ROWS_MAX;
  return (
    <>
      {more > 0 ? <p class="hint">{more} earlier tasks are in the JSON.</p> : null}
      <Table caption="Tasks" headings={["Task", "Status", "Attempts", "Now"]}>
        {tasks.slice(-ROWS_MAX).map((task) => (
          <tr data-task={task.taskId}>
            <th scope="row">
              <UserText text={task.taskId} />
            </th>
            <td>{task.status}</td>
            <td>{task.attempts}</td>
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

/** What there is to say beside the status. */
function Now({ task }: { readonly task: Task }) {
  const { progress } = task;
  return (
    <>
      {progress === undefined ? null : <TaskProgress {...progress} />}
      {"retryAt" in task && task.retryAt !== undefined
        ? (
          <span class="piece">
            again at <Time at={task.retryAt} />
          </span>
        )
        : null}
      {"dueAt" in task && task.dueAt !== undefined
        ? (
          <span class="piece">
            until <Time at={task.dueAt} />
          </span>
        )
        : null}
      {"error" in task && task.error !== undefined
        ? (
          <span class="piece">
            <UserText
              text={`${task.error.name}: ${task.error.message}`}
              lengthMax={NOTE_LENGTH_MAX}
            />
          </span>
        )
        : null}
    </>
  );
}
