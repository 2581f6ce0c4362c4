/** `/`: the overview; programs get the index instead. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { silenceText } from "../../core/silence.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { DEFAULT_SPAN, readOverview, SPAN_PARAMETER } from "../../http/routes/overview.ts";
import { OUTSIDE_JOB } from "../../http/routes/create_job.ts";
import { SAMPLE_EVENT } from "../system/event_screen.tsx";
import { STATUS } from "../../http/responses/problem.ts";
import { acceptsHtml, readQuery } from "../../http/requests/request.ts";
import { emptyResponse } from "../../http/responses/response.ts";
import { answerIndex, INDEX_OPERATION } from "../../http/routes/system.ts";
import { AttentionSection } from "./attention_section.tsx";
import { CensusSection, TrustStrip } from "./state_sections.tsx";
import { TrendSection } from "./trend_section.tsx";
import { PausesSection } from "../limits/pauses.tsx";
import { type Commands, CopyText, curlCommands } from "../parts/curl.tsx";
import { NOTE_PARAMETER, NoteLine, page } from "../page.tsx";
import { JobLink, jobsPath, LIMITS_PATH, SubmitLinks } from "../parts/links.tsx";
import { controlledJob } from "../job/controls.tsx";
import { Cited, CitedItems } from "../parts/entries.tsx";
import type { Route } from "../../http/routing/route.ts";
import { requestViewer } from "../../http/requests/viewer.ts";
import { Empty } from "../parts/table.tsx";
import { toQueueBrief } from "../../explain/brief.ts";
import type { Citation, NextStep, QueueExplanation } from "../../explain/statements/explanation.ts";
import { TimedText } from "../parts/timed_text.tsx";

/** The Limits screen has all of them. */
const PAUSES_MAX = 5;

const OVERVIEW_PARAMETERS = { ...SPAN_PARAMETER, ...NOTE_PARAMETER };

export const OVERVIEW_SCREEN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/",
    by: (c) => acceptsHtml(c) ? "leader" : "here",
    scope: "read",
    operation: INDEX_OPERATION,
    handle: (c, deps) => acceptsHtml(c) ? showOverview(c, deps) : answerIndex(),
  },
  // The address that people guess from the paths of the other screens.
  {
    method: "GET",
    path: "/ui",
    scope: "read",
    handle: () => emptyResponse(STATUS.seeOther, { location: "/" }),
  },
];

async function showOverview(c: Context, deps: HttpDeps): Promise<Response> {
  const { span = DEFAULT_SPAN } = readQuery(c.req.raw, OVERVIEW_PARAMETERS);
  const { engine, overview, clock } = deps;
  const [journal, { census, pauses, attention, counts }, standing] = await Promise.all([
    engine.journalInfo(),
    readOverview(deps, span),
    // A failure to record and a pause have notes of their own.
    instanceTrouble(deps) === undefined
      ? engine.explanations().then(({ queueExplainer }) => queueExplainer.explain())
      : undefined,
  ]);
  const commands = curlCommands(c, deps);
  const mayOperate = requestViewer(c).scopes.includes("operate");
  // A pause of everything comes first; others are listed under what may need attention.
  const isStopped = standing?.standsStill === true && isOfPauses(standing);
  const pauseNotes = <PausesSection pauses={pauses} returnTo="/" max={PAUSES_MAX} />;
  const stopped = standstillBrief(isOfPauses(standing) ? undefined : standing, clock.now());
  return page(c, deps, {
    title: "Overview",
    screen: "overview",
    styles: ["uplot.css", "overview.css"],
    scripts: ["uplot.js", "overview.js"],
    live: "journal",
    headers: { vary: "accept" },
    calls: [
      { label: "This screen", command: commands.get(`/overview?span=${span}`) },
      ...(mayOperate ? pauses : []).map(({ pauseId }) => ({
        label: `End the pause ${pauseId}`,
        command: commands.of({ method: "DELETE", path: `/pauses/${pauseId}` }),
      })),
      ...(stopped?.next ?? []).flatMap(({ statement, action }) =>
        action === undefined ? [] : [{ label: statement, command: commands.of(action) }]
      ),
    ],
    body: (
      <>
        <h1 class="unseen">Overview</h1>
        <NoteLine c={c} deps={deps} />
        <Health deps={deps} />
        {isStopped && pauseNotes}
        <div id="standstill" data-live>
          {stopped !== undefined && <Standstill brief={stopped} />}
        </div>
        <div id="first-job" data-live>
          {census.jobs === 0 && <FirstJob commands={commands} />}
        </div>
        <AttentionSection
          attention={attention}
          open={engine.lists.count({ conditions: ["failed"], retried: false })}
          failingTypes={counts?.failingTypes ?? []}
        >
          {!isStopped && pauseNotes}
        </AttentionSection>
        <CensusSection census={census} />
        <p class="row">
          <SubmitLinks />
          {mayOperate && census.jobs > 0 && (
            <a class="button" href={`${LIMITS_PATH}#pauses-heading`}>Pause jobs</a>
          )}
        </p>
        {counts !== undefined && <TrendSection {...counts} />}
        <TrustStrip
          journal={journal}
          sync={overview?.trend("1h").whole.sync}
          diskFree={counts?.diskFree}
        />
      </>
    ),
  });
}

/** Whether ending a pause would end the standstill. */
function isOfPauses(standing: QueueExplanation<Citation> | undefined): boolean {
  return standing?.next.some(({ action }) => action?.path.startsWith("/pauses/")) === true;
}

/** A note if nothing can be recorded; otherwise nothing. */
function Health({ deps }: { readonly deps: HttpDeps }) {
  const trouble = instanceTrouble(deps);
  return (
    <div id="health" data-live>
      {trouble !== undefined && (
        <p class="note note-bad" role="alert">
          <TimedText text={trouble} />
        </p>
      )}
    </div>
  );
}

function instanceTrouble({ engine, shared }: HttpDeps): string | undefined {
  if (engine.failed) {
    return "The journal failed: nothing can be recorded until the process is restarted.";
  }
  if (engine.draining) return "The process is stopping: it accepts no new work.";
  const since = shared?.standing().databaseSilentSince ?? undefined;
  const silence = since === undefined ? engine.silence : { of: "database", since } as const;
  if (silence !== undefined) {
    return `Nothing can be recorded: ${silenceText(silence)}. Everything continues by itself ` +
      "once it does.";
  }
  if (engine.full) {
    return "The disk is full: no new work is accepted until there is room. Reads continue, and so " +
      "do running jobs while the reserve lasts.";
  }
  return undefined;
}

/** Shown while there are no jobs: how to submit one. */
function FirstJob({ commands }: { readonly commands: Commands }) {
  return (
    <Empty title="There are no jobs yet">
      <p>Submit one that waits for a parcel, and see here what it is waiting for:</p>
      <CopyText text={commands.post("/jobs", { jobId: "parcel-1", ...OUTSIDE_JOB })} />
      <p>Then report that the parcel was shipped, and the job is done:</p>
      <CopyText text={commands.post("/events", SAMPLE_EVENT)} />
      <p>Or fill a throwaway journal with all kinds of jobs, and look around:</p>
      <CopyText text="deno task demo" />
    </Empty>
  );
}

/** Work that stopped more recently may resume by itself. */
const SHOWN_AFTER_MS = 5_000;

/** Explains a standstill of all work: its cause, the evidence, and what would end it. */
function Standstill({ brief: { summary, reasons, next } }: { readonly brief: QueueBrief }) {
  return (
    <section class="note note-bad stack" aria-label="Why no work is done">
      <p role="alert">
        {summary.map((part) => <Cited of={part} />)}
      </p>
      <ul>
        <CitedItems of={reasons} />
      </ul>
      <ul>
        {next.map((step) => <Step step={step} />)}
      </ul>
    </section>
  );
}

/** A step ends with a colon before the page that has its control; otherwise with a full stop. */
function Step({ step }: { readonly step: NextStep<Citation> }) {
  const place = controlPlace(step);
  const statement = place === null ? step.statement.replace(/:$/, ".") : step.statement;
  return (
    <li>
      <Cited of={{ ...step, statement }} /> {place}
    </li>
  );
}

function controlPlace({ action }: NextStep<Citation>): Child | null {
  const jobId = controlledJob(action);
  if (jobId !== undefined) return <JobLink jobId={jobId} />;
  if (action?.path !== "/jobs/bulk") return null;
  return <a href={jobsPath({ condition: "suspended" })}>suspended jobs</a>;
}

type QueueBrief = ReturnType<typeof toQueueBrief>;

/** `undefined` if work is done, or may resume by itself. */
function standstillBrief(
  explanation: QueueExplanation<Citation> | undefined,
  now: number,
): QueueBrief | undefined {
  const sinceMs = explanation?.since === undefined ? -Infinity : Date.parse(explanation.since);
  const isLasting = explanation?.standsStill === true && now - sinceMs >= SHOWN_AFTER_MS;
  return isLasting ? toQueueBrief(explanation, now) : undefined;
}
