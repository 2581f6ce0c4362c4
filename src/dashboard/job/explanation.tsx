/** Why a job is as it is, in prose: what section 7 of the design calls its explanation. */

import { shownReasons, summedUpTexts } from "../../explain/explanation_text.ts";
import { withDistances } from "../../explain/distances.ts";
import { capital } from "../../explain/phrases.ts";
import { spentText } from "../../explain/spent_text.ts";
import type { Citation, NextStep } from "../../explain/explanation.ts";
import { EndPause } from "../overview/pauses_section.tsx";
import { CopyCurl } from "../parts/curl.tsx";
import { UserText } from "../parts/text.tsx";
import { durationText } from "../../core/duration.ts";
import { Sentence } from "./cite.tsx";
import { ControlForm, controlOf, isLegal } from "./controls.tsx";
import type { JobScreenState } from "./screen_state.ts";
import { eventFieldId } from "./event_form.tsx";
import { sampleOf, shownWaits, WaitList } from "./waits.tsx";

const COMPLETED_MAX = 12;
/** More text than this nobody pastes from a page. */
const COMMAND_LENGTH_MAX = 4_000;

interface Props {
  readonly state: JobScreenState;
}

export function JobExplanation({ state }: Props) {
  const { explanation, job } = state;
  return (
    <section id="job-explanation" class="sheet prose" aria-labelledby="why-title" data-live>
      <h2 id="why-title" class="unseen">Explanation</h2>
      <p class="lead">
        <UserText text={withDistances(explanation.summary, state.nowMs)} />
      </p>
      <div class="prose-columns">
        <div class="stack-wide">
          <h3>Why</h3>
          <ol class="reasons">
            {shownReasons(explanation.because).map((reason) => (
              <li>
                <Sentence state={state} of={reason} />
              </li>
            ))}
          </ol>
          <MoreReasons state={state} />
          <Completed state={state} />
        </div>
        <div class="stack-wide">
          <h3>Next</h3>
          <ul class="steps">
            {explanation.next.map((step) => <Step state={state} step={step} />)}
          </ul>
          <Timing state={state} />
          {summedUpTexts(explanation).map((text) => <p class="hint">{text}</p>)}
        </div>
      </div>
      <WaitList state={state} />
      <CopyCurl
        command={state.curl.get(`/jobs/${job.jobId}/explain`, "text/plain")}
        label="curl: this explanation"
      />
    </section>
  );
}

/** What lies between the first reasons and the origin. */
function MoreReasons({ state }: Props) {
  const { because } = state.explanation;
  const shown = new Set(shownReasons(because));
  const more = because.filter((reason) => !shown.has(reason));
  if (more.length === 0) return null;
  return (
    <details id="job-more-reasons">
      <summary>{more.length} more</summary>
      <ul>
        {more.map((reason) => (
          <li>
            <Sentence state={state} of={reason} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Completed({ state }: Props) {
  const { completed, summedUp } = state.explanation;
  if (completed.length === 0) return null;
  const total = completed.length + (summedUp?.completed ?? 0);
  const hidden = total - COMPLETED_MAX;
  return (
    <details id="job-completed">
      <summary>Completed so far: {total}</summary>
      <ul>
        {hidden > 0 ? <li class="soft">{hidden} more before these.</li> : null}
        {completed.slice(-COMPLETED_MAX).map((item) => (
          <li>
            <Sentence state={state} of={item} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Step({ state, step }: Props & { readonly step: NextStep<Citation> }) {
  const { action } = step;
  if (action === undefined) {
    return (
      <li>
        <Sentence state={state} of={step} />
      </li>
    );
  }
  const command = state.curl.of(action);
  return (
    <li>
      <Sentence state={state} of={step} />
      <div class="row step-actions">
        <StepAction state={state} step={step} />
        {command.length > COMMAND_LENGTH_MAX ? null : <CopyCurl command={command} />}
      </div>
    </li>
  );
}

const PAUSE_PATH = /^\/pauses\/([^/]+)$/;

function StepAction({ state, step }: Props & { readonly step: NextStep<Citation> }) {
  const form = formFor(state, step);
  if (form !== undefined) return <a href={`#${form}`}>Send it from here</a>;
  const pauseId = PAUSE_PATH.exec(step.action?.path ?? "")?.[1];
  if (pauseId !== undefined && state.may("operate")) {
    return <EndPause id="end-pause" pause={{ pauseId }} returnTo={state.returnTo} />;
  }
  // Another job, such as one that has the worker, is controlled on its own page.
  const isOwn = step.action?.path.startsWith(`/jobs/${state.job.jobId}/`) === true;
  const control = isOwn ? step.action && controlOf(step.action) : undefined;
  if (control === undefined || !state.may("operate") || !isLegal(state, control)) return null;
  return <ControlForm state={state} control={control} isPlain />;
}

/** The field of the form that sends the event of a step. */
function formFor(state: JobScreenState, { action }: NextStep<Citation>): string | undefined {
  if (action?.path !== "/events") return undefined;
  const sample = JSON.stringify(action.body);
  const wait = shownWaits(state).find((one) => JSON.stringify(sampleOf(state, one)) === sample);
  return wait && state.may("submit") ? eventFieldId(wait.expectation) : "job-waits";
}

/** What is over: what goes on still is in the timeline. */
function Timing({ state }: Props) {
  const spent = spentText(state.explanation.timing, durationText);
  return spent === "" ? null : <p class="soft">{capital(spent)}.</p>;
}
