/** A job as of a point, and the effect of the entry at that point. */

import { messageText } from "../../core/error_text.ts";
import { deriveCondition } from "../../core/condition.ts";
import { jobResource } from "../../core/job_resource.ts";
import { type RuleName, RULES } from "../../core/rules.ts";
import { jobPath } from "../../documents/jobs.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { EntryLink, type EntryPath } from "../parts/entries.tsx";
import { jobEntryPath } from "../parts/links.tsx";
import { ExpectationTable } from "../job/expectations.tsx";
import { FailureView } from "../job/outcome.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { TaskProgress, Time } from "../parts/amounts.tsx";
import { ChangeTable } from "./changes.tsx";
import type { TimeView } from "./time_view.ts";
import { counted } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import { Table, Term } from "../parts/table.tsx";

export function PointSection({ view }: { readonly view: TimeView }) {
  const { job, entry, step } = view;
  const resource = jobResource(job);
  const pathOf = (logId: LogId) => jobEntryPath(job.jobId, logId);
  return (
    <section
      id="point"
      class="column two-columns point"
      data-log-id={entry.logId}
      data-step={view.index + 1}
      data-state={job.state}
      data-condition={resource.condition}
      aria-labelledby="point-title"
    >
      <div class="sheet">
        <h2 id="point-title" class="row">
          {job.state} <ConditionMark condition={deriveCondition(job)} />
        </h2>
        <EntryFacts view={view} pathOf={pathOf} />
        <p>
          Why:{" "}
          <a href={`${jobPath(job.jobId)}/explain?at=${entry.logId}&format=text`}>
            the explanation as of this point
          </a>
          .
        </p>
        <Rule rule={step.rule} why={step.why} />
        {step.changed.length === 0
          ? <p class="soft">The entry is on record, but did not change the job.</p>
          : <ChangeTable caption="What the entry changed" changes={step.changed} />}
        <details>
          <summary>The entry itself</summary>
          <JsonView value={entry} href={`/events?after=${entry.logId - 1}&limit=1`} />
        </details>
      </div>
      <div class="sheet">
        <h3>Expectations then</h3>
        <ExpectationTable job={job} pathOf={pathOf} />
        <h3>Tasks then</h3>
        <TaskTable tasks={resource.tasks} />
        {resource.failure !== null && <h3>Failure</h3>}
        <FailureView job={job} pathOf={pathOf} />
        <Output output={resource.output} href={`/jobs/${job.jobId}/replay?at=${entry.logId}`} />
      </div>
    </section>
  );
}

interface EntryFactsProps {
  readonly view: TimeView;
  readonly pathOf: EntryPath;
}

function EntryFacts({ view: { entry }, pathOf }: EntryFactsProps) {
  return (
    <dl class="facts">
      <Term name="Entry">
        <EntryLink logId={entry.logId} pathOf={pathOf} />{" "}
        <span class="mono">
          <UserText text={entry.eventType} />
        </span>
        {entry.taskId !== undefined && (
          <>
            {" of task "}
            <UserText text={entry.taskId} />
          </>
        )}
      </Term>
      <Term name="Received">
        <Time at={entry.receivedAt} />
      </Term>
      {entry.causedBy !== undefined && (
        <Term name="Caused by">
          <EntryLink logId={entry.causedBy} />
        </Term>
      )}
    </dl>
  );
}

/** Rows that belong to no single state. */
const STATE_WORDS: Readonly<Record<string, string>> = { any: "in any state", none: "with no job" };

/** The row of the state table that applied, and why. */
function Rule({ rule, why }: { readonly rule: RuleName; readonly why: string }) {
  const { state, incoming, condition, next } = RULES[rule];
  return (
    <div>
      <p>
        <UserText text={why} />
      </p>
      <p class="hint">
        Rule <code>{rule}</code>: {STATE_WORDS[state] ?? `in ${state}`}, {incoming}
        {condition === "" ? "" : `, ${condition}`} → {next}
      </p>
    </div>
  );
}

function Output({ output, href }: { readonly output: unknown; readonly href: string }) {
  if (output === null) return null;
  return (
    <>
      <h3>Output</h3>
      <JsonView value={output} href={href} />
    </>
  );
}

const ROWS_MAX = 50;

type Task = ReturnType<typeof jobResource>["tasks"][number];

/** Of many tasks the last are shown, since the entry was about those. */
export function TaskTable({ tasks }: { readonly tasks: readonly Task[] }) {
  if (tasks.length === 0) return <p class="soft">No task had started.</p>;
  const more = tasks.length - ROWS_MAX;
  return (
    <Table
      caption="Tasks"
      headings={["Task", "Status", "Attempts", "Now"]}
      asCards
      rest={more > 0 && `${counted(more, "earlier task is", "earlier tasks are")} in the JSON.`}
    >
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
