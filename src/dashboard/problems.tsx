/** `/problems/:kind`: what the `type` of a problem leads to, for people and in a terminal. */

import { remainingIssues } from "../documents/refusal.ts";
import type { Context } from "hono";
import { MEANINGS } from "../http/problems/meanings.ts";
import {
  Problem,
  PROBLEM_KINDS,
  problemFacts,
  problemHeaders,
  type ProblemKind,
  STATUS,
} from "../http/problems/problem.ts";
import { refuseQuery } from "../http/requests/query.ts";
import { emptyResponse, textResponse } from "../http/answers/response.ts";
import type { HttpDeps } from "../http/http_deps.ts";
import type { Route } from "../http/route.ts";
import { page } from "./page.tsx";
import { preferredType, reachedAs } from "../http/requests/headers.ts";
import { safeReturnPath } from "./form.ts";

export const PROBLEM_ROUTES: readonly Route[] = [
  // A request without a token may read why it is refused.
  { method: "GET", path: "/problems/:kind", scope: "open", handle: showProblem },
];

function showProblem(c: Context, deps: HttpDeps): Response {
  refuseQuery(c.req.raw);
  const kind = PROBLEM_KINDS.find((known) => known === c.req.param("kind"));
  if (kind === undefined) {
    throw new Problem("not-found", "Cannot explain this problem: there is no such kind");
  }
  return acceptsHtml(c) ? meaningPage(c, deps, kind) : problemText(kind);
}

function meaningPage(c: Context, deps: HttpDeps, kind: ProblemKind): Response {
  const { status, title } = problemFacts(kind);
  return page(
    c,
    deps,
    { title, headers: { vary: "accept" } },
    <section class="narrow">
      <p class="soft">
        <a href={`/ui/reference#problem-${kind}`}>Problems</a> / <code>{kind}</code>
      </p>
      <h1>{title}</h1>
      <p class="lead">{MEANINGS[kind]}</p>
      <p class="soft">Its status is {status}.</p>
    </section>,
  );
}

function problemText(kind: ProblemKind): Response {
  const { status, title } = problemFacts(kind);
  return textResponse(`${title} (${status})\n\n${MEANINGS[kind]}\n`, STATUS.ok);
}

/**
 * Whether a browser shows the answer, of a path that is the dashboard's or no route's.
 *
 * @param isKnown Whether a route has this path.
 */
export function isForPeople(c: Context, isKnown: boolean): boolean {
  const { path } = c.req;
  const isPage = path === "/" || path === "/ui" || /^\/(?:ui|problems)\//.test(path);
  return (isPage || !isKnown) && acceptsHtml(c);
}

/** A browser names HTML when it opens a page; other programs, which take anything, do not. */
export function acceptsHtml(c: Context): boolean {
  return preferredType(c, "application/json", "text/html") === "text/html";
}

/** Browsers that are not signed in are sent to the sign-in, and come back from there. */
export function problemPage(c: Context, deps: HttpDeps, problem: Problem): Response {
  if (problem.kind === "unauthorized") return redirectToSignIn(c);
  const { status, title } = problemFacts(problem.kind);
  const options = { title, status, headers: problemHeaders(problem) };
  return page(
    c,
    deps,
    options,
    <section class="narrow">
      <h1>{title}</h1>
      <p class="lead">
        <bdi>{problem.message}</bdi>
      </p>
      <Issues problem={problem} />
      <WaysOn path={c.req.path} />
    </section>,
  );
}

/** Those that the sentence above does not say already. */
function Issues({ problem }: { readonly problem: Problem }) {
  const { errors = [] } = problem.members;
  const further = remainingIssues(problem.message, errors);
  if (further.length === 0) return null;
  return (
    <ul>
      {further.map((issue) => (
        <li>
          <bdi>{Object.values(issue).join(" ")}</bdi>
        </li>
      ))}
    </ul>
  );
}

/** What is below a job leads back to it. */
function WaysOn({ path }: { readonly path: string }) {
  const jobPath = /^\/ui\/jobs\/[^/]+(?=\/)/.exec(path)?.[0];
  return (
    <p class="row">
      {jobPath === undefined ? null : <a href={jobPath}>To the job</a>}
      <a href="/">To the overview</a>
    </p>
  );
}

function redirectToSignIn(c: Context): Response {
  const path = pageAskedFrom(c.req.raw);
  const next = path === undefined ? "" : `?next=${encodeURIComponent(path)}`;
  return emptyResponse(STATUS.seeOther, { location: `/ui/sign-in${next}` });
}

/** The page that is asked for; of a form, the page that holds it, where what it sends came from. */
function pageAskedFrom(request: Request): string | undefined {
  const { pathname, search } = new URL(request.url);
  if (request.method === "GET") return pathname + search;
  const referer = URL.parse(request.headers.get("referer") ?? "");
  if (referer === null || referer.origin !== reachedAs(request).origin) return undefined;
  return safeReturnPath(referer.pathname + referer.search);
}
