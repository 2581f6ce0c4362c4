/** `/problems/:kind`: what the `type` of a problem leads to, for people and in a terminal. */

import type { Context } from "hono";
import { MEANINGS } from "../../http/problems/meanings.ts";
import {
  Problem,
  PROBLEM_KINDS,
  problemFacts,
  type ProblemKind,
  STATUS,
} from "../../http/problems/problem.ts";
import { refuseQuery } from "../../http/requests/query.ts";
import { textResponse } from "../../http/answers/response.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import type { Route } from "../../http/route.ts";
import { page } from "../page.tsx";
import { acceptsHtml } from "../problem_page.tsx";

export const PROBLEM_ROUTES: readonly Route[] = [
  // Who is refused for want of a token may read why.
  { method: "GET", path: "/problems/:kind", scope: "open", handle: showProblem },
];

function showProblem(c: Context, deps: HttpDeps): Response {
  refuseQuery(c.req.raw);
  const kind = PROBLEM_KINDS.find((known) => known === c.req.param("kind"));
  if (kind === undefined) {
    throw new Problem("not-found", "Cannot explain a problem of this kind: there is none");
  }
  return acceptsHtml(c.req.raw) ? problemPage(c, deps, kind) : problemText(kind);
}

function problemPage(c: Context, deps: HttpDeps, kind: ProblemKind): Response {
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
