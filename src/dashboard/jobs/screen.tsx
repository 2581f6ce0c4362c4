/** `/ui/jobs`: find jobs, see what they wait for, and act on one or on all that match. */

import type { Context } from "hono";
import { Needs } from "../parts/viewing.tsx";
import { counted } from "../../core/counted.ts";
import { Refusal } from "../../documents/refusal.ts";
import { FINGERPRINT_RULE } from "../../core/error_fingerprint.ts";
import { CONTROLS } from "../../core/controls.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobFilter } from "../../engine/job_pages.ts";
import { previewBulk } from "../../http/routes/bulk_action.ts";
import { formatCursor, PAGE_MAX } from "../../documents/parameters.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import type { Problem } from "../../http/responses/problem.ts";
import { toJobFilter } from "../../documents/job_filter.ts";
import { parseBulkRequest } from "../../http/routes/bulk.ts";
import { requestViewer } from "../../http/requests/viewer.ts";
import { curlCommands } from "../parts/curl.tsx";
import { actOnJobs } from "./act.tsx";
import { JobsAddress, type ScreenQuery } from "./address.ts";
import { BulkConfirm } from "./bulk_confirm.tsx";
import { Chips, ConditionTabs, FilterForm } from "./filters.tsx";
import { jobsPage, PAGE_JOBS } from "./list.ts";
import {
  AboutLink,
  BulkLinks,
  Heading,
  JobOfThatId,
  NewJobsLine,
  NoFailures,
  NoJobs,
  olderPath,
  Pager,
  SearchedLine,
} from "./surroundings.tsx";
import { toRows } from "./rows.ts";
import { GroupTable } from "./groups.tsx";
import { JobTable, SelectionBar } from "./table.tsx";
import { readOrRefusal } from "../form.tsx";
import { NoteLine, page } from "../page.tsx";
import { JOBS_PATH } from "../parts/links.tsx";
import type { Route } from "../../http/routing/route.ts";

export const JOBS_ROUTES: readonly Route[] = [
  { method: "GET", path: JOBS_PATH, scope: "read", handle: showJobs },
  { method: "POST", path: JOBS_PATH, scope: "operate", handle: actOnJobs },
];

/** The request, and its viewer. */
interface PageRequest {
  readonly c: Context;
  readonly deps: HttpDeps;
  readonly address: JobsAddress;
  readonly query: ScreenQuery;
  readonly filter: JobFilter;
  readonly mayOperate: boolean;
}

async function showJobs(c: Context, deps: HttpDeps): Promise<Response> {
  const address = JobsAddress.of(new URL(c.req.url).searchParams);
  const query = readOrRefusal(() => address.read());
  // Invalid input is usually a typo, so it stays in the form.
  if (query instanceof Refusal) return refusedPage(c, deps, address, query);
  const mayOperate = requestViewer(c).scopes.includes("operate");
  const asked = { c, deps, address, query, filter: toJobFilter(query), mayOperate };
  if (query.do !== undefined && mayOperate) return confirmPage(asked, query.do);
  return query.group === undefined ? await listPage(asked) : groupsPage(asked);
}

const OPTIONS = { title: "Jobs", screen: "jobs", styles: ["jobs.css"] } as const;
const LIVE = { ...OPTIONS, scripts: ["jobs.js"], live: "journal" } as const;

function refusedPage(c: Context, deps: HttpDeps, address: JobsAddress, problem: Problem): Response {
  const { errors = [] } = problem.members;
  return page(c, deps, {
    ...OPTIONS,
    scripts: ["jobs.js"],
    problem,
    body: (
      <>
        <Heading address={address} />
        {errors.map((issue) => (
          <p class="note note-bad" role="alert">
            <bdi>{Object.values(issue).join(" ")}</bdi>
          </p>
        ))}
        <FilterForm address={address} types={knownTypes(deps)} />
        <Chips address={address} />
      </>
    ),
  });
}

async function listPage(asked: PageRequest): Promise<Response> {
  const { c, deps, address, query, filter, mayOperate } = asked;
  const { engine } = deps;
  const jobs = await jobsPage(deps, query, filter);
  const { count } = jobs;
  const rows = await toRows(deps, jobs.jobs);
  return page(c, deps, {
    ...LIVE,
    calls: [{
      label: "These jobs",
      command: curlCommands(c, deps).get(`/jobs?${listFilters(asked)}`),
    }],
    body: (
      <>
        <Top {...asked} />
        <ConditionTabs address={address} count={count} />
        <div class="row row-between job-bar">
          <NewJobsLine jobs={jobs} address={address} />
          <Needs scope="operate" what="controlling jobs">
            <BulkLinks address={address} filter={filter} upTo={engine.headLogId} count={count} />
          </Needs>
        </div>
        {mayOperate && <SelectionBar rows={rows} returnTo={address.with()} />}
        {jobs.searched !== undefined && <JobOfThatId jobId={jobOfThatId(deps, query)} />}
        {rows.length === 0
          ? <NoJobs address={address} count={count} searched={jobs.searched !== undefined} />
          : (
            <JobTable
              rows={rows}
              gone={jobs.gone}
              returnTo={mayOperate ? address.with() : undefined}
            />
          )}
        <SearchedLine searched={jobs.searched} further={olderPath(address, jobs)} />
        <AboutLink search={query.search} />
        <Pager jobs={jobs} address={address} />
      </>
    ),
  });
}

function jobOfThatId({ engine }: HttpDeps, { search = "" }: ScreenQuery): JobId | undefined {
  return engine.job(search.trim() as JobId)?.jobId;
}

/** Includes the page, so that the call returns what is shown. */
function listFilters({ address, query }: PageRequest): URLSearchParams {
  const filters = address.filters();
  if (query.cursor !== undefined) filters.set("cursor", formatCursor("jobs", query.cursor));
  return withLimit(filters, PAGE_JOBS);
}

function withLimit(filters: URLSearchParams, limit: number): URLSearchParams {
  filters.set("limit", String(limit));
  return filters;
}

/** The part above both views: what is shown, and what was done last. */
function Top({ c, deps, address }: PageRequest) {
  return (
    <>
      <Heading address={address} />
      <NoteLine c={c} deps={deps} />
      <FilterForm address={address} types={knownTypes(deps)} />
      <Chips address={address} />
    </>
  );
}

function knownTypes({ engine }: HttpDeps): readonly string[] {
  return engine.definitions().map(({ type }) => type);
}

function groupsPage(asked: PageRequest): Response {
  const { c, deps, address, filter } = asked;
  const { groups, more, searched } = deps.engine.lists.failures(filter, PAGE_MAX.failureKinds);
  return page(c, deps, {
    ...LIVE,
    calls: [{
      label: "These kinds of failures",
      command: curlCommands(c, deps).get(
        `/failures?${withLimit(address.filters(), PAGE_MAX.failureKinds)}`,
      ),
    }],
    body: (
      <>
        <Top {...asked} />
        <div class="row row-between job-bar">
          <p id="kind-news" class="links job-news" role="status" data-again={address.with()}>
            Most frequent first
          </p>
        </div>
        {groups.length === 0 ? <NoFailures address={address} /> : (
          <GroupTable
            groups={groups}
            address={address}
          />
        )}
        {more !== 0 && (
          <p class="hint">{counted(more, "rarer kind is", "rarer kinds are")} not shown.</p>
        )}
        <SearchedLine searched={searched} />
        <p class="hint">{FINGERPRINT_RULE}</p>
      </>
    ),
  });
}

function confirmPage(asked: PageRequest, action: NonNullable<ScreenQuery["do"]>): Response {
  const { c, deps, address } = asked;
  const request = parseBulkRequest({ action, filter: address.filterBody() }, deps, undefined);
  return page(c, deps, {
    ...OPTIONS,
    title: `${CONTROLS[action].label} jobs`,
    calls: [{
      label: `${CONTROLS[action].label} them`,
      command: curlCommands(c, deps).post("/jobs/bulk", {
        action,
        filter: address.filterBody(),
        upTo: request.upTo,
      }),
    }],
    body: (
      <BulkConfirm
        action={action}
        address={address}
        preview={previewBulk(deps.engine, request)}
        upTo={request.upTo}
      />
    ),
  });
}
