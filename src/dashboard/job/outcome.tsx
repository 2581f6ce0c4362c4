/** The input of a job, and what came of it: its output, or its failure. */

import { MissingScope } from "../parts/viewing.tsx";
import { EntryLink, type EntryPath } from "../parts/entries.tsx";
import { taskName } from "../../explain/words/phrases.ts";
import { failureResource, jobOutput, recordedFailure } from "../../core/job_resource.ts";
import { jobPath } from "../../documents/jobs.ts";
import { Time } from "../parts/amounts.tsx";
import { jobsPath } from "../parts/links.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import type { JobProps, JobScreenState } from "./reading.ts";
import { FINAL_BECAUSE, messageText } from "../../core/error_text.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import { Term } from "../parts/table.tsx";
import type { JobState } from "../../core/job_state.ts";
import type { ErrorCause, ErrorFact } from "../../core/framework_events.ts";

export function JobData({ state }: JobProps) {
  const { job } = state;
  const href = jobPath(job.jobId);
  const output = jobOutput(job);
  return (
    <section id="job-data" class="grid" aria-label="Input and output" data-live>
      <div class="part">
        <h2>Input</h2>
        <Input state={state} href={href} />
      </div>
      <div class="part">
        <h2>Output</h2>
        {output === null
          ? <p class="hint">{noOutputText(state)}</p>
          : <JsonView value={output} href={href} />}
      </div>
    </section>
  );
}

function noOutputText({ job }: JobScreenState): string {
  if (job.definitionVersion === undefined) return "A plan of outside events has no output.";
  if (job.state === "Done") return "The job returned nothing.";
  return job.state === "Failed" ? "The job ended without output." : "None yet.";
}

function Input({ state, href }: JobProps & { readonly href: string }) {
  const { input, job, outlined: { inputRemoved: removed } } = state;
  if (input.kind === "sealed") {
    return (
      <>
        <p class="hint">The input is sealed.</p>
        <MissingScope scope="operate" what="reading it" />
      </>
    );
  }
  const isSealed = job.sealed !== undefined;
  const none = removed === undefined ? "The job has no input." : "Nothing of the input is left.";
  return (
    <>
      {removed !== undefined && (
        <p class="hint">
          The input was removed at{" "}
          <Time at={removed.receivedAt} />: its key was destroyed, so the sealed values can no
          longer be read. <EntryLink pathOf={state.pathOf} logId={removed.logId} />
        </p>
      )}
      {input.value === undefined
        ? <p class="hint">{none}</p>
        : <JsonView value={input.value} href={isSealed ? `${href}/input` : href} />}
      {isSealed && removed === undefined && (
        <p class="hint">
          Secrets are marked <code>[secret]</code>: nobody can read them here.
        </p>
      )}
    </>
  );
}

const LEFT_MAX = 20;

const KINDS = {
  error: "error: an error event, or its code threw",
  poison: `poison: ${FINAL_BECAUSE.poison}`,
  deadLetter: `dead letter: ${FINAL_BECAUSE.deadLetter}`,
  cancelled: "cancelled",
} as const;

export function JobFailure({ state: { job, pathOf } }: JobProps) {
  const failure = recordedFailure(job);
  if (failure === undefined) return <section id="job-failure" data-live hidden></section>;
  return (
    <section id="job-failure" class="part" aria-labelledby="failure-heading" data-live>
      <h2 id="failure-heading">{failure.kind === "cancelled" ? "Cancellation" : "Failure"}</h2>
      <FailureView job={job} pathOf={pathOf} />
    </section>
  );
}

interface FailureViewProps {
  /** The job as of any point. */
  readonly job: JobState;
  readonly pathOf: EntryPath;
}

/** Renders nothing if the job has not failed. */
export function FailureView({ job, pathOf }: FailureViewProps) {
  const failure = failureResource(job);
  if (failure === null) return null;
  const { kind, taskId, error, recoveryRequired, because, leftInPlace, cutShort } = failure;
  return (
    <>
      {recoveryRequired && (
        <p class="note note-bad">
          A compensation failed: the rest must be undone by hand.
        </p>
      )}
      <ErrorView error={error} />
      <dl class="facts side-by-side">
        <Term name="Kind">{KINDS[kind]}</Term>
        {taskId !== null && (
          <Term name="Task" class="mono">
            <UserText text={taskName(taskId)} lengthMax={120} />
          </Term>
        )}
        <Fingerprint job={job} />
        <Term name="By entry">
          <EntryLink logId={because} pathOf={pathOf} />
        </Term>
        {leftInPlace.length !== 0 && (
          <Term name="Left in place">
            <UserText text={leftText(leftInPlace)} />
          </Term>
        )}
        {cutShort.length !== 0 && (
          <Term name="Cut short, possibly partly done">
            <UserText text={leftText(cutShort)} />
          </Term>
        )}
      </dl>
    </>
  );
}

/** A link to the failures of the same kind, which can be retried together. */
function Fingerprint({ job }: { readonly job: JobState }) {
  const failure = recordedFailure(job);
  const fingerprint = failure && jobFingerprint(job, failure);
  if (fingerprint === undefined) return null;
  return (
    <Term name="Fingerprint" class="mono">
      <a href={jobsPath({ fingerprint })}>{fingerprint}</a>
    </Term>
  );
}

function leftText(taskIds: readonly string[]): string {
  const hidden = taskIds.length - LEFT_MAX;
  const names = taskIds.slice(0, LEFT_MAX).join(", ");
  return hidden > 0 ? `${names} and ${hidden} more` : names;
}

const MESSAGE_LENGTH_MAX = 600;
const NAME_LENGTH_MAX = 100;
const STACK_LENGTH_MAX = 4_000;

/** A recorded error: name, message and causes, with the stack folded. */
export function ErrorView({ error }: { readonly error: ErrorFact }) {
  const { stack } = error;
  return (
    <div class="error">
      <ErrorLines error={error} />
      {stack !== undefined && (
        <details>
          <summary>Stack</summary>
          <pre tabindex={0} dir="ltr"><UserText text={stack} lengthMax={STACK_LENGTH_MAX} /></pre>
        </details>
      )}
    </div>
  );
}

function ErrorLines({ error }: { readonly error: ErrorCause }) {
  const { name, message, code, cause, errors = [] } = error;
  const text = messageText({ message, ...(code === undefined ? {} : { code }) });
  return (
    <>
      {name !== undefined && (
        <span class="error-name">
          <UserText text={name} lengthMax={NAME_LENGTH_MAX} />
        </span>
      )}
      {name !== undefined && text !== "" && ": "}
      <UserText text={text} lengthMax={MESSAGE_LENGTH_MAX} />
      {errors.map((one) => (
        <div class="error-cause">
          {"one of its errors: "}
          <ErrorLines error={one} />
        </div>
      ))}
      {cause !== undefined && (
        <div class="error-cause">
          {"caused by "}
          <ErrorLines error={cause} />
        </div>
      )}
    </>
  );
}
