/** `/ui/manual`: the pages that tell how things are done. */

import type { Context, Hono } from "hono";
import type { Edge } from "../../edge.ts";
import { Problem } from "../../problem.ts";
import { INDEX, MANUAL_PAGES, type ManualPage, manualPath } from "../manual_pages.ts";
import { page } from "../page.tsx";
import { Markdown } from "../parts/markdown.tsx";

export function addManualScreen(app: Hono, edge: Edge): void {
  app.get("/ui/manual", (c) => manualPage(c, edge, INDEX));
  app.get("/ui/manual/:page", (c) => manualPage(c, edge, c.req.param("page")));
}

function manualPage(c: Context, edge: Edge, name: string): Response {
  const shown = MANUAL_PAGES.find((candidate) => candidate.name === name);
  if (shown === undefined) {
    throw new Problem("not-found", "Cannot find a page of this name in the manual");
  }
  return page(
    c,
    edge,
    { title: shown.title, screen: "manual", styles: ["manual.css"] },
    <div class="manual">
      <Contents shown={shown} />
      <article>
        <Markdown text={shown.text} hrefOf={hrefOf} />
      </article>
    </div>,
  );
}

function Contents({ shown }: { readonly shown: ManualPage }) {
  return (
    <nav aria-label="Pages of the manual" class="manual-pages">
      <ul>
        {MANUAL_PAGES.map(({ name, title }) => (
          <li>
            <a href={manualPath(name)} aria-current={name === shown.name ? "page" : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const PAGE_FILE = /^([\w-]+)\.md(#.*)?$/;

/** Pages lead to one another by the names of their files; other files are not served. */
function hrefOf(target: string): string | undefined {
  if (/^(?:https?:|#|\/)/.test(target)) return target;
  const [, name = "", fragment = ""] = PAGE_FILE.exec(target) ?? [];
  const isPage = MANUAL_PAGES.some((candidate) => candidate.name === name);
  return isPage ? manualPath(name) + fragment : undefined;
}
