/** Sends the event that an expectation waits for, from the page that says so. */

import { randomBytes } from "node:crypto";
import type { JsonObject } from "../../core/json.ts";
import { JsonInput } from "../parts/labelled_input.tsx";
import { MissingScope } from "../parts/missing_scope.tsx";
import { jobPagePath } from "../parts/links.tsx";
import type { JobScreenState } from "./screen_state.ts";

export interface EventFormProps {
  readonly state: JobScreenState;
  readonly expectation: string;
  /** An event that would count. */
  readonly sample: JsonObject;
}

/** A longer sample is for a file, and curl. */
const SAMPLE_LENGTH_MAX = 20_000;

export function EventForm({ state, expectation, sample }: EventFormProps) {
  const { job } = state;
  const text = JSON.stringify(sample, null, 2);
  if (text.length > SAMPLE_LENGTH_MAX) return null;
  const refused = state.refused?.expectation === expectation ? state.refused : undefined;
  const id = eventFieldId(expectation);
  return (
    <div class="send">
      <details id={`send-${id}`} open={refused !== undefined}>
        <summary role="button">Send this event from here</summary>
        {state.may("submit")
          ? (
            <form method="post" action={`${jobPagePath(job.jobId)}/event`} class="stack event-form">
              <input type="hidden" name="return" value={state.returnTo} />
              <input type="hidden" name="expectation" value={expectation} />
              <input type="hidden" name="once" value={randomBytes(9).toString("base64url")} />
              <JsonInput
                id={id}
                name="event"
                label="An event that would count"
                at=""
                issues={refused === undefined ? [] : [{ pointer: "", detail: refused.reason }]}
                hint="Only send it if it happened: a fact that is on record stays there."
                text={refused?.text ?? text}
              />
              <button type="submit" class="primary">Send the event</button>
            </form>
          )
          : <MissingScope scope="submit" what="sending events" />}
      </details>
    </div>
  );
}

export function eventFieldId(expectation: string): string {
  return `event-${expectation.replaceAll(" ", "-")}`;
}
