/** Events from forms, and what each did; `/ui/system/event` has a form for any event. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { createHash } from "node:crypto";
import { Needs } from "../parts/viewing.tsx";
import type { EventId, LogId } from "../../core/ids.ts";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { carryOut, type Done, formRefusal } from "../form.tsx";
import { NOTE_PARAMETER, NoteLine, page } from "../page.tsx";
import { curlCommands } from "../parts/curl.tsx";
import { issuesAt, ONCE, OnceField } from "../parts/forms.tsx";
import { UserText } from "../parts/text.tsx";
import { type SchemaForm, toForm } from "../schema_form/field.ts";
import { type FormTexts, formTexts, inputName, parseForm } from "../schema_form/form_texts.ts";
import { SchemaFields, type SchemaFieldsProps } from "../schema_form/schema_fields.tsx";
import { deliverOne, incomingEvent, judgeEvent } from "../../documents/events.ts";
import { withinLazy } from "../../documents/fields.ts";
import { single, wholeNumber } from "../../documents/parameters.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import { type Receipt, type ReceiptJob, whyRecorded, withOrigin } from "../../engine/requests.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { schemaObject } from "../../http/openapi/json_schema.ts";
import type { NoteTone } from "../../http/responses/notes.ts";
import type { Problem } from "../../http/responses/problem.ts";
import { readQuery, refuseQuery, requestOrigin } from "../../http/requests/request.ts";
import type { Route } from "../../http/routing/route.ts";

const PATH = "/ui/system/event";

/** What `OUTSIDE_JOB` waits for. */
export const SAMPLE_EVENT = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };
const FORM = withExamples(
  toForm(schemaObject(withinLazy(incomingEvent), {}), "event"),
  SAMPLE_EVENT,
);
/** What a form repeats of a recorded event; its copy is another event. */
const REPEATED: readonly string[] = ["eventType", "attributes", "jobId", "taskId"];
const REPEATED_FORM = {
  ...FORM,
  fields: FORM.fields.filter(({ name }) => REPEATED.includes(name)),
};
const PARAMETERS = {
  ...NOTE_PARAMETER,
  like: single(wholeNumber(1, Number.MAX_SAFE_INTEGER), "The entry of an event to send again."),
};

/** Only placeholders, since what is sent is recorded permanently. */
function withExamples(form: SchemaForm, examples: JsonObject): SchemaForm {
  const fields = form.fields.map((field) => ({ ...field, example: examples[field.name] }));
  return { ...form, fields };
}

export const EVENT_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: show },
  { method: "POST", path: PATH, scope: "submit", handle: send },
];

async function show(c: Context, deps: HttpDeps): Promise<Response> {
  const { like } = readQuery(c.req.raw, PARAMETERS);
  const [entry] = like === undefined ? [] : await deps.engine.entries(like - 1, 1);
  const isEvent = entry !== undefined && entry.stratum !== "framework";
  return eventPage(
    c,
    deps,
    formTexts(REPEATED_FORM, isEvent ? entry as unknown as JsonObject : {}),
  );
}

/**
 * The page shows the receipt, with the form of an event that changed nothing; or the form again,
 * with everything typed.
 */
async function send(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  return await carryOut(c, deps, {
    async act(form) {
      const { value = {}, issues } = parseForm(FORM, new Map(form));
      if (issues.length > 0) throw invalidRequest(issues);
      const { logId, ...done } = await sendEvent(c, deps, value, form.get(ONCE));
      return { ...done, path: done.tone === "warning" ? `${PATH}?like=${logId}` : PATH };
    },
    again: (form, problem) => eventPage(c, deps, new Map(form), problem),
  });
}

function eventPage(c: Context, deps: HttpDeps, texts: FormTexts, problem?: Problem): Response {
  const { value } = parseForm(FORM, texts);
  return page(c, deps, {
    title: "Send an event",
    screen: "system",
    styles: ["system.css"],
    calls: [{
      label: "Send the event",
      command: curlCommands(c, deps).post(
        "/events",
        isObject(value) && Object.keys(value).length > 0 ? value : SAMPLE_EVENT,
      ),
    }],
    problem,
    body: <EventPage note={<NoteLine c={c} deps={deps} />} texts={texts} problem={problem} />,
  });
}

/** The fields of most events; the others are folded. */
const USUAL: readonly string[] = ["eventType", "attributes", "jobId"];

function EventFields({ texts, issues }: Omit<SchemaFieldsProps, "form">) {
  const [usual = [], others = []] = [true, false].map((isUsual) =>
    FORM.fields.filter(({ name }) => USUAL.includes(name) === isUsual)
  );
  const ofOthers = others.flatMap(({ pointer }) => issuesAt(issues, pointer));
  const ofUsual = issues.filter((issue) => !ofOthers.includes(issue));
  const isUsed = ofOthers.length > 0 ||
    others.some((one) => (texts.get(inputName(one)) ?? "") !== "");
  return (
    <>
      <SchemaFields form={{ ...FORM, fields: usual }} texts={texts} issues={ofUsual} />
      <details class="folded options" open={isUsed}>
        <summary>More: event id, time, trace ids</summary>
        <div class="options-grid">
          <SchemaFields form={{ ...FORM, fields: others }} texts={texts} issues={ofOthers} />
        </div>
      </details>
    </>
  );
}

interface EventPageProps {
  /** The receipt of the last event. */
  readonly note: Child;
  readonly texts: FormTexts;
  readonly problem: Problem | undefined;
}

/** The form that sends an event by hand. */
function EventPage({ note, texts, problem }: EventPageProps) {
  const refusal = problem && formRefusal(problem);
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
        <form method="post" action={PATH} class="form" id="send">
          <OnceField value={texts.get(ONCE)} />
          {refusal !== undefined && (
            <p class="note note-bad" role="alert">
              <UserText text={refusal.message} lengthMax={500} />
            </p>
          )}
          <EventFields texts={texts} issues={refusal?.issues ?? []} />
          <Needs scope="submit" what="sending events">
            <p class="row">
              <button type="submit" class="primary">Send the event</button>
            </p>
          </Needs>
        </form>
      </section>
    </>
  );
}

interface Sent extends Done {
  readonly tone: NoteTone;
  /** The entry of the event. */
  readonly logId: LogId | undefined;
}

/**
 * Delivers an event. Without an id of its own, the same content from the same form is the same
 * event; other content is another event.
 *
 * @param once The random value that the form was created with.
 * @param content The document as typed, if its form has one field for all of it.
 * @throws {Problem} if the event is refused.
 */
export async function sendEvent(
  c: Context,
  { engine, spans }: HttpDeps,
  document: JsonValue,
  once: string | null,
  content = JSON.stringify(document),
): Promise<Sent> {
  const judged = judgeEvent(document);
  if (!judged.valid) throw invalidRequest(judged.errors);
  const event = { eventId: onceOnly(once ?? "", content), ...judged.event };
  const receipt = await deliverOne(engine, withOrigin(event, requestOrigin(c, spans) ?? {}));
  // The receipt of an id with other content says why it changes nothing.
  return { text: receiptText(receipt), tone: toneOf(receipt), logId: receipt.logId };
}

function toneOf({ disposition, reason }: Receipt): NoteTone {
  if (disposition === "recorded") return "warning";
  return disposition === "duplicate" && reason !== undefined ? "bad" : "good";
}

function onceOnly(once: string, content: string): EventId {
  const digest = createHash("sha256").update(`${once}\n${content}`).digest("base64url");
  return `evt_form_${digest.slice(0, 24)}` as EventId;
}

const JOBS_MAX = 3;

function receiptText(receipt: Receipt): string {
  const { disposition, eventId, logId, reason, nearest } = receipt;
  const at = logId === undefined ? "" : ` as entry ${logId}`;
  const why = reason === undefined ? "" : `: ${whyRecorded(reason)}`;
  switch (disposition) {
    case "matched":
      return `Event ${eventId} is recorded${at}. ${jobsText(receipt)}`;
    case "duplicate":
      return `Event ${eventId} was already recorded${at}, and changes nothing.`;
    case "recorded": {
      const near = nearest === undefined || why.includes(nearest.reason)
        ? ""
        : ` The nearest is job ${nearest.jobId}: ${nearest.reason}.`;
      return `Event ${eventId} is recorded${at}, and matched nothing${why}. ${
        jobsText(receipt)
      }${near}`;
    }
    case "rejected":
      throw new TypeError("Cannot show the receipt: the event was refused");
  }
}

function jobsText({ jobs, more = 0 }: Pick<Receipt, "jobs" | "more">): string {
  const shown = jobs.slice(0, JOBS_MAX).map(jobText);
  const hidden = jobs.length - shown.length + more;
  const others = hidden > 0 ? [`${hidden} more ${hidden === 1 ? "is" : "are"} not listed.`] : [];
  return [...shown, ...others].join(" ");
}

function jobText({ jobId, state, expectation, matched, required, reason }: ReceiptJob): string {
  const why = reason === undefined ? "" : `: ${reason}`;
  return expectation === undefined
    ? `It reached job ${jobId}, which is ${state}${why}.`
    : `It counted for "${expectation}" of job ${jobId}, ${matched ?? 0} of ${required ?? 0}${why}${
      state === "Running" ? "" : `; the job is ${state}`
    }.`;
}
