/** `/ui/manual`: the pages that tell how things are done. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/http_deps.ts";
import { Problem } from "../../http/problems/problem.ts";
import { MANUAL_PAGES, manualLink, type ManualPage, manualPath } from "../manual_pages.ts";
import { page } from "../page.tsx";
import { Markdown } from "../parts/markdown.tsx";
import type { Route } from "../../http/route.ts";

export const MANUAL_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/ui/manual",
    scope: "read",
    handle: (c, deps) => manualPage(c, deps, ""),
  },
  {
    method: "GET",
    path: "/ui/manual/:page",
    scope: "read",
    handle: (c, deps) => manualPage(c, deps, c.req.param("page") ?? ""),
  },
];

function manualPage(c: Context, deps: HttpDeps, name: string): Response {
  const shown = MANUAL_PAGES.find((candidate) => candidate.name === name);
  if (shown === undefined) {
    throw new Problem("not-found", "Cannot find a page of this name in the manual");
  }
  return page(
    c,
    deps,
    { title: shown.title, screen: "manual", styles: ["manual.css"] },
    <div class="manual">
      <Contents shown={shown} />
      <article>
        <Markdown text={shown.text} hrefOf={(target) => manualLink(shown, target)} />
      </article>
    </div>,
  );
}

function Contents({ shown }: { readonly shown: ManualPage }) {
  return (
    <nav aria-label="Pages of the manual" class="manual-pages">
      <ul>
        {MANUAL_PAGES.map((listed) => (
          <li>
            <a href={manualPath(listed)} aria-current={listed === shown ? "page" : undefined}>
              {listed.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
