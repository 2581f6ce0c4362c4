/** A job as of a point, and the effect of the entry at that point. */

import { messageText } from "../../core/error_text.ts";
import { deriveCondition } from "../../core/condition.ts";
import { jobResource } from "../../core/job_resource.ts";
import { type RuleName, RULES } from "../../core/rules.ts";
import { jobPath } from "../../documents/answers/job_view.ts";
import { ConditionMark } from "../parts/condition_mark.tsx";
import { EntryLink } from "../parts/links.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { Time } from "../parts/time.tsx";
import { ChangeTable } from "./changes.tsx";
import { ExpectationTable, TaskTable } from "./point_tables.tsx";
import type { TimeView } from "./time_view.ts";

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
      <dt>Entry</dt>
      <dd>
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
      </dd>
      <dt>Received</dt>
      <dd>
        <Time at={entry.receivedAt} />
      </dd>
      {entry.causedBy !== undefined && (
        <>
          <dt>Caused by</dt>
          <dd>
            <a class="entry-link" href={`/ui/stream?before=${entry.causedBy + 1}`}>
              {entry.causedBy}
            </a>
          </dd>
        </>
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
        <dt>Kind</dt>
        <dd>{kind}</dd>
        <dt>Error</dt>
        <dd>
          <UserText text={`${error.name}: ${messageText(error)}`} />
        </dd>
        <dt>Because of</dt>
        <dd>
          <EntryLink jobId={jobId} logId={because} />
          {taskId !== null && (
            <>
              {" task "}
              <UserText text={taskId} />
            </>
          )}
        </dd>
        {leftInPlace.length !== 0 && (
          <>
            <dt>Left in place</dt>
            <dd>
              <UserText text={leftInPlace.join(", ")} />
            </dd>
          </>
        )}
        {recoveryRequired && (
          <>
            <dt>Recovery</dt>
            <dd>required: a compensation failed</dd>
          </>
        )}
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
