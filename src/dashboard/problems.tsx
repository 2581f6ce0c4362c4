/** `/problems/:kind`: the page that the `type` of a problem links to, also as plain text. */

import type { Context } from "hono";
import { remainingIssues } from "../documents/refusal.ts";
import {
  MEANINGS,
  Problem,
  PROBLEM_KINDS,
  problemFacts,
  type ProblemKind,
  STATUS,
} from "../http/responses/problem.ts";
import { acceptsHtml, reachedAs, refuseQuery } from "../http/requests/request.ts";
import { emptyResponse, textResponse } from "../http/responses/response.ts";
import type { HttpDeps } from "../http/routing/http_deps.ts";
import type { Route } from "../http/routing/route.ts";
import { page } from "./page.tsx";
import { safeReturnPath } from "./form.tsx";

export const PROBLEM_ROUTES: readonly Route[] = [
  // Open, so that a client without a token can read why it was refused.
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
  return page(c, deps, {
    title,
    headers: { vary: "accept" },
    body: (
      <section class="narrow">
        <p class="soft">
          <a href={`/ui/reference#problem-${kind}`}>Problems</a> / <code>{kind}</code>
        </p>
        <h1>{title}</h1>
        <p class="lead">{MEANINGS[kind]}</p>
        <p class="soft">Its status is {status}.</p>
      </section>
    ),
  });
}

function problemText(kind: ProblemKind): Response {
  const { status, title } = problemFacts(kind);
  return textResponse(`${title} (${status})\n\n${MEANINGS[kind]}\n`, STATUS.ok);
}

/** Browsers that are not signed in are redirected to the sign-in, which redirects back. */
export function problemPage(c: Context, deps: HttpDeps, problem: Problem): Response {
  if (problem.kind === "unauthorized") return redirectToSignIn(c);
  const { title } = problemFacts(problem.kind);
  return page(c, deps, {
    title,
    problem,
    body: (
      <section class="narrow">
        <h1>{title}</h1>
        <p class="lead">
          <bdi>{problem.message}</bdi>
        </p>
        <Issues problem={problem} />
        <NextLinks path={c.req.path} />
      </section>
    ),
  });
}

/** The issues that the message does not mention. */
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

/** Links back to the overview, and to the job or the manual for pages below one. */
function NextLinks({ path }: { readonly path: string }) {
  const jobPath = /^\/ui\/jobs\/[^/]+(?=\/)/.exec(path)?.[0];
  return (
    <p class="row">
      {jobPath !== undefined && <a href={jobPath}>To the job</a>}
      {path.startsWith("/ui/manual/") && <a href="/ui/manual">To the manual</a>}
      <a href="/">Back to the overview</a>
    </p>
  );
}

function redirectToSignIn(c: Context): Response {
  const path = requestedPage(c.req.raw);
  const next = path === undefined ? "" : `?next=${encodeURIComponent(path)}`;
  // Otherwise a user who signs in and is back on the page of a form takes it for sent.
  const unsent = path === undefined || c.req.method !== "POST" ? "" : "&unsent=true";
  return emptyResponse(STATUS.seeOther, { location: `/ui/sign-in${next}${unsent}` });
}

/** The requested page; for a form, the page that contains it. */
function requestedPage(request: Request): string | undefined {
  const { pathname, search } = new URL(request.url);
  if (request.method !== "POST") return pathname + search;
  const referer = URL.parse(request.headers.get("referer") ?? "");
  if (referer === null || referer.origin !== reachedAs(request).origin) return undefined;
  return safeReturnPath(referer.pathname + referer.search);
}
