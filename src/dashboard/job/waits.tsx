/**
 * The open expectations of a job: how many events arrived, near misses, and a form that sends an
 * event.
 */

import type { Context } from "hono";
import { isPlaceholder, sampleEvent } from "../../explain/open/requests_to_send.ts";
import { Needs } from "../parts/viewing.tsx";
import { Cited } from "../parts/entries.tsx";
import { counted, countOf } from "../../core/counted.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import type { Citation, NearMiss, WaitingFor } from "../../explain/statements/explanation.ts";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { parseJson } from "../../documents/json_document.ts";
import { Refusal } from "../../documents/refusal.ts";
import { placePath, placesIn } from "../../explain/likeness/elsewhere.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { jobIdParameter } from "../../http/routes/jobs.ts";
import { carryOut, refusalText, type RefusedForm } from "../form.tsx";
import { jsonPlaceText } from "../schema_form/form_texts.ts";
import { sendEvent } from "../system/event_screen.tsx";
import { JsonView, UserText } from "../parts/text.tsx";
import { Table } from "../parts/table.tsx";
import type { Call } from "../parts/curl.tsx";
import type { JobProps, JobScreenState } from "./reading.ts";
import { HiddenFields, JsonInput, ONCE, OnceField } from "../parts/forms.tsx";
import { jobPagePath } from "../parts/links.tsx";

interface EventFormProps {
  readonly state: JobScreenState;
  readonly expectation: string;
  /** A sample event that would match. */
  readonly sample: JsonObject;
}

/** A longer sample is sent from a file, with curl. */
const SAMPLE_LENGTH_MAX = 20_000;

/** A form that sends the event that an expectation waits for. */
function EventForm({ state, expectation, sample }: EventFormProps) {
  const { job } = state;
  const text = JSON.stringify(sample, null, 2);
  if (text.length > SAMPLE_LENGTH_MAX) return null;
  const refused = state.refused?.id === expectation ? state.refused : undefined;
  const id = eventFieldId(expectation);
  return (
    <details id={`send-${id}`} open={refused !== undefined}>
      <summary role="button">Send this event from here</summary>
      <Needs scope="submit" what="sending events">
        <form method="post" action={`${jobPagePath(job.jobId)}/event`} class="stack event-form">
          <HiddenFields fields={{ return: state.returnTo, expectation }} />
          <OnceField />
          <JsonInput
            id={id}
            name="event"
            label="An event that would count"
            at=""
            issues={refused === undefined ? [] : [{ pointer: "", detail: eventFlaw(refused) }]}
            hint="Send it only if it happened: a recorded fact stays on record."
            text={refused === undefined ? text : typedEvent(refused.form)}
          />
          <button type="submit" class="primary">Send the event</button>
        </form>
      </Needs>
    </details>
  );
}

export function eventFieldId(expectation: string): string {
  return `event-${expectation.replaceAll(" ", "-")}`;
}

const WAITS_MAX = 20;
/** The rest of a long list is folded. */
const OPEN_MAX = 4;

/** The waits that have a form on the page. */
export function shownWaits({ explanation }: JobScreenState): readonly WaitingFor<Citation>[] {
  return explanation.waitingFor.slice(0, WAITS_MAX);
}

export function WaitList({ state }: JobProps) {
  const { waitingFor } = state.explanation;
  if (waitingFor.length === 0) return null;
  const shown = shownWaits(state);
  const hidden = waitingFor.length - shown.length;
  return (
    <div id="job-waits" class="stack-wide">
      <h3>Still to come</h3>
      {shown.slice(0, OPEN_MAX).map((wait) => <Wait state={state} wait={wait} />)}
      {shown.length > OPEN_MAX && (
        <details id="job-more-waits">
          <summary>{shown.length - OPEN_MAX} more</summary>
          <div class="stack-wide">
            {shown.slice(OPEN_MAX).map((wait) => <Wait state={state} wait={wait} />)}
          </div>
        </details>
      )}
      {hidden > 0 && (
        <p class="soft">
          {counted(hidden, "more expectation is", "more expectations are")} not shown here.
        </p>
      )}
    </div>
  );
}

export function eventCalls(state: JobScreenState): readonly Call[] {
  return shownWaits(state).flatMap((wait) => {
    const sample = sampleEventFor(state, wait);
    return sample === undefined ? [] : [{
      label: `Send what ${wait.expectation} waits for`,
      command: state.curl.post("/events", sample),
    }];
  });
}

function Wait({ state, wait }: JobProps & { readonly wait: WaitingFor<Citation> }) {
  const { expectation, matched, required, nearMisses } = wait;
  const sample = sampleEventFor(state, wait);
  return (
    <article class="stack-wide wait">
      <h4>
        <UserText text={expectation} />
        <span class="count">{countOf(matched, required)}</span>
      </h4>
      <p>
        <Cited pathOf={state.pathOf} of={wait} />
      </p>
      {nearMisses.map((miss) => <Miss state={state} wait={wait} miss={miss} />)}
      {sample !== undefined && (
        <EventForm
          state={state}
          expectation={expectation}
          sample={sample}
        />
      )}
    </article>
  );
}

/** The sample event from the next step of the explanation. */
export function sampleEventFor(
  { job }: JobScreenState,
  { expectation }: WaitingFor<Citation>,
): JsonObject | undefined {
  const open = openExpectations(job).find(({ expected }) => expected.id === expectation);
  return open && sampleEvent(open.expected, job.jobId)?.event;
}

interface MissProps {
  readonly wait: WaitingFor<Citation>;
  readonly miss: NearMiss<Citation>;
}

function Miss({ state, wait, miss }: JobProps & MissProps) {
  return (
    <div class="stack-wide miss">
      <p>
        <span class="miss-mark">Near miss</span> <Cited of={miss} pathOf={state.pathOf} />
      </p>
      {miss.clauses.length !== 0 && <Clauses wait={wait} miss={miss} />}
      <details id={`miss-${miss.cites[0]?.logId}-${eventFieldId(wait.expectation)}`}>
        <summary>What the event contained</summary>
        <JsonView value={miss.attributes} />
      </details>
    </div>
  );
}

function Clauses({ wait, miss }: MissProps) {
  return (
    <Table
      caption={`The clauses of ${wait.expectation} that entry ${miss.cites[0]?.logId} fails`}
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
            {elsewhere !== undefined && (
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

/** @param again Shows the page again with a refused event, so nothing typed is lost. */
export async function takeEvent(
  c: Context,
  deps: HttpDeps,
  again: (refused: RefusedForm) => Promise<Response>,
): Promise<Response> {
  const jobId = jobIdParameter(c);
  return await carryOut(c, deps, {
    home: jobPagePath(jobId),
    async act(form) {
      const document = parseJson(typedEvent(form));
      requireFilledIn(document);
      return await sendEvent(c, deps, document, form.get(ONCE), typedEvent(form));
    },
    again: (form, problem) => again({ id: form.get("expectation") ?? "", form, problem }),
  });
}

function typedEvent(form: URLSearchParams): string {
  return form.get("event") ?? "";
}

function eventFlaw({ form, problem }: RefusedForm): string {
  const { position } = problem.members;
  return position === undefined
    ? refusalText(problem)
    : `The event is not JSON: ${jsonPlaceText(typedEvent(form), position)}.`;
}

/** @throws {Problem} if the event still has a value that the sample leaves open. */
function requireFilledIn(document: JsonValue): void {
  const attributes = isObject(document) ? document["attributes"] : undefined;
  if (!isObject(attributes)) return;
  const open = placesIn(attributes).find(({ value }) => isPlaceholder(value));
  if (open === undefined) return;
  const detail = `Fill in ${
    placePath(open)
  } first: the job's plan does not say which value it needs`;
  throw new Refusal("invalid-request", detail);
}
