/** An event that is sent by hand. */

import type { Child } from "hono/jsx";
import { CopyCurl } from "../parts/curl.tsx";
import { MissingScope } from "../parts/missing_scope.tsx";
import { UserText } from "../parts/text.tsx";
import type { Field } from "../schema_form/field.ts";
import { type FormTexts, inputName } from "../schema_form/field_texts.ts";
import { SchemaFields, type SchemaFieldsProps } from "../schema_form/schema_fields.tsx";
import type { Refusal } from "./creation_fields.tsx";

export interface EventPageProps {
  readonly action: string;
  /** The receipt of the last one. */
  readonly note: Child;
  readonly field: Field;
  readonly texts: FormTexts;
  readonly once: { readonly name: string; readonly value: string };
  readonly refusal: Refusal | undefined;
  readonly curl: string;
  readonly maySubmit: boolean;
}

/** Those that most events have; the others are for who knows them. */
const USUAL: readonly string[] = ["eventType", "attributes", "jobId"];

function EventFields({ field, texts, issues }: SchemaFieldsProps) {
  if (field.kind !== "group") return <SchemaFields field={field} texts={texts} issues={issues} />;
  const [usual = [], others = []] = [true, false].map((isUsual) =>
    field.fields.filter(({ name }) => USUAL.includes(name) === isUsual)
  );
  const isUsed = others.some((one) =>
    (texts.get(inputName(one)) ?? "") !== "" ||
    issues.some(({ pointer }) => pointer === one.pointer)
  );
  return (
    <>
      <SchemaFields field={{ ...field, fields: usual }} texts={texts} issues={issuesOf(others)} />
      <details class="options" open={isUsed}>
        <summary>More: its own id, its time, ids of traces</summary>
        <div class="options-grid">
          {others.map((one) => <SchemaFields field={one} texts={texts} issues={issues} />)}
        </div>
      </details>
    </>
  );

  /** Each is told where its input is. */
  function issuesOf(elsewhere: readonly Field[]) {
    return issues.filter(({ pointer }) => !elsewhere.some((one) => one.pointer === pointer));
  }
}

export function EventPage(props: EventPageProps) {
  const { action, note, field, texts, once, refusal, curl, maySubmit } = props;
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
          <EventFields field={field} texts={texts} issues={refusal?.issues ?? []} />
          {maySubmit
            ? <button type="submit" class="primary">Send the event</button>
            : <MissingScope scope="submit" what="sending events" />}
        </form>
        <CopyCurl command={curl} label="curl: send it" />
      </section>
    </>
  );
}
