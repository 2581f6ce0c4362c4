/** An event that is sent by hand. */

import type { Child } from "hono/jsx";
import { MissingScope } from "../parts/missing_scope.tsx";
import { UserText } from "../parts/text.tsx";
import { issuesAt } from "../parts/labelled_input.tsx";
import type { SchemaForm } from "../schema_form/field.ts";
import { type FormTexts, inputName } from "../schema_form/field_texts.ts";
import { SchemaFields, type SchemaFieldsProps } from "../schema_form/schema_fields.tsx";
import type { Refusal } from "./creation_fields.tsx";

export interface EventPageProps {
  readonly action: string;
  /** The receipt of the last one. */
  readonly note: Child;
  readonly form: SchemaForm;
  readonly texts: FormTexts;
  readonly once: { readonly name: string; readonly value: string };
  readonly refusal: Refusal | undefined;
  readonly maySubmit: boolean;
}

/** Those that most events have; the others are for who knows them. */
const USUAL: readonly string[] = ["eventType", "attributes", "jobId"];

function EventFields({ form, texts, issues }: SchemaFieldsProps) {
  const [usual = [], others = []] = [true, false].map((isUsual) =>
    form.fields.filter(({ name }) => USUAL.includes(name) === isUsual)
  );
  const ofOthers = others.flatMap(({ pointer }) => issuesAt(issues, pointer));
  const ofUsual = issues.filter((issue) => !ofOthers.includes(issue));
  const isUsed = ofOthers.length > 0 ||
    others.some((one) => (texts.get(inputName(one)) ?? "") !== "");
  return (
    <>
      <SchemaFields form={{ ...form, fields: usual }} texts={texts} issues={ofUsual} />
      <details class="options" open={isUsed}>
        <summary>More: its own id, its time, ids of traces</summary>
        <div class="options-grid">
          <SchemaFields form={{ ...form, fields: others }} texts={texts} issues={ofOthers} />
        </div>
      </details>
    </>
  );
}

export function EventPage(props: EventPageProps) {
  const { action, note, form, texts, once, refusal, maySubmit } = props;
  return (
    <>
      <header class="stack">
        <p class="crumbs">
          <a href="/ui/system">System</a> / event
        </p>
        <h1>Send an event</h1>
        <p class="lead">
          A fact from outside. It is recorded for good, and counts for every job that waits for it.
        </p>
      </header>
      {note}
      <section class="sheet form-alone" aria-label="Event">
        <form method="post" action={action} class="form" id="send" autocomplete="off">
          <input type="hidden" name={once.name} value={once.value} />
          {refusal === undefined ? null : (
            <p class="note note-bad" role="alert">
              <UserText text={refusal.message} lengthMax={500} />
            </p>
          )}
          <EventFields form={form} texts={texts} issues={refusal?.issues ?? []} />
          {maySubmit
            ? <button type="submit" class="primary">Send the event</button>
            : <MissingScope scope="submit" what="sending events" />}
        </form>
      </section>
    </>
  );
}
