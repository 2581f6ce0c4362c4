/** The input and output of a job. */

import { jobOutput } from "../../core/job_resource.ts";
import { MissingScope } from "../parts/action_form.tsx";
import { Time } from "../parts/time.tsx";
import { EntryCite } from "./cite.tsx";
import { JsonView } from "../parts/text.tsx";
import type { JobScreenState } from "./screen_state.ts";

interface Props {
  readonly state: JobScreenState;
}

export function JobData({ state }: Props) {
  const { job } = state;
  const href = `/jobs/${encodeURIComponent(job.jobId)}`;
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

function Input({ state, href }: Props & { readonly href: string }) {
  const { input, job } = state;
  if (input.kind === "sealed") {
    return (
      <>
        <p class="hint">The input is sealed.</p>
        <MissingScope scope="operate" what="reading it" />
      </>
    );
  }
  return (
    <>
      <Removal state={state} />
      {input.value === undefined
        ? <p class="hint">{noInputText(state)}</p>
        : <JsonView value={input.value} href={job.sealed === undefined ? href : `${href}/input`} />}
      {job.sealed !== undefined && <Sealed state={state} />}
    </>
  );
}

function noInputText({ outlined }: JobScreenState): string {
  return outlined.inputRemoved === undefined
    ? "The job has no input."
    : "Nothing of the input is left.";
}

function Removal({ state }: Props) {
  const removed = state.outlined.inputRemoved;
  if (removed === undefined) return null;
  return (
    <p class="hint">
      The input was removed at{" "}
      <Time at={removed.receivedAt} />: its key was destroyed, so the sealed values can no longer be
      read. <EntryCite state={state} logId={removed.logId} />
    </p>
  );
}

function Sealed({ state }: Props) {
  if (state.outlined.inputRemoved !== undefined) return null;
  return (
    <p class="hint">
      Secrets are marked <code>[secret]</code>: nobody can read them here.
    </p>
  );
}
