/** The explanation of a job: first the summary that the prose has too, then the details. */

import type { Child } from "hono/jsx";
import { withDistances } from "../../core/duration.ts";
import { Cited, CitedItems, EntryLink } from "../parts/entries.tsx";
import { type Brief, distinctLines, toBrief } from "../../explain/brief.ts";
import { COMPLETED_MAX, summedUpTexts } from "../../explain/explanation_text.ts";
import { timingText } from "../../explain/past/timing.ts";
import type { Citation, NextStep } from "../../explain/statements/explanation.ts";
import { EndPause } from "../limits/pauses.tsx";
import { JobLink } from "../parts/links.tsx";
import { TimedText } from "../parts/timed_text.tsx";
import { ControlForm, controlledJob, isLegal, toControl } from "./controls.tsx";
import type { JobProps, JobScreenState } from "./reading.ts";
import { isTerminal } from "../../core/job_state.ts";
import { eventFieldId, sampleEventFor, shownWaits, WaitList } from "./waits.tsx";

interface BriefProps extends JobProps {
  readonly brief: Brief;
}

export function JobExplanation({ state }: JobProps) {
  const { explanation } = state;
  const brief = toBrief(explanation, state.nowMs);
  return (
    <section id="job-explanation" class="sheet prose" aria-labelledby="why-title" data-live>
      <h2 id="why-title" class="unseen">Explanation</h2>
      <p class="lead">
        {brief.summary.map((part) => <Cited pathOf={state.pathOf} of={part} />)}
      </p>
      <div class="prose-columns">
        <Reasons state={state} brief={brief} />
        <div class="stack-wide">
          <h3>Next</h3>
          <ul class="bare steps">
            {brief.next.map((step) => <Step state={state} step={step} />)}
          </ul>
        </div>
      </div>
      <Evidence state={state} brief={brief} />
      <WaitList state={state} />
      <Completed state={state} />
      <p class="soft">
        <TimedText text={withDistances(timingText(explanation), brief.nowMs)} />
      </p>
      {summedUpTexts(explanation).map((text) => <p class="hint">{text}</p>)}
    </section>
  );
}

function Reasons({ state, brief: { reasons, moreReasons } }: BriefProps) {
  if (reasons.length === 0) return null;
  return (
    <div class="stack-wide">
      <h3>Why</h3>
      <ol class="reasons">
        <CitedItems of={reasons} pathOf={state.pathOf} />
      </ol>
      {moreReasons.length !== 0 && (
        <details id="job-more-reasons">
          <summary>{moreReasons.length} more</summary>
          <ul>
            <CitedItems of={moreReasons} pathOf={state.pathOf} />
          </ul>
        </details>
      )}
    </div>
  );
}

function Evidence({ state, brief }: BriefProps) {
  return (
    <div id="job-evidence" class="stack-wide">
      <h3>Evidence</h3>
      <ul class="bare evidence">
        {distinctLines(brief.evidence).map(({ logId, eventType, segment, line, rule }) => (
          <li>
            <EntryLink pathOf={state.pathOf} logId={logId} title={`${segment}:${line}`} />{" "}
            {eventType}
            {rule !== undefined && <span class="soft">, rule {rule}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Completed({ state }: JobProps) {
  const { completed, summedUp } = state.explanation;
  if (completed.length === 0) return null;
  const total = completed.length + (summedUp?.completed ?? 0);
  const hidden = total - COMPLETED_MAX;
  return (
    <details id="job-completed">
      <summary>{isTerminal(state.job) ? "Completed" : "Completed so far"}: {total}</summary>
      <ul>
        {hidden > 0 && <li class="soft">{hidden} more before these.</li>}
        <CitedItems of={completed.slice(-COMPLETED_MAX)} pathOf={state.pathOf} />
      </ul>
    </details>
  );
}

/** A step ends with a colon before its action; without an action it ends with a full stop. */
function Step({ state, step }: JobProps & { readonly step: NextStep<Citation> }) {
  const action = step.action === undefined ? null : stepAction(state, step);
  const statement = action === null ? step.statement.replace(/:$/, ".") : step.statement;
  return (
    <li>
      <Cited pathOf={state.pathOf} of={{ ...step, statement }} />
      {action !== null && <div class="row step-actions">{action}</div>}
    </li>
  );
}

const PAUSE_PATH = /^\/pauses\/([^/]+)$/;

function stepAction(state: JobScreenState, step: NextStep<Citation>): Child | null {
  const form = formFor(state, step);
  if (form !== undefined) return <a href={`#${form}`}>Send it from here</a>;
  const pauseId = PAUSE_PATH.exec(step.action?.path ?? "")?.[1];
  if (pauseId !== undefined && state.may("operate")) {
    return <EndPause id={`end-${pauseId}`} pause={{ pauseId }} returnTo={state.returnTo} />;
  }
  const jobId = controlledJob(step.action);
  // Other jobs, such as one that occupies the worker, are controlled on their own page.
  if (jobId !== undefined && jobId !== state.job.jobId) return <JobLink jobId={jobId} />;
  const control = jobId === undefined ? undefined : step.action && toControl(step.action);
  if (control === undefined || !state.may("operate") || !isLegal(state, control)) return null;
  return <ControlForm state={state} control={control} isPlain />;
}

/** The id of the field in the form that sends the event of a step. */
function formFor(state: JobScreenState, { action }: NextStep<Citation>): string | undefined {
  if (action?.path !== "/events") return undefined;
  const sample = JSON.stringify(action.body);
  const wait = shownWaits(state).find((one) =>
    JSON.stringify(sampleEventFor(state, one)) === sample
  );
  return wait && state.may("submit") ? eventFieldId(wait.expectation) : "job-waits";
}
