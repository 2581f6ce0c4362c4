/** `/ui/jobs/:id/time`: a job as of each of its entries, and as it would have been. */

import type { Context } from "hono";
import { countText } from "../../core/counted.ts";
import { choice, type Query, single, wholeNumber } from "../../documents/parameters.ts";
import { hasCode, type JobState } from "../../core/job_state.ts";
import type { ReserveMemory } from "../../engine/entry_pages.ts";
import { sampleEvent } from "../../explain/open/requests_to_send.ts";
import { lookingBack } from "../../http/capacity/limits.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { jobPath } from "../../documents/jobs.ts";
import { toPlanDocument } from "../../documents/plan_schema.ts";
import { problemFacts, STATUS } from "../../http/responses/problem.ts";
import { readQuery } from "../../http/requests/request.ts";
import { requireJob } from "../../http/routes/jobs.ts";
import { DIFF_PARAMETERS, POINT_PARAMETERS } from "../../http/routes/replay.ts";
import { readForm } from "../form.tsx";
import { type Call, type Commands, curlCommands } from "../parts/curl.tsx";
import { page } from "../page.tsx";
import { JobLink, JOBS_PATH, type TimeQuery } from "../parts/links.tsx";
import { type Comparison, comparison, DifferenceSection } from "./changes.tsx";
import { EntryTable, Slider } from "./entry_table.tsx";
import { PointSection, type TimeView, timeView } from "./point_section.tsx";
import {
  EMPTY_WHAT_IF,
  leftOutEntries,
  runWhatIf,
  type WhatIfForm,
  whatIfForm,
  type WhatIfOutcome,
  WhatIfSection,
} from "./what_if.tsx";
import { WhatIfResult } from "./what_if_result.tsx";
import type { Route } from "../../http/routing/route.ts";

/** A longer plan is not put into the form. */
const PLAN_LENGTH_MAX = 16_000;

const PATH = `${JOBS_PATH}/:id/time`;

export const TIME_TRAVEL_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: showTime },
  // Like the what-if of the API, it records nothing.
  { method: "POST", path: PATH, by: "here", scope: "read", handle: showWhatIf },
];

const TIME_PARAMETERS = {
  ...POINT_PARAMETERS,
  from: single(DIFF_PARAMETERS.from.schema, "The first point of the comparison."),
  to: DIFF_PARAMETERS.to,
  step: single(
    wholeNumber(1, Number.MAX_SAFE_INTEGER),
    "The number of an entry of the job, from 1.",
  ),
  part: single(
    choice(["point"]),
    "Only the part of the page that a script replaces when the slider moves.",
  ),
};

type TimeParameters = Query<typeof TIME_PARAMETERS>;

async function showTime(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, TIME_PARAMETERS);
  return await lookingBack(deps, async ({ hold }) => {
    const shown = await readShown(c, deps, query, EMPTY_WHAT_IF, hold);
    await deps.admission.enter("large");
    return query.part === "point" ? pointPage(c, deps, shown) : timePage(c, deps, shown);
  });
}

/** The same page, with the answer to the what-if form. */
async function showWhatIf(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, TIME_PARAMETERS);
  const form = whatIfForm(await readForm(c.req.raw, deps.bodies));
  return await lookingBack(deps, async ({ hold }) => {
    const shown = await readShown(c, deps, query, form, hold);
    const { present } = shown.view;
    const plan = toPlanDocument(present);
    const outcome = await runWhatIf(deps.engine, present.jobId, form, plan, hold);
    await deps.admission.enter("large");
    return timePage(c, deps, shown, { form, outcome });
  });
}

/** The data for a path and its query. */
interface Shown {
  readonly view: TimeView;
  readonly query: TimeQuery;
  readonly compared: Comparison;
}

async function readShown(
  c: Context,
  deps: HttpDeps,
  query: TimeParameters,
  form: WhatIfForm,
  hold: ReserveMemory,
): Promise<Shown> {
  const { jobId, firstLogId } = requireJob(c, deps.engine);
  const { at, from, to, step } = query;
  const compared = await comparison(deps.engine, jobId, from?.point, to?.point, hold);
  const { difference } = compared;
  const ends = difference === undefined ? [firstLogId] : [difference.from, difference.to];
  const position = { point: at?.point, count: step };
  const view = await timeView(
    deps.engine,
    jobId,
    position,
    [...ends, ...leftOutEntries(form)],
    hold,
  );
  return {
    view,
    query: {
      at: at?.text ?? (step === undefined ? undefined : view.entry.logId),
      from: from?.text,
      to: to?.text,
    },
    compared,
  };
}

interface WhatIf {
  readonly form: WhatIfForm;
  readonly outcome?: WhatIfOutcome;
}

function timePage(c: Context, deps: HttpDeps, shown: Shown, whatIf?: WhatIf): Response {
  const { jobId } = shown.view.job;
  const isWrong = shown.compared.refusal !== undefined || (whatIf?.outcome?.issues.length ?? 0) > 0;
  return page(c, deps, {
    title: `${jobId} in time`,
    screen: "jobs",
    scripts: ["time_travel.js"],
    styles: ["time_travel.css"],
    calls: curlCalls(curlCommands(c, deps), shown, whatIf?.outcome),
    status: isWrong ? problemFacts("invalid-request").status : STATUS.ok,
    body: <TimeTravel shown={shown} whatIf={whatIf ?? { form: emptyForm(shown.view.present) }} />,
  });
}

/** The part that the script fetches: it replaces the elements with the same ids. */
function pointPage(c: Context, deps: HttpDeps, shown: Shown): Response {
  const { view, query } = shown;
  return page(c, deps, {
    title: `${view.job.jobId} in time`,
    styles: ["time_travel.css"],
    calls: curlCalls(curlCommands(c, deps), shown),
    body: (
      <>
        <h1>
          <JobLink jobId={view.job.jobId} />
        </h1>
        <Slider view={view} query={query} />
        <PointSection view={view} />
      </>
    ),
  });
}

interface TimeTravelProps {
  readonly shown: Shown;
  readonly whatIf: WhatIf;
}

function TimeTravel({ shown: { view, query, compared }, whatIf }: TimeTravelProps) {
  const { job: { jobId }, logIds, entry, present } = view;
  const { difference, refusal } = compared;
  const { form, outcome } = whatIf;
  return (
    <>
      <header class="stack-wide">
        <h1>Time travel</h1>
        <p>
          <JobLink jobId={jobId} />{" "}
          <span class="soft">
            {logIds.length === 1
              ? "as of its only entry"
              : `as of each of its ${countText(logIds.length)} entries`}
          </span>
        </p>
      </header>
      <div class="column">
        <Slider view={view} query={query} />
        <PointSection view={view} />
        <EntryTable
          view={view}
          query={query}
          from={difference?.from ?? logIds[0] ?? 0}
          to={difference?.to ?? entry.logId}
          leftOut={leftOutEntries(form)}
        />
      </div>
      <DifferenceSection
        jobId={jobId}
        at={query.at ?? entry.logId}
        difference={difference}
        refusal={refusal}
      />
      <WhatIfSection
        jobId={jobId}
        query={query}
        form={form}
        issues={outcome?.issues ?? []}
        hasLimits={hasCode(present)}
        planIsTooLong={planText(present) === ""}
        sampleEvent={sampleText(present)}
      >
        {outcome?.answer !== undefined && <WhatIfResult {...outcome.answer} />}
      </WhatIfSection>
    </>
  );
}

function emptyForm(present: JobState): WhatIfForm {
  return { ...EMPTY_WHAT_IF, plan: planText(present) };
}

/** The plan as editable text; empty if it is too long. */
function planText(job: JobState): string {
  const text = JSON.stringify(toPlanDocument(job), null, 2);
  return text.length > PLAN_LENGTH_MAX ? "" : text;
}

/** A draft of an event that would match the first open expectation. */
function sampleText({ plan, expected, jobId }: JobState): string {
  const samples = plan.expected
    .filter((_, index) => expected[index]?.matched === 0)
    .map((one) => sampleEvent(one, jobId))
    .filter((sample) => sample !== undefined);
  const { eventType, attributes } = samples[0]?.event ?? { eventType: "shop.Paid", attributes: {} };
  const text = JSON.stringify([{ eventType, attributes }]);
  return text.length > 500 ? "" : text;
}

function curlCalls(
  commands: Commands,
  { view, query: { from = "", to }, compared }: Shown,
  outcome?: WhatIfOutcome,
): readonly Call[] {
  const { job: { jobId }, entry: { logId } } = view;
  const path = jobPath(jobId);
  const ends = [["from", String(from)], ...to === undefined ? [] : [["to", String(to)]]];
  return [
    { label: "This point", command: commands.get(`${path}/replay?at=${logId}`) },
    ...compared.difference === undefined ? [] : [{
      label: "The difference",
      command: commands.get(`${path}/diff?${new URLSearchParams(ends)}`),
    }],
    // Values that are too long for a command are in the fields above, to be copied to a file.
    ...outcome?.answer === undefined ? [] : [{
      label: "This what-if",
      command: commands.post(`${path}/what-if`, outcome.document, "what-if.json"),
    }],
  ];
}
