/** `/ui/system/event`: an event from outside, and its receipt. */

import { randomBytes } from "node:crypto";
import type { Context } from "hono";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { incomingEvent, judgeEvent } from "../../http/requests/event_schema.ts";
import { isObject } from "../../http/requests/fields.ts";
import { schemaObject, withinLazy } from "../../http/openapi/json_schema.ts";
import { invalidRequest, type Problem, problemFacts, STATUS } from "../../http/problems/problem.ts";
import { readQuery, refuseQuery } from "../../http/requests/query.ts";
import { deliver } from "../../http/answers/receipts.ts";
import { emptyResponse } from "../../http/answers/response.ts";
import { viewerOf } from "../../http/guard/viewer.ts";
import { readForm } from "../form.ts";
import { onceOnly } from "../once_only.ts";
import { page } from "../page.tsx";
import { NOTE_PARAMETER, NoteLine } from "../parts/note_line.tsx";
import { receiptText } from "../receipt_text.ts";
import { formOf } from "../schema_form/field.ts";
import { type FormTexts, textsOf } from "../schema_form/field_texts.ts";
import { inputOf } from "../schema_form/form_input.ts";
import { commandsOf } from "../commands.ts";
import { EventPage } from "../system/event_page.tsx";
import { refusalIn, refusalOf } from "./submit.tsx";
import type { Route } from "../../http/route.ts";

const PATH = "/ui/system/event";
/** The same form sent twice is one event. */
const ONCE = "once";

const FORM = formOf(schemaObject(withinLazy(incomingEvent), {}), "event");
const SAMPLE: JsonValue = { eventType: "shop.ParcelShipped", attributes: { orderId: "42" } };

export const EVENT_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: show },
  { method: "POST", path: PATH, scope: "submit", handle: send },
];

function show(c: Context, deps: HttpDeps): Response {
  readQuery(c.req.raw, NOTE_PARAMETER);
  return eventPage(c, deps, textsOf(FORM, SAMPLE));
}

/** Back to the page, which shows the receipt; or the form again, with all that was typed. */
async function send(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  const texts: FormTexts = new Map(await readForm(c.req.raw, deps.bodies));
  try {
    const { value, issues } = inputOf(FORM, texts);
    if (issues.length > 0) throw invalidRequest(issues);
    const judged = judgeEvent(withEventId(value, texts.get(ONCE)));
    const [receipt] = await deliver(deps.engine, { single: true, items: [judged] });
    if (receipt === undefined || receipt.disposition === "rejected" && "errors" in receipt) {
      throw new TypeError("Cannot show the receipt: the only event of a request has none");
    }
    const { disposition, reason } = receipt;
    // The same id with other content says why it changes nothing.
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
  const { value } = inputOf(FORM, texts);
  return page(
    c,
    deps,
    {
      title: "Send an event",
      screen: "system",
      styles: ["system.css"],
      calls: [{
        label: "Send the event",
        command: commandsOf(c, deps).post("/events", isObject(value) ? value : {}),
      }],
      ...(problem === undefined
        ? {}
        : { status: problemFacts(problem.kind).status, headers: problem.headers }),
    },
    <EventPage
      action={PATH}
      note={<NoteLine c={c} deps={deps} />}
      form={FORM}
      texts={texts}
      once={{ name: ONCE, value: texts.get(ONCE) ?? randomBytes(12).toString("base64url") }}
      refusal={problem === undefined ? undefined : refusalOf(problem)}
      maySubmit={viewerOf(c.req.raw).scopes.includes("submit")}
    />,
  );
}
