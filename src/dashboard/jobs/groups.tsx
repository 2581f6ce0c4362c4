/** Failures by kind: the most frequent ones, with a form to retry all jobs of a kind. */

import { messageText } from "../../core/error_text.ts";
import { countOf, countText } from "../../core/counted.ts";
import { shortText } from "../../core/shown_value.ts";
import type { FailureGroup } from "../../engine/job_pages.ts";
import { jobPagePath, TypeName } from "../parts/links.tsx";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import { useMay } from "../parts/viewing.tsx";
import { Day } from "../parts/amounts.tsx";
import type { JobsAddress } from "./address.ts";

const HEADINGS = ["Jobs", "Error", "Type", "Oldest", "Newest", "Retried", "Actions"];
const MESSAGE_LENGTH_MAX = 300;
const NAME_LENGTH_MAX = 80;

interface GroupTableProps {
  readonly groups: readonly FailureGroup[];
  readonly address: JobsAddress;
}

export function GroupTable({ groups, ...props }: GroupTableProps) {
  return (
    <div class="group-table">
      <Table caption="Failures by kind" headings={HEADINGS} asCards>
        {groups.map((group) => <Group group={group} {...props} />)}
      </Table>
    </div>
  );
}

interface GroupProps extends Omit<GroupTableProps, "groups"> {
  readonly group: FailureGroup;
}

/** One line; the title has the whole message. */
function Group({ group, address }: GroupProps) {
  const { fingerprint, jobs, retried, open, oldest, newest, type, taskId, error } = group;
  const mayOperate = useMay("operate");
  const its = { group: undefined, fingerprint };
  return (
    <tr id={`kind-${fingerprint}`} class="group-row" data-kind={fingerprint} data-live>
      <td class="group-jobs">{countText(jobs)}</td>
      <td class="group-error">
        <div class="one-line" title={shortText(messageText(error), MESSAGE_LENGTH_MAX)}>
          <a href={address.with(its)}>
            <UserText text={error.name} lengthMax={NAME_LENGTH_MAX} />
          </a>{" "}
          <UserText text={messageText(error)} lengthMax={MESSAGE_LENGTH_MAX} />
        </div>
      </td>
      <td class="group-where">
        <div class="one-line">
          <TypeName type={type} />
          {taskId !== null && (
            <span class="soft">
              {" task "}
              <UserText text={taskId} lengthMax={60} />
            </span>
          )}
        </div>
      </td>
      <td class="group-oldest" data-name="oldest">
        <Moment of={oldest} />
      </td>
      <td class="group-newest" data-name="newest">
        <Moment of={newest} />
      </td>
      <td class="group-retried" data-name="retried">{countOf(retried, jobs)}</td>
      <td class="group-do">
        {open !== 0 && mayOperate && (
          <a class="button" href={address.with({ ...its, do: "retry" })}>
            Retry {countText(open)} …
          </a>
        )}
      </td>
    </tr>
  );
}

function Moment({ of: { jobId, createdAt } }: { readonly of: FailureGroup["newest"] }) {
  return (
    <a href={jobPagePath(jobId)} title={jobId}>
      <Day at={createdAt} ago />
    </a>
  );
}
