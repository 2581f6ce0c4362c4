/** A refusal, as people read it. */

import type { Context } from "hono";
import type { Edge } from "../edge.ts";
import { type Problem, problemFacts, STATUS } from "../problem.ts";
import { emptyResponse } from "../response.ts";
import { page } from "./page.tsx";

/** Whether a browser shows the answer, of a path that is the dashboard's. */
export function isForPeople(c: Context): boolean {
  const { path } = c.req;
  const isPage = path === "/" || path === "/ui" || path.startsWith("/ui/");
  return isPage && acceptsHtml(c.req.raw);
}

/** A browser names HTML when it opens a page; other programs, which take anything, do not. */
export function acceptsHtml(request: Request): boolean {
  return request.headers.get("accept")?.includes("text/html") ?? false;
}

/** Who is not signed in is asked to, and comes back to where they were. */
export function problemPage(c: Context, edge: Edge, problem: Problem): Response {
  if (problem.kind === "unauthorized") return redirectToSignIn(c);
  const { status, title } = problemFacts(problem.kind);
  const { errors = [] } = problem.members;
  const options = { title, status, headers: problem.headers };
  return page(
    c,
    edge,
    options,
    <section class="narrow">
      <h1>{title}</h1>
      <p class="lead">
        <bdi>{problem.message}</bdi>
      </p>
      {errors.length === 0 ? null : (
        <ul>
          {errors.map((issue) => (
            <li>
              <bdi>{Object.values(issue).join(" ")}</bdi>
            </li>
          ))}
        </ul>
      )}
      <p>
        <a href="/">To the overview</a>
      </p>
    </section>,
  );
}

function redirectToSignIn(c: Context): Response {
  const { pathname, search } = new URL(c.req.url);
  const next = c.req.method === "GET" ? `?next=${encodeURIComponent(pathname + search)}` : "";
  return emptyResponse(STATUS.seeOther, { location: `/ui/sign-in${next}` });
}
