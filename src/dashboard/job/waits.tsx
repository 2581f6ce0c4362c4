/** What a job still waits for: how much of it came, what nearly did, and a form to send it. */

import { openExpectations } from "../../explain/open_expectations.ts";
import { sampleEvent } from "../../explain/sample_event.ts";
import type { Citation, NearMiss, WaitingFor } from "../../explain/explanation.ts";
import type { JsonObject } from "../../core/json.ts";
import { JsonView, TimedText, UserText } from "../parts/text.tsx";
import { Table } from "../parts/table.tsx";
import { Cites, Sentence } from "./cite.tsx";
import type { Call } from "../parts/curl.tsx";
import { EventForm } from "./event_form.tsx";
import type { JobScreenState } from "./screen_state.ts";

const WAITS_MAX = 20;
/** Of many, the rest is folded away. */
const OPEN_MAX = 4;

interface Props {
  readonly state: JobScreenState;
}

/** Those that have a form on the page. */
export function shownWaits({ explanation }: JobScreenState): readonly WaitingFor<Citation>[] {
  return explanation.waitingFor.slice(0, WAITS_MAX);
}

export function WaitList({ state }: Props) {
  const { waitingFor } = state.explanation;
  if (waitingFor.length === 0) return null;
  const shown = shownWaits(state);
  const hidden = waitingFor.length - shown.length;
  return (
    <div id="job-waits" class="stack-wide">
      <h3>Still to come</h3>
      {shown.slice(0, OPEN_MAX).map((wait) => <Wait state={state} wait={wait} />)}
      {shown.length <= OPEN_MAX ? null : (
        <details id="job-more-waits">
          <summary>{shown.length - OPEN_MAX} more</summary>
          <div class="stack-wide">
            {shown.slice(OPEN_MAX).map((wait) => <Wait state={state} wait={wait} />)}
          </div>
        </details>
      )}
      {hidden > 0 ? <p class="soft">{hidden} more expectations are not shown here.</p> : null}
    </div>
  );
}

export function eventCalls(state: JobScreenState): readonly Call[] {
  return shownWaits(state).flatMap((wait) => {
    const sample = sampleOf(state, wait);
    return sample === undefined ? [] : [{
      label: `Send what ${wait.expectation} waits for`,
      command: state.curl.post("/events", sample),
    }];
  });
}

function Wait({ state, wait }: Props & { readonly wait: WaitingFor<Citation> }) {
  const { expectation, matched, required, nearMisses } = wait;
  const sample = sampleOf(state, wait);
  return (
    <article class="wait">
      <h4>
        <UserText text={expectation} />
        <span class="count">{matched} of {required}</span>
      </h4>
      <p>
        <Sentence state={state} of={wait} />
      </p>
      {nearMisses.map((miss) => <Miss state={state} miss={miss} />)}
      {sample === undefined ? null : (
        <EventForm
          state={state}
          expectation={expectation}
          sample={sample}
        />
      )}
    </article>
  );
}

/** The same event that the next step of the explanation gives. */
export function sampleOf(
  { job }: JobScreenState,
  { expectation }: WaitingFor<Citation>,
): JsonObject | undefined {
  const open = openExpectations(job).find(({ expected }) => expected.id === expectation);
  return open && sampleEvent(open.expected, job.jobId)?.event;
}

function Miss({ state, miss }: Props & { readonly miss: NearMiss<Citation> }) {
  return (
    <div class="miss">
      <p>
        <span class="miss-mark">Near miss</span> <TimedText text={miss.statement} />
        <Cites state={state} of={miss.cites} />
      </p>
      {miss.clauses.length === 0 ? null : <Clauses miss={miss} />}
      <details>
        <summary>What the event said</summary>
        <JsonView value={miss.attributes} />
      </details>
    </div>
  );
}

function Clauses({ miss }: { readonly miss: NearMiss<Citation> }) {
  return (
    <Table
      caption="The clauses that the event fails"
      headings={["Clause", "Expected", "Found"]}
    >
      {miss.clauses.map(({ path, expected, found, elsewhere }) => (
        <tr>
          <th scope="row" class="mono">
            <UserText text={path === "" ? "correlation" : path} lengthMax={200} />
          </th>
          <td class="mono expected">
            <UserText text={expected} lengthMax={300} />
          </td>
          <td class="mono found">
            <UserText text={found} lengthMax={300} />
            {elsewhere === undefined ? null : (
              <span class="soft">
                ; at <UserText text={elsewhere.path} lengthMax={200} /> it has{" "}
                <UserText text={elsewhere.found} lengthMax={300} />
              </span>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
