/** Carries out the forms of the jobs screen, on one job or on all that match. */

import type { Context } from "hono";
import * as v from "valibot";
import { controlled } from "../../documents/controls.ts";
import { invalidRequest, Refusal } from "../../documents/refusal.ts";
import { BULK_CONTROLS, type BulkControl, CONTROLS } from "../../core/controls.ts";
import type { JobId } from "../../core/ids.ts";
import { type JsonObject, present } from "../../core/json.ts";
import type { Origin } from "../../core/trace_ids.ts";
import {
  BULK_MAX,
  type BulkDone,
  type BulkReport,
  type BulkRequest,
  runBulk,
} from "../../http/routes/bulk_action.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { unknownJob } from "../../documents/engine_refusal.ts";
import { jobIdField, parseWholeNumber } from "../../documents/fields.ts";
import { problemFacts, STATUS } from "../../http/responses/problem.ts";
import { requestOrigin } from "../../http/requests/request.ts";
import { emptyResponse } from "../../http/responses/response.ts";
import { parseBulkRequest } from "../../http/routes/bulk.ts";
import { filledField, readForm, safeReturnPath } from "../form.tsx";
import { page } from "../page.tsx";
import { HiddenFields } from "../parts/forms.tsx";
import { counted, countText } from "../../core/counted.ts";
import { JobsAddress } from "./address.ts";
import { PAGE_JOBS } from "./list.ts";
import type { JobCount } from "../../engine/job_pages.ts";
import { JobLink, JOBS_PATH } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";

interface BulkResultProps {
  readonly request: BulkRequest;
  readonly report: BulkReport;
  /** The path of the jobs screen with its current filters. */
  readonly returnTo: string;
}

const LINKS_MAX = 20;

/** The result of an action on many jobs: jobs done, jobs skipped and why, and jobs left. */
function BulkResult({ request, report, returnTo }: BulkResultProps) {
  const { done, skipped, stopped } = report;
  return (
    <section class="column bulk">
      <h1>{CONTROLS[request.action].done} {counted(done.length, "job")}</h1>
      {stopped !== undefined && (
        <p class="note note-bad" role="alert">
          Stopped early: {stopped.message}
        </p>
      )}
      <JobLinks jobs={done} />
      {[...skipped].map(([reason, jobIds]) => (
        <>
          <h2>
            Skipped {counted(jobIds.length, "job")}: <UserText text={reason} lengthMax={300} />
          </h2>
          <JobLinks jobs={jobIds.map((jobId) => ({ jobId }))} />
        </>
      ))}
      <Left request={request} report={report} returnTo={returnTo} />
      <p>
        <a class="button" href={returnTo}>Back to the jobs</a>
      </p>
    </section>
  );
}

/** The first of the jobs, and how many more there are. */
function JobLinks({ jobs }: { readonly jobs: readonly BulkDone[] }) {
  if (jobs.length === 0) return null;
  const more = jobs.length - LINKS_MAX;
  return (
    <ul class="bare bulk-links">
      {jobs.slice(0, LINKS_MAX).map(({ jobId, newJobId }) => (
        <li>
          <JobLink jobId={jobId} />
          {newJobId !== undefined && (
            <>
              {" "}as <JobLink jobId={newJobId} />
            </>
          )}
        </li>
      ))}
      {more > 0 && <li class="soft">and {counted(more, "more", "more")}</li>}
    </ul>
  );
}

/** Continuing uses the same filter, up to the same position. */
function Left({ request, report: { left, next }, returnTo }: BulkResultProps) {
  if (next === undefined || (left.jobs === 0 && left.searched === undefined)) return null;
  const { label } = CONTROLS[request.action];
  const fields = {
    return: returnTo,
    action: request.action,
    upTo: request.upTo,
    before: next,
    confirm: "yes",
    again: request.again ? "yes" : undefined,
    reason: request.reason,
  };
  return (
    <form method="post" action={JOBS_PATH} class="stack">
      <HiddenFields fields={fields} />
      <p>{leftText(left)}</p>
      <button type="submit" class="primary">
        {label} {left.jobs > BULK_MAX ? `the next ${countText(BULK_MAX)}` : "them"}
      </button>
    </form>
  );
}

function leftText({ jobs, searched }: JobCount): string {
  if (jobs === 0) return "Older jobs were not examined yet.";
  const atLeast = searched === undefined ? "" : "at least ";
  return `Of those that match, ${atLeast}${countText(jobs)} ${jobs === 1 ? "is" : "are"} left.`;
}

export async function actOnJobs(c: Context, deps: HttpDeps): Promise<Response> {
  const form = await readForm(c.req.raw, deps.bodies);
  const action = actionIn(form);
  if (CONTROLS[action].confirm && form.get("confirm") !== "yes") {
    throw invalidRequest([{
      pointer: "/confirm",
      detail: "must be ticked: this cannot be undone",
    }]);
  }
  return form.has("job") || form.has("ticked")
    ? await actOnTicked(c, deps, action, form)
    : await actOnAll(c, deps, action, form);
}

/** One job, or the ticked ones; each is checked separately. */
async function actOnTicked(
  c: Context,
  deps: HttpDeps,
  action: BulkControl,
  form: URLSearchParams,
): Promise<Response> {
  const jobIds = form.getAll("job").slice(0, PAGE_JOBS).map(jobIdIn);
  const origin = requestOrigin(c, deps.spans);
  const results: ActionResult[] = [];
  for (const jobId of jobIds) results.push(await actOnOne(deps, action, jobId, origin));
  const { text, isBad } = summedUp(action, results);
  const tone = isBad ? "bad" : "good";
  const location = deps.notes.pathWith(safeReturnPath(form.get("return")), text, tone);
  return emptyResponse(STATUS.seeOther, { location });
}

interface ActionResult {
  readonly text: string;
  readonly isBad: boolean;
}

function summedUp(action: BulkControl, results: readonly ActionResult[]): ActionResult {
  const [first] = results;
  if (first === undefined) return { text: "Tick the jobs first.", isBad: true };
  if (results.length === 1) return first;
  const refused = results.filter(({ isBad }) => isBad);
  const done = `${CONTROLS[action].done} ${counted(results.length - refused.length, "job")}.`;
  return { text: [done, ...refused.map(({ text }) => text)].join(" "), isBad: refused.length > 0 };
}

/** The result of each job: what was done, or why not. */
async function actOnOne(
  { engine }: HttpDeps,
  action: BulkControl,
  jobId: JobId,
  origin: Origin | undefined,
): Promise<ActionResult> {
  try {
    const job = await controlled(engine, jobId, action, {}, origin);
    const what = job.jobId === jobId ? "" : ` as ${job.jobId}`;
    return { text: `${CONTROLS[action].done} ${jobId}${what}.`, isBad: false };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { text: `${error.message}.`, isBad: true };
  }
}

async function actOnAll(
  c: Context,
  deps: HttpDeps,
  action: BulkControl,
  form: URLSearchParams,
): Promise<Response> {
  const returnTo = safeReturnPath(form.get("return"));
  const origin = requestOrigin(c, deps.spans);
  const request = parseBulkRequest(bulkBody(action, form, returnTo), deps, origin);
  const report = await runBulk(deps.engine, request, deps.admission);
  const status = report.stopped === undefined
    ? STATUS.ok
    : problemFacts(report.stopped.kind).status;
  return page(c, deps, {
    title: CONTROLS[action].done,
    screen: "jobs",
    styles: ["jobs.css"],
    status,
    body: <BulkResult request={request} report={report} returnTo={returnTo} />,
  });
}

/** The body for `POST /jobs/bulk`, with the filters of the page that the form was on. */
function bulkBody(action: BulkControl, form: URLSearchParams, returnTo: string): JsonObject {
  const { searchParams } = new URL(returnTo, "http://daybook.invalid");
  const before = filledField(form, "before");
  const reason = filledField(form, "reason");
  return {
    action,
    filter: JobsAddress.of(searchParams).filterBody(),
    // Only for jobs that existed when the page was shown.
    upTo: parseWholeNumber(form.get("upTo") ?? "") ?? null,
    again: form.get("again") === "yes",
    ...present({ before: before && (parseWholeNumber(before) ?? null), reason }),
  };
}

function actionIn(form: URLSearchParams): BulkControl {
  const action = BULK_CONTROLS.find((known) => known === form.get("action"));
  if (action !== undefined) return action;
  const detail = `must be one of ${BULK_CONTROLS.join(", ")}`;
  throw invalidRequest([{ pointer: "/action", detail }]);
}

function jobIdIn(jobId: string): JobId {
  if (v.is(jobIdField, jobId)) return jobId;
  throw unknownJob(jobId);
}
