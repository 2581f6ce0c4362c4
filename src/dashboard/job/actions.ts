/** Carries out the forms of a job's page. Each redirects to a page that shows the result. */

import { controlled } from "../../documents/controls.ts";
import { invalidRequest, Refusal } from "../../documents/refusal.ts";
import { placePath, placesIn } from "../../explain/elsewhere.ts";
import { isPlaceholder } from "../../explain/sample_event.ts";
import type { Context } from "hono";
import { CONTROL_NAMES, type ControlName, type StateControl } from "../../core/controls.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonObject } from "../../core/json.ts";
import { type IncomingEvent, withOrigin } from "../../engine/requests.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { judgeEvent } from "../../documents/events.ts";
import { parseJson } from "../../documents/json_document.ts";
import { type Problem, STATUS } from "../../http/problems/problem.ts";
import { requestOrigin } from "../../http/requests/request.ts";
import { emptyResponse } from "../../http/answers/response.ts";
import { jobIdParameter } from "../../http/routes/jobs.ts";
import { sizeFor } from "../../http/guard/admission_gate.ts";
import { filledField, onceOnly, readForm, safeReturnPath } from "../form.tsx";
import { jsonPlaceText } from "../schema_form/form_texts.ts";
import { jobPagePath } from "../parts/links.tsx";
import { receiptText } from "../receipt_text.ts";
import type { RefusedEvent } from "./reading.ts";
import type { Route } from "../../http/route.ts";

/**
 * Applies a control to the job and redirects back; to leave a job as it is, the form cancels it
 * with `leave`.
 */
async function actOnJob(
  c: Context,
  deps: HttpDeps,
  control: ControlName,
): Promise<Response> {
  const jobId = jobIdParameter(c);
  const form = await readForm(c.req.raw, deps.bodies);
  const back = safeReturnPath(form.get("return") ?? jobPagePath(jobId));
  const before = deps.engine.job(jobId);
  if (before !== undefined) await deps.admission.enter(sizeFor(before));
  try {
    const origin = requestOrigin(c, deps.spans);
    const job = await controlled(deps.engine, jobId, control, controlBody(control, form), origin);
    if (control !== "retry") return backTo(deps, back, doneText(control, job));
    const from = filledField(form, "from");
    const where = from === undefined ? "" : ` from task ${from}`;
    return backTo(deps, jobPagePath(job.jobId), `This job retries job ${jobId}${where}.`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return backTo(deps, back, problemDetail(error), true);
  }
}

/** The body that the route of the control takes, from the fields that are filled in. */
function controlBody(control: ControlName, form: URLSearchParams): JsonObject {
  const fields = control === "retry" ? ["from"] : ["reason"];
  const given = fields.map((name) => [name, filledField(form, name)])
    .filter(([, value]) => value !== undefined);
  const leave = control === "cancel" && form.get("leave") === "true";
  const again = control === "retry" && form.get("again") === "true";
  return { ...Object.fromEntries(given), ...(leave ? { leave } : {}), ...(again ? { again } : {}) };
}

function doneText(control: StateControl, job: JobState): string {
  switch (control) {
    case "start":
      return "The job was started.";
    case "wake":
      return "Tasks that were backing off are tried again now; a sleep or a wait until a time has ended.";
    case "suspend":
      return "The job is suspended: running attempts finish, no new one starts, and events " +
        "still count.";
    case "resume":
      return "The job continues.";
    case "cancel":
      return cancelledText(job);
  }
}

function cancelledText(job: JobState): string {
  if (job.state !== "Compensating") return "The job was cancelled.";
  if (job.parked !== undefined) {
    return "The job was cancelled. It is parked: completed steps are undone once matching code " +
      "is loaded.";
  }
  return job.suspendedBy === undefined
    ? "The job was cancelled: completed steps are being undone."
    : "The job was cancelled. It is suspended: completed steps are undone when it is resumed.";
}

function backTo(deps: HttpDeps, path: string, text: string, isBad = false): Response {
  return emptyResponse(STATUS.seeOther, { location: deps.notes.pathWith(path, text, isBad) });
}

/** The message of a problem, with each issue and its place. */
function problemDetail({ message, members }: Problem): string {
  const issues = (members.errors ?? []).map((issue) =>
    "pointer" in issue && issue.pointer !== "" ? `${issue.pointer} ${issue.detail}` : issue.detail
  );
  return issues.length === 0 ? `${message}.` : `${message}: ${issues.join("; ")}.`;
}

/** A refused event is shown again on the same page, so nothing typed is lost. */
type Sent = { readonly response: Response } | { readonly refused: RefusedEvent };

export async function sendEvent(c: Context, deps: HttpDeps): Promise<Sent> {
  const jobId = jobIdParameter(c);
  const form = await readForm(c.req.raw, deps.bodies);
  const text = form.get("event") ?? "";
  const back = safeReturnPath(form.get("return") ?? jobPagePath(jobId));
  try {
    const event = parseEvent(text, form.get("once") ?? "");
    const open = placesIn(event.attributes ?? {}).find(({ value }) => isPlaceholder(value));
    if (open !== undefined) return { refused: refusal(form, text, unfilled(placePath(open))) };
    const origin = requestOrigin(c, deps.spans) ?? {};
    const [receipt] = await deps.engine.deliver([withOrigin(event, origin)]);
    if (receipt === undefined) throw new TypeError("Cannot answer: there is no receipt");
    if (receipt.disposition === "rejected") {
      return { refused: refusal(form, text, receiptText(receipt)) };
    }
    return { response: backTo(deps, back, receiptText(receipt)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: refusal(form, text, eventFlaw(text, error)) };
  }
}

function eventFlaw(text: string, problem: Problem): string {
  const { position } = problem.members;
  return position === undefined
    ? problemDetail(problem)
    : `The event is not JSON: ${jsonPlaceText(text, position)}.`;
}

function unfilled(path: string): string {
  return `Fill in ${path} first: the job's plan does not say which value it needs.`;
}

function refusal(form: URLSearchParams, text: string, reason: string): RefusedEvent {
  return { expectation: form.get("expectation") ?? "", text, reason };
}

/**
 * @throws {Problem} if the text is not a valid event.
 */
function parseEvent(text: string, once: string): IncomingEvent {
  const judged = judgeEvent(parseJson(text));
  if (!judged.valid) throw invalidRequest(judged.errors);
  return { eventId: onceOnly(once, text), ...judged.event };
}

export const JOB_ACTION_ROUTES: readonly Route[] = CONTROL_NAMES.map((control) => ({
  method: "POST",
  path: `/ui/jobs/:id/${control}`,
  scope: "operate",
  handle: (c, deps) => actOnJob(c, deps, control),
}));
