/** What would have become of a job: the form that asks, and what is wrong with it. */

import type { Child } from "hono/jsx";
import { UserText } from "../parts/text.tsx";
import { WHAT_IF_FORM } from "./entry_table.tsx";
import { timePath, type TimeQuery } from "./paths.ts";
import type { FieldIssue, WhatIfField, WhatIfForm } from "./what_if_form.ts";

export interface WhatIfSectionProps {
  readonly jobId: string;
  readonly query: TimeQuery;
  readonly form: WhatIfForm;
  /** Whether the plan of the job is too long to be edited in a page. */
  readonly planIsTooLong: boolean;
  readonly issues: readonly FieldIssue[];
  /** An event as it would be given. */
  readonly sampleEvent: string;
  /** The result, when somebody asked. */
  readonly children?: Child;
}

export function WhatIfSection(props: WhatIfSectionProps) {
  const { jobId, query, issues, children } = props;
  return (
    <section id="what-if" class="sheet" aria-labelledby="what-if-title">
      <h2 id="what-if-title">What if</h2>
      <p class="hint">
        What would have become of the job, had other entries come, or had it another plan. Nothing
        is recorded, and code that would have run otherwise is not run.
      </p>
      {issues.length === 0 ? null : (
        <p class="note note-bad" role="alert">
          Cannot project this: {issues.length === 1 ? "one field is" : "some fields are"} wrong.
        </p>
      )}
      {children}
      <form
        id={WHAT_IF_FORM}
        method="post"
        action={`${timePath(jobId, query)}#what-if`}
        class="what-if-form"
      >
        <LeftOut {...props} />
        <AddedEvents {...props} />
        <OtherPlan {...props} />
        <UpTo {...props} />
        <div>
          <button type="submit" class="primary">Ask what if</button>
        </div>
      </form>
    </section>
  );
}

/** The boxes are in the list of entries. */
function LeftOut({ form, issues }: WhatIfSectionProps) {
  return (
    <div class="field">
      <p class="label">Leave out</p>
      <p class="hint">
        {form.without.length === 0 ? "Tick entries in the list of entries." : (
          <>
            Ticked in the list of entries: <UserText text={form.without.join(", ")} />
          </>
        )}
      </p>
      <Issues field="without" issues={issues} />
    </div>
  );
}

function AddedEvents({ form, issues, sampleEvent }: WhatIfSectionProps) {
  return (
    <JsonField
      field="with"
      label="Add events, as JSON"
      rows={5}
      text={form.with}
      placeholder={sampleEvent}
      issues={issues}
    >
      One event or an array. <code>after</code>{" "}
      is the position behind which it comes; without it, at the end.
    </JsonField>
  );
}

function OtherPlan({ form, issues, planIsTooLong }: WhatIfSectionProps) {
  return (
    <JsonField field="plan" label="Another plan, as JSON" rows={8} text={form.plan} issues={issues}>
      {planIsTooLong
        ? "The plan of this job is too long to be edited here. A plan that is given here takes its place."
        : "This is the plan of the job; left as it is, it changes nothing."}
    </JsonField>
  );
}

interface JsonFieldProps extends FieldProps {
  readonly rows: number;
  readonly text: string;
  readonly placeholder?: string;
}

/** Its children are the hint. */
function JsonField({ rows, text, placeholder, children, ...common }: JsonFieldProps) {
  const { field, issues } = common;
  return (
    <Field {...common}>
      <textarea
        id={field}
        name={field}
        rows={rows}
        spellcheck={false}
        placeholder={placeholder}
        aria-describedby={`${field}-hint`}
        aria-invalid={isWrong(field, issues)}
      >
        {text}
      </textarea>
      <p class="hint" id={`${field}-hint`}>{children}</p>
    </Field>
  );
}

function UpTo({ form, issues }: WhatIfSectionProps) {
  return (
    <Field field="upTo" label="Up to" issues={issues}>
      <input
        id="upTo"
        name="upTo"
        value={form.upTo}
        autocomplete="off"
        aria-describedby="upTo-hint"
        aria-invalid={isWrong("upTo", issues)}
      />
      <p class="hint" id="upTo-hint">A logId, an eventId or a time; empty, up to now.</p>
    </Field>
  );
}

interface FieldProps {
  readonly field: WhatIfField;
  readonly label: string;
  readonly issues: readonly FieldIssue[];
  readonly children: Child;
}

function Field({ field, label, issues, children }: FieldProps) {
  return (
    <div class="field">
      <label for={field}>{label}</label>
      {children}
      <Issues field={field} issues={issues} />
    </div>
  );
}

function isWrong(field: WhatIfField, issues: readonly FieldIssue[]): "true" | undefined {
  return issues.some((issue) => issue.field === field) ? "true" : undefined;
}

/** As the form calls them; a pointer begins with the name of the request's member. */
const FIELD_NAMES: Readonly<Record<WhatIfField, string>> = {
  without: "Leave out",
  with: "Add events",
  plan: "Another plan",
  upTo: "Up to",
};

function Inside({ pointer }: { readonly pointer: string }) {
  return pointer === "" ? null : (
    <code>
      <UserText text={pointer} />
    </code>
  );
}

interface IssuesProps {
  readonly field: WhatIfField;
  readonly issues: readonly FieldIssue[];
}

function Issues({ field, issues }: IssuesProps) {
  const own = issues.filter((issue) => issue.field === field);
  if (own.length === 0) return null;
  return (
    <ul class="issues" data-issues={field}>
      {own.map(({ pointer, detail }) => (
        <li>
          {FIELD_NAMES[field]} <Inside pointer={pointer.slice(`/${field}`.length)} />{" "}
          <UserText text={detail} />
        </li>
      ))}
    </ul>
  );
}
