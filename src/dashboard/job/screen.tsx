/** `/ui/jobs/:id`: one job, its explanation, and its controls. */

import type { Context } from "hono";
import { withDistances } from "../../core/duration.ts";
import { ID_PATTERN, ID_RULE, type JobId } from "../../core/ids.ts";
import { shortText } from "../../core/shown_value.ts";
import { lookingBack } from "../../http/capacity/limits.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { problemFacts } from "../../http/responses/problem.ts";
import { readQuery } from "../../http/requests/request.ts";
import { jobPath } from "../../documents/jobs.ts";
import { choice, type Query, single, wholeNumber } from "../../documents/parameters.ts";
import { requestViewer } from "../../http/requests/viewer.ts";
import { JobAttempts } from "./timeline_tables.tsx";
import { CONTROL_ROUTES, controlCalls, JobControls } from "./controls.tsx";
import { JobData, JobFailure } from "./outcome.tsx";
import { JobEntries, JobLog } from "./entries.tsx";
import { entryPaths, type JobScreenState, ORDERS, readEntryPage, readJob } from "./reading.ts";
import { JobExpectations } from "./expectations.tsx";
import { JobExplanation } from "./explanation.tsx";
import { JobHead } from "./head.tsx";
import { drawingTimeline } from "./drawing.ts";
import { SCALES, usualScale } from "./time_scale.ts";
import { JobTimeline } from "./timeline_figure.tsx";
import { NOTE_PARAMETER, NoteLine, page, withoutNote } from "../page.tsx";
import { type Call, curlCommands } from "../parts/curl.tsx";
import type { RefusedForm } from "../form.tsx";
import { jobPagePath, JOBS_PATH } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import type { Route } from "../../http/routing/route.ts";
import { eventCalls, takeEvent } from "./waits.tsx";

export const JOB_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: `${JOBS_PATH}/:id`, scope: "read", handle: (c, deps) => showJob(c, deps) },
  {
    method: "POST",
    path: `${JOBS_PATH}/:id/event`,
    scope: "submit",
    handle: (c, deps) => takeEvent(c, deps, (refused) => showJob(c, deps, refused)),
  },
  ...CONTROL_ROUTES,
];

const JOB_PARAMETERS = {
  ...NOTE_PARAMETER,
  entry: single(wholeNumber(1, Number.MAX_SAFE_INTEGER), "An entry to show."),
  order: single(choice(ORDERS), "The order of the entries."),
  scale: single(choice(SCALES), "The scale of the timeline. Default: to scale if tasks overlap."),
  tasks: single(wholeNumber(1, 1_000_000), "The page of tasks."),
  page: single(wholeNumber(1, 1_000_000), "The page of entries, counted from the oldest."),
};

/** @param refused A form that was refused: what was typed and its errors are shown again. */
async function showJob(c: Context, deps: HttpDeps, refused?: RefusedForm): Promise<Response> {
  const id = c.req.param("id") ?? "";
  const query: Partial<Query<typeof JOB_PARAMETERS>> = refused === undefined
    ? readQuery(c.req.raw, JOB_PARAMETERS)
    : {};
  const { entry: wanted, order = "oldest", page: number, scale: given, tasks: tasksPage = 1 } =
    query;
  const { scopes } = requestViewer(c);
  return await lookingBack(deps, async (holding) => {
    const options = { mayUnseal: scopes.includes("operate"), wanted };
    const reading = ID_PATTERN.test(id)
      ? await readJob(deps, id as JobId, options, holding)
      : undefined;
    if (reading === undefined) return unknownJob(c, deps);
    const page = await readEntryPage(deps, reading.outlined.logIds, { order, number, wanted });
    await deps.admission.enter("large");
    const { timeline } = reading;
    const scale = given ?? usualScale(timeline);
    const drawing = await deps.admission.inSlices(drawingTimeline(timeline, scale, tasksPage));
    await deps.admission.enterAgain();
    return jobPage(c, deps, {
      ...reading,
      page,
      pathOf: entryPaths(page, reading),
      scale,
      drawing,
      tasksPage,
      returnTo: refused === undefined ? withoutNote(c.req.url) : jobPagePath(id),
      may: (scope) => scopes.includes(scope),
      curl: curlCommands(c, deps),
      exportCommand: deps.system?.exportCommand(reading.job.jobId),
      refused,
    });
  });
}

const TITLE_LENGTH_MAX = 60;

function jobPage(c: Context, deps: HttpDeps, state: JobScreenState): Response {
  const { job, explanation, refused } = state;
  const name = shortText(job.type ?? "plan", TITLE_LENGTH_MAX);
  return page(c, deps, {
    title: `${name} ${explanation.condition}: ${job.jobId}`,
    screen: "jobs",
    styles: ["job.css"],
    scripts: ["job.js"],
    calls: jobCalls(state),
    live: refused === undefined ? job.jobId : undefined,
    status: refused && problemFacts("invalid-request").status,
    body: (
      <>
        <NoteLine c={c} deps={deps} />
        <JobHead state={state} />
        <JobControls state={state} />
        <JobExplanation state={state} />
        <JobFailure state={state} />
        <JobTimeline state={state} />
        <JobAttempts state={state} />
        <JobExpectations state={state} />
        <JobLog state={state} />
        <JobData state={state} />
        <JobEntries state={state} />
      </>
    ),
  });
}

function unknownJob(c: Context, deps: HttpDeps): Response {
  const { status, title } = problemFacts("unknown-job");
  const id = c.req.param("id") ?? "";
  const calls = [{
    label: "The newest jobs",
    command: curlCommands(c, deps).get("/jobs?limit=20"),
  }];
  return page(c, deps, { title, status, screen: "jobs", calls, body: <UnknownJob id={id} /> });
}

/** The curl calls for the data and the actions of a job's page. */
function jobCalls(state: JobScreenState): readonly Call[] {
  const { job, curl, outlined, exportCommand } = state;
  const path = jobPath(job.jobId);
  const isSealed = job.sealed !== undefined && outlined.inputRemoved === undefined;
  return [
    { label: "This job", command: curl.get(path) },
    ...isSealed ? [{ label: "Its input", command: curl.get(`${path}/input`) }] : [],
    ...state.may("operate") ? controlCalls(state) : [],
    ...state.may("submit") ? eventCalls(state) : [],
    ...furtherCalls(state),
    ...exportCommand === undefined ? [] : [{
      label: "Export the job to a file, with what its explanation cites",
      command: exportCommand,
    }],
  ];
}

/** Calls for advised actions that apply to other jobs. */
function furtherCalls({ job, curl, explanation, nowMs }: JobScreenState): readonly Call[] {
  return explanation.next.flatMap(({ statement, action }) => {
    const isKnown = action === undefined || action.path === "/events" ||
      action.path.startsWith(`${jobPath(job.jobId)}/`);
    return isKnown ? [] : [{ label: withDistances(statement, nowMs), command: curl.of(action) }];
  });
}

const SHOWN_MAX = 150;

/** The page for a job that does not exist. */
function UnknownJob({ id }: { readonly id: string }) {
  const isLegal = ID_PATTERN.test(id);
  return (
    <section class="narrow">
      <h1>There is no such job</h1>
      <p class="lead">
        No job in this journal has the id{" "}
        <span class="id">
          <UserText text={id} lengthMax={SHOWN_MAX} />
        </span>
        .
      </p>
      <p>
        {isLegal
          ? "Was the id cut off when it was copied, or is the job in the journal of another server? You can search for a part of the id."
          : `This is not a valid job id: ids are ${ID_RULE}.`}
      </p>
      <form method="get" action={JOBS_PATH} class="stack" role="search">
        <label for="search">Search for jobs by id, type, label or error</label>
        <input
          id="search"
          name="search"
          type="search"
          value={isLegal ? id : ""}
          maxlength={200}
          dir="ltr"
        />
        <button type="submit" class="primary">Search</button>
      </form>
      <p>
        <a href={JOBS_PATH}>All jobs</a>
      </p>
    </section>
  );
}
