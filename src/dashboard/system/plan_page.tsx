/** A job without code: a plan that events from outside fulfil. */

import { CreationForm, type CreationFormProps } from "./creation_fields.tsx";

export function PlanPage({ form }: { readonly form: CreationFormProps }) {
  return (
    <>
      <header class="stack">
        <p class="crumbs">
          <a href="/ui/system">System</a> / plan
        </p>
        <h1>A job without code</h1>
        <p class="lead">
          It is done when every expectation of its plan has been met by events from outside.
        </p>
      </header>
      <div class="two-columns">
        <section class="sheet" aria-labelledby="submit-heading">
          <h2 id="submit-heading">Submit a plan</h2>
          <CreationForm {...form} />
        </section>
        <section class="sheet" aria-labelledby="words-heading">
          <h2 id="words-heading">What a plan may say</h2>
          <dl class="facts">
            <dt>expected</dt>
            <dd>
              Expectations, each with an <code>id</code> and an <code>eventType</code>.
            </dd>
            <dt>correlation</dt>
            <dd>
              Which events of that type count: <code>"any"</code>,{" "}
              <code>{`{"equals": {"orderId": "42"}}`}</code>, <code>in</code>, <code>all</code>,
              {" "}
              <code>anyOf</code>, <code>not</code>.
            </dd>
            <dt>multiplicity</dt>
            <dd>
              <code>"ExactlyOnce"</code>, <code>"AtLeastOnce"</code> or{" "}
              <code>{`{"times": 3}`}</code>.
            </dd>
            <dt>policy</dt>
            <dd>
              <code>errors</code> are events that fail the job; <code>compensation</code>{" "}
              names those that end its undoing.
            </dd>
          </dl>
          <p class="hint">
            Then <a href="/ui/system/event">send the event</a> that it waits for.
          </p>
        </section>
      </div>
    </>
  );
}
