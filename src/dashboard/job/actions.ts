/** Carries out the forms of a job's page. Each redirects to a page that shows the result. */

import type { Context } from "hono";
import { controlled } from "../../documents/controls.ts";
import { Refusal } from "../../documents/refusal.ts";
import { placePath, placesIn } from "../../explain/elsewhere.ts";
import { isPlaceholder } from "../../explain/sample_event.ts";
import { CONTROL_NAMES, type ControlName, type StateControl } from "../../core/controls.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { parseJson } from "../../documents/json_document.ts";
import type { Problem } from "../../http/problems/problem.ts";
import { requestOrigin } from "../../http/requests/request.ts";
import { jobIdParameter } from "../../http/routes/jobs.ts";
import { sizeFor } from "../../http/guard/admission_gate.ts";
import { carryOut, filledField, refusalText } from "../form.tsx";
import { jsonPlaceText } from "../schema_form/form_texts.ts";
import { jobPagePath } from "../parts/links.tsx";
import { ONCE } from "../parts/action_form.tsx";
import type { RefusedEvent } from "./reading.ts";
import type { Route } from "../../http/route.ts";
import { sendEvent } from "../event_form.ts";
import { isObject } from "../../documents/fields.ts";

/** Applies a control; to leave a job as it is, the form cancels it with `leave`. */
async function actOnJob(c: Context, deps: HttpDeps, control: ControlName): Promise<Response> {
  const jobId = jobIdParameter(c);
  return await carryOut(c, deps, {
    home: jobPagePath(jobId),
    async act(form) {
      const before = deps.engine.job(jobId);
      if (before !== undefined) await deps.admission.enter(sizeFor(before));
      const origin = requestOrigin(c, deps.spans);
      const job = await controlled(deps.engine, jobId, control, controlBody(control, form), origin);
      if (control !== "retry") return { text: doneText(control, job) };
      const from = filledField(form, "from");
      const where = from === undefined ? "" : ` from task ${from}`;
      return { path: jobPagePath(job.jobId), text: `This job retries job ${jobId}${where}.` };
    },
  });
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

/**
 * @param again Shows the page again with a refused event, so nothing typed is lost.
 */
export async function takeEvent(
  c: Context,
  deps: HttpDeps,
  again: (refused: RefusedEvent) => Promise<Response>,
): Promise<Response> {
  const jobId = jobIdParameter(c);
  const typed = (form: URLSearchParams) => form.get("event") ?? "";
  return await carryOut(c, deps, {
    home: jobPagePath(jobId),
    async act(form) {
      const document = parseJson(typed(form));
      requireFilledIn(document);
      return await sendEvent(c, deps, document, form.get(ONCE), typed(form));
    },
    again: (form, problem) =>
      again({
        expectation: form.get("expectation") ?? "",
        text: typed(form),
        reason: eventFlaw(typed(form), problem),
      }),
  });
}

function eventFlaw(text: string, problem: Problem): string {
  const { position } = problem.members;
  return position === undefined
    ? refusalText(problem)
    : `The event is not JSON: ${jsonPlaceText(text, position)}.`;
}

/** @throws {Problem} if the event still has a value that the sample leaves open. */
function requireFilledIn(document: JsonValue): void {
  const attributes = isObject(document) ? document["attributes"] : undefined;
  if (!isObject(attributes)) return;
  const open = placesIn(attributes).find(({ value }) => isPlaceholder(value));
  if (open === undefined) return;
  const detail = `Fill in ${
    placePath(open)
  } first: the job's plan does not say which value it needs`;
  throw new Refusal("invalid-request", detail);
}

export const JOB_ACTION_ROUTES: readonly Route[] = CONTROL_NAMES.map((control) => ({
  method: "POST",
  path: `/ui/jobs/:id/${control}`,
  scope: "operate",
  handle: (c, deps) => actOnJob(c, deps, control),
}));
