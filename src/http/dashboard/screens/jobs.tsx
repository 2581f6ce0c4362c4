/** `/ui/jobs`: finding jobs, seeing what keeps them, and acting on one or on all that match. */

import type { Context, Hono } from "hono";
import { CONDITIONS } from "../../../core/condition.ts";
import type { JobCount, JobFilter } from "../../../engine/requests.ts";
import { BULK_ACTIONS, filterOfAction, previewBulk } from "../../bulk_action.ts";
import { cursorOf } from "../../cursor.ts";
import type { Edge } from "../../edge.ts";
import { Problem, problemFacts } from "../../problem.ts";
import { jobFilterOf } from "../../routes/jobs.ts";
import { viewerOf } from "../../viewer.ts";
import { actOnJobs } from "../jobs/act.tsx";
import { JobsAddress, type ScreenQuery } from "../jobs/address.ts";
import { ACTION_WORDS, BulkConfirm } from "../jobs/bulk_confirm.tsx";
import { bulkCommand, groupsCommand, listCommand, type Server } from "../jobs/commands.ts";
import { Chips, ConditionTabs, FilterForm } from "../jobs/filters.tsx";
import { GroupTable } from "../jobs/groups.tsx";
import { type JobsPage, jobsPage } from "../jobs/list.ts";
import { rowsOf } from "../jobs/rows.ts";
import { SearchedLine } from "../jobs/searched.tsx";
import { JobTable } from "../jobs/table.tsx";
import { page } from "../page.tsx";
import { CopyCurl } from "../parts/curl.tsx";
import { Empty } from "../parts/empty.tsx";
import { NoteLine } from "../parts/note_line.tsx";

export function addJobsScreen(app: Hono, edge: Edge): void {
  app.get("/ui/jobs", (c) => showJobs(c, edge));
  app.post("/ui/jobs", (c) => actOnJobs(c, edge));
}

/** What is asked for, and by whom. */
interface Asked {
  readonly c: Context;
  readonly edge: Edge;
  readonly address: JobsAddress;
  readonly query: ScreenQuery;
  readonly filter: JobFilter;
  readonly mayOperate: boolean;
}

async function showJobs(c: Context, edge: Edge): Promise<Response> {
  const address = JobsAddress.of(new URL(c.req.url).searchParams);
  const query = readOrRefusal(address);
  if (query instanceof Problem) return refusedPage(c, edge, address, query);
  const mayOperate = viewerOf(c.req.raw).scopes.includes("operate");
  const asked = { c, edge, address, query, filter: jobFilterOf(query), mayOperate };
  if (query.do !== undefined && mayOperate) return confirmPage(asked, query.do);
  return query.group === undefined ? await listPage(asked) : groupsPage(asked);
}

/** What somebody typed is wrong more often than not by a slip: it stays in the form. */
function readOrRefusal(address: JobsAddress): ScreenQuery | Problem {
  try {
    return address.read();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

const OPTIONS = { title: "Jobs", screen: "jobs", styles: ["jobs.css"] } as const;
const LIVE = { ...OPTIONS, scripts: ["jobs.js"], live: "journal" } as const;

function refusedPage(c: Context, edge: Edge, address: JobsAddress, problem: Problem): Response {
  const { errors = [] } = problem.members;
  const { status } = problemFacts(problem.kind);
  return page(
    c,
    edge,
    { ...OPTIONS, scripts: ["jobs.js"], status },
    <>
      <Heading address={address} />
      {errors.map((issue) => (
        <p class="note note-bad" role="alert">
          <bdi>{Object.values(issue).join(" ")}</bdi>
        </p>
      ))}
      <FilterForm address={address} types={typesOf(edge)} />
      <Chips address={address} />
    </>,
  );
}

async function listPage(asked: Asked): Promise<Response> {
  const { c, edge, address, query, filter, mayOperate } = asked;
  const { engine, clock } = edge;
  const jobs = jobsPage(engine, query, filter);
  const { count } = jobs;
  const rows = await rowsOf(edge, jobs.jobs);
  return page(
    c,
    edge,
    LIVE,
    <>
      <Heading address={address} />
      <NoteLine c={c} edge={edge} />
      <FilterForm address={address} types={typesOf(edge)} />
      <Chips address={address} />
      <ConditionTabs address={address} count={count} />
      <div class="job-bar">
        <NewsLine jobs={jobs} address={address} />
        {mayOperate ? <BulkLinks asked={asked} count={count} /> : null}
      </div>
      {rows.length === 0
        ? <NoJobs address={address} count={count} searched={jobs.searched !== undefined} />
        : (
          <JobTable
            rows={rows}
            gone={jobs.gone}
            now={clock.now()}
            returnTo={mayOperate ? address.with() : undefined}
          />
        )}
      <SearchedLine searched={jobs.searched} further={olderPath(address, jobs)} />
      <Pager jobs={jobs} address={address} />
      <CopyCurl command={listCommand(serverOf(asked), listFilters(asked))} />
    </>,
  );
}

/** With the place in the list, so that the call gives the page that is shown. */
function listFilters({ address, query }: Asked): URLSearchParams {
  const filters = address.filters();
  if (query.cursor !== undefined) filters.set("cursor", cursorOf("jobs", query.cursor));
  return filters;
}

function typesOf({ engine }: Edge): readonly string[] {
  return engine.definitions().map(({ type }) => type);
}

function serverOf({ c, edge }: Asked): Server {
  return { origin: new URL(c.req.url).origin, needsToken: edge.needsToken };
}

function Heading({ address }: { readonly address: JobsAddress }) {
  const isGrouped = address.get("group") !== undefined;
  return (
    <div class="row row-between">
      <h1>Jobs</h1>
      <nav class="views" aria-label="Views">
        <a href={address.with({ group: undefined })} aria-current={isGrouped ? undefined : "page"}>
          One by one
        </a>
        <a href={address.with({ group: "error" })} aria-current={isGrouped ? "page" : undefined}>
          Failures by kind
        </a>
      </nav>
    </div>
  );
}

interface NewsLineProps {
  readonly jobs: JobsPage;
  readonly address: JobsAddress;
}

/** Has its room before there is anything to say, so that nothing moves when there is. */
function NewsLine({ jobs: { news, newer }, address }: NewsLineProps) {
  const text = news.isNewer
    ? `${news.jobs} newer ${news.jobs === 1 ? "job" : "jobs"}`
    : `${news.jobs} more ${news.jobs === 1 ? "matches" : "match"} now`;
  return (
    <p id="job-news" class="job-news" role="status" data-live>
      {news.jobs > 0
        ? <a href={address.with()}>{text}: show them</a>
        : newer === undefined
        ? "Newest first"
        : <a href={address.with({ cursor: undefined, newer: undefined })}>To the newest</a>}
    </p>
  );
}

interface BulkLinksProps {
  readonly asked: Asked;
  readonly count: JobCount;
}

/** Actions that are for at least one of the jobs that match. */
function BulkLinks({ asked: { address, filter, edge }, count }: BulkLinksProps) {
  const upTo = edge.engine.headLogId;
  const possible = BULK_ACTIONS.filter((action) => {
    const { conditions = CONDITIONS } = filterOfAction({ action, filter, upTo, again: true });
    return conditions.some((condition) => count.conditions.has(condition));
  });
  if (possible.length === 0) return null;
  return (
    <p class="row job-bulk">
      <span class="hint">All that match:</span>
      {possible.map((action) => (
        <a class="button" href={address.with({ do: action })}>{ACTION_WORDS[action].verb} …</a>
      ))}
    </p>
  );
}

interface NoJobsProps {
  readonly address: JobsAddress;
  readonly count: JobCount;
  /** Whether there are jobs that were not looked at. */
  readonly searched: boolean;
}

function NoJobs({ address, count, searched }: NoJobsProps) {
  if (searched) return <Empty title="No job so far back matches." />;
  if (address.active.length > 0) {
    return (
      <Empty title="No job matches.">
        <p>
          {count.jobs === 0
            ? "Remove a filter, or look for other words: each must be in the id, the type, a label or an error."
            : "There are some in other conditions: see the counts above."}
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="There are no jobs yet.">
      <p>
        Submit one with <code>deno task submit</code>, from the <a href="/ui/system">System</a>{" "}
        screen, or with a POST to <code>/jobs</code>.
      </p>
    </Empty>
  );
}

function olderPath(address: JobsAddress, { older }: JobsPage): string | undefined {
  return older === undefined
    ? undefined
    : address.with({ cursor: cursorOf("jobs", older), newer: undefined });
}

function Pager({ jobs, address }: NewsLineProps) {
  const older = olderPath(address, jobs);
  if (older === undefined && jobs.newer === undefined) return null;
  return (
    <nav class="row row-between pager" aria-label="Pages">
      {jobs.newer === undefined ? <span></span> : (
        <a
          class="button"
          rel="prev"
          href={address.with({ newer: cursorOf("jobs", jobs.newer), cursor: undefined })}
        >
          ← Newer
        </a>
      )}
      {older === undefined ? null : <a class="button" rel="next" href={older}>Older →</a>}
    </nav>
  );
}

function groupsPage(asked: Asked): Response {
  const { c, edge, address, filter, mayOperate } = asked;
  const { groups, searched } = edge.engine.failures(filter);
  return page(
    c,
    edge,
    LIVE,
    <>
      <Heading address={address} />
      <NoteLine c={c} edge={edge} />
      <FilterForm address={address} types={typesOf(edge)} />
      <Chips address={address} />
      <p id="kind-news" class="job-news" role="status" data-again={address.with()}>
        The most frequent first
      </p>
      {groups.length === 0 ? <NoFailures address={address} /> : (
        <GroupTable
          groups={groups.slice(0, GROUPS_MAX)}
          address={address}
          now={edge.clock.now()}
          mayOperate={mayOperate}
        />
      )}
      {groups.length <= GROUPS_MAX
        ? null
        : <p class="hint">{groups.length - GROUPS_MAX} kinds more are rarer, and not shown.</p>}
      <SearchedLine searched={searched} />
      <p class="hint">
        Failures are of one kind when the type, the task, the error and the words of its message are
        the same: numbers, ids, times, paths and what is in quotation marks do not count.
      </p>
      <CopyCurl command={groupsCommand(serverOf(asked), address.filters())} />
    </>,
  );
}

const GROUPS_MAX = 200;

function NoFailures({ address }: { readonly address: JobsAddress }) {
  return (
    <Empty title="No failures.">
      <p>
        {address.active.length === 0
          ? "When jobs fail, they are grouped here by what went wrong, to be retried together."
          : "None among the jobs that the filters apply to."}
      </p>
    </Empty>
  );
}

function confirmPage(asked: Asked, action: NonNullable<ScreenQuery["do"]>): Response {
  const { c, edge, address, filter } = asked;
  const request = { action, filter, upTo: edge.engine.headLogId, again: false };
  const { conditions = [], retried } = filterOfAction(request);
  const filters = address.filters({
    condition: [conditions.join(",")],
    retried: retried === undefined ? undefined : String(retried),
  });
  return page(
    c,
    edge,
    { ...OPTIONS, title: `${ACTION_WORDS[action].verb} jobs` },
    <BulkConfirm
      action={action}
      address={address}
      preview={previewBulk(edge.engine, request)}
      upTo={request.upTo}
      now={edge.clock.now()}
      command={bulkCommand(serverOf(asked), action, filters)}
    />,
  );
}
