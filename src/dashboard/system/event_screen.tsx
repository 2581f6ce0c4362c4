/** `/ui/system/event`: an event from outside, and its receipt. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { isObject, withinLazy } from "../../documents/fields.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import type { JsonValue } from "../../core/json.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { incomingEvent } from "../../documents/events.ts";
import { schemaObject } from "../../http/openapi/json_schema.ts";
import { type Problem, problemFacts, problemHeaders } from "../../http/problems/problem.ts";
import { readQuery, refuseQuery } from "../../http/requests/request.ts";
import { requestViewer } from "../../http/guard/viewer.ts";
import { carryOut, type FormRefusal, formRefusal } from "../form.tsx";
import { page } from "../page.tsx";
import { NOTE_PARAMETER, NoteLine } from "../notes.tsx";
import { type SchemaForm, toForm } from "../schema_form/field.ts";
import { type FormTexts, formTexts, inputName, parseForm } from "../schema_form/form_texts.ts";
import { curlCommands } from "../parts/curl.tsx";
import type { Route } from "../../http/route.ts";
import { MissingScope, ONCE, OnceField } from "../parts/action_form.tsx";
import { UserText } from "../parts/text.tsx";
import { issuesAt } from "../parts/labelled_input.tsx";
import { SchemaFields, type SchemaFieldsProps } from "../schema_form/schema_fields.tsx";
import { sendEvent } from "../event_form.ts";

const PATH = "/ui/system/event";

const FORM = toForm(schemaObject(withinLazy(incomingEvent), {}), "event");
const SAMPLE: JsonValue = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };

export const EVENT_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: show },
  { method: "POST", path: PATH, scope: "submit", handle: send },
];

function show(c: Context, deps: HttpDeps): Response {
  readQuery(c.req.raw, NOTE_PARAMETER);
  return eventPage(c, deps, formTexts(FORM, SAMPLE));
}

/** The page shows the receipt; or the form again, with everything typed. */
async function send(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  return await carryOut(c, deps, {
    async act(form) {
      const { value = {}, issues } = parseForm(FORM, new Map(form));
      if (issues.length > 0) throw invalidRequest(issues);
      return { path: PATH, ...await sendEvent(c, deps, value, form.get(ONCE)) };
    },
    again: (form, problem) => eventPage(c, deps, new Map(form), problem),
  });
}

function eventPage(c: Context, deps: HttpDeps, texts: FormTexts, problem?: Problem): Response {
  const { value } = parseForm(FORM, texts);
  return page(
    c,
    deps,
    {
      title: "Send an event",
      screen: "system",
      styles: ["system.css"],
      calls: [{
        label: "Send the event",
        command: curlCommands(c, deps).post("/events", isObject(value) ? value : {}),
      }],
      ...(problem === undefined
        ? {}
        : { status: problemFacts(problem.kind).status, headers: problemHeaders(problem) }),
    },
    <EventPage
      action={PATH}
      note={<NoteLine c={c} deps={deps} />}
      form={FORM}
      texts={texts}
      once={texts.get(ONCE)}
      refusal={problem === undefined ? undefined : formRefusal(problem)}
      maySubmit={requestViewer(c).scopes.includes("submit")}
    />,
  );
}

interface EventPageProps {
  readonly action: string;
  /** The receipt of the last event. */
  readonly note: Child;
  readonly form: SchemaForm;
  readonly texts: FormTexts;
  readonly once: string | undefined;
  readonly refusal: FormRefusal | undefined;
  readonly maySubmit: boolean;
}

/** The fields of most events; the others are folded. */
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
        <summary>More: event id, time, trace ids</summary>
        <div class="options-grid">
          <SchemaFields form={{ ...form, fields: others }} texts={texts} issues={ofOthers} />
        </div>
      </details>
    </>
  );
}

/** The form that sends an event by hand. */
function EventPage(props: EventPageProps) {
  const { action, note, form, texts, once, refusal, maySubmit } = props;
  return (
    <>
      <header class="stack">
        <p class="crumbs">
          <a href="/ui/system">System</a> / event
        </p>
        <h1>Send an event</h1>
        <p class="lead">
          A fact from outside. It is recorded permanently, and counts for every job that waits for
          it.
        </p>
      </header>
      {note}
      <section class="sheet form-alone" aria-label="Event">
        <form method="post" action={action} class="form" id="send">
          <OnceField value={once} />
          {refusal !== undefined && (
            <p class="note note-bad" role="alert">
              <UserText text={refusal.message} lengthMax={500} />
            </p>
          )}
          <EventFields form={form} texts={texts} issues={refusal?.issues ?? []} />
          {maySubmit
            ? (
              <p class="row">
                <button type="submit" class="primary">Send the event</button>
              </p>
            )
            : <MissingScope scope="submit" what="sending events" />}
        </form>
      </section>
    </>
  );
}
