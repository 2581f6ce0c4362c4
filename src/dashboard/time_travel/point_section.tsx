/** A job as of a point, and the effect of the entry at that point. */

import { messageText } from "../../core/error_text.ts";
import { deriveCondition } from "../../core/condition.ts";
import { jobResource } from "../../core/job_resource.ts";
import { type RuleName, RULES } from "../../core/rules.ts";
import { jobPath } from "../../documents/answers/job_view.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { EntryLink } from "../parts/links.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { TaskProgress, Time } from "../parts/amounts.tsx";
import { ChangeTable } from "./changes.tsx";
import type { TimeView } from "./time_view.ts";
import { counted, countOf } from "../../core/counted.ts";
import type { LogId } from "../../core/ids.ts";
import { Table, Term } from "../parts/table.tsx";

export function PointSection({ view }: { readonly view: TimeView }) {
  const { job, entry, step } = view;
  const resource = jobResource(job);
  return (
    <section
      id="point"
      class="point"
      data-log-id={entry.logId}
      data-step={view.index + 1}
      data-state={job.state}
      data-condition={resource.condition}
      aria-labelledby="point-title"
    >
      <div class="sheet">
        <h2 id="point-title" class="standing">
          {job.state} <ConditionMark condition={deriveCondition(job)} />
        </h2>
        <EntryFacts view={view} />
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
        <ExpectationTable jobId={job.jobId} expected={resource.expected} />
        <h3>Tasks then</h3>
        <TaskTable tasks={resource.tasks} />
        <Failure failure={resource.failure} jobId={job.jobId} />
        <Output output={resource.output} href={`/jobs/${job.jobId}/replay?at=${entry.logId}`} />
      </div>
    </section>
  );
}

function EntryFacts({ view: { entry, job } }: { readonly view: TimeView }) {
  return (
    <dl class="facts">
      <Term name="Entry">
        <EntryLink jobId={job.jobId} logId={entry.logId} />{" "}
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
          <a class="entry-link" href={`/ui/stream?before=${entry.causedBy + 1}`}>
            {entry.causedBy}
          </a>
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
    <div class="rule">
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

type Resource = ReturnType<typeof jobResource>;

interface FailureProps {
  readonly jobId: string;
  readonly failure: Resource["failure"];
}

function Failure({ failure, jobId }: FailureProps) {
  if (failure === null) return null;
  const { kind, error, because, taskId, recoveryRequired, leftInPlace } = failure;
  return (
    <>
      <h3>Failure</h3>
      <dl class="facts">
        <Term name="Kind">{kind}</Term>
        <Term name="Error">
          <UserText text={`${error.name}: ${messageText(error)}`} />
        </Term>
        <Term name="Because of">
          <EntryLink jobId={jobId} logId={because} />
          {taskId !== null && (
            <>
              {" task "}
              <UserText text={taskId} />
            </>
          )}
        </Term>
        {leftInPlace.length !== 0 && (
          <Term name="Left in place">
            <UserText text={leftInPlace.join(", ")} />
          </Term>
        )}
        {recoveryRequired && <Term name="Recovery">required: a compensation failed</Term>}
      </dl>
    </>
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
