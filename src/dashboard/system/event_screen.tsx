/** `/ui/system/event`: an event from outside, and its receipt. */

import { isObject, withinLazy } from "../../documents/fields.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { deliver, incomingEvent, judgeEvent } from "../../documents/events.ts";
import { schemaObject } from "../../http/openapi/json_schema.ts";
import { type Problem, problemFacts, problemHeaders, STATUS } from "../../http/problems/problem.ts";
import { readQuery, refuseQuery } from "../../http/requests/request.ts";
import { emptyResponse } from "../../http/answers/response.ts";
import { requestViewer } from "../../http/guard/viewer.ts";
import { type FormRefusal, formRefusal, onceOnly, readForm, refusalIn } from "../form.tsx";
import { page } from "../page.tsx";
import { NOTE_PARAMETER, NoteLine } from "../notes.tsx";
import { receiptText } from "../receipt_text.ts";
import { type SchemaForm, toForm } from "../schema_form/field.ts";
import { type FormTexts, formTexts, inputName, parseForm } from "../schema_form/form_texts.ts";
import { curlCommands } from "../parts/curl.tsx";
import type { Route } from "../../http/route.ts";
import type { Child } from "hono/jsx";
import { MissingScope } from "../parts/action_form.tsx";
import { UserText } from "../parts/text.tsx";
import { issuesAt } from "../parts/labelled_input.tsx";
import { SchemaFields, type SchemaFieldsProps } from "../schema_form/schema_fields.tsx";

const PATH = "/ui/system/event";
/** The same form sent twice is one event. */
const ONCE = "once";

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

/**
 * Redirects to the page, which shows the receipt; or shows the form again with everything typed.
 */
async function send(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  const texts: FormTexts = new Map(await readForm(c.req.raw, deps.bodies));
  try {
    const { value, issues } = parseForm(FORM, texts);
    if (issues.length > 0) throw invalidRequest(issues);
    const judged = judgeEvent(withEventId(value, texts.get(ONCE)));
    const [receipt] = await deliver(deps.engine, { single: true, items: [judged] });
    if (receipt === undefined || receipt.disposition === "rejected" && "errors" in receipt) {
      throw new TypeError("Cannot show the receipt: the event has none");
    }
    const { disposition, reason } = receipt;
    // The receipt of an id with other content says why it changes nothing.
    const isBad = disposition === "rejected" ||
      (disposition === "duplicate" && reason !== undefined);
    const location = deps.notes.pathWith(PATH, receiptText(receipt), isBad);
    return emptyResponse(STATUS.seeOther, { location });
  } catch (error) {
    const problem = refusalIn(error);
    if (problem === undefined) throw error;
    return eventPage(c, deps, texts, problem);
  }
}

function withEventId(value: JsonValue | undefined, once: string | undefined): JsonValue {
  const event: JsonObject = isObject(value) ? value : {};
  if (Object.hasOwn(event, "eventId") || once === undefined) return event;
  return { ...event, eventId: onceOnly(once, JSON.stringify(event)) };
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
      once={{ name: ONCE, value: texts.get(ONCE) ?? randomBytes(12).toString("base64url") }}
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
  readonly once: { readonly name: string; readonly value: string };
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
        <form method="post" action={action} class="form" id="send" autocomplete="off">
          <input type="hidden" name={once.name} value={once.value} />
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
