/** The manual in the dashboard. */

import assert from "node:assert/strict";
import { MANUAL_PAGES, manualPath } from "../../src/dashboard/manual/screen.tsx";
import { headingId, Markdown } from "../../src/dashboard/manual/markdown.tsx";
import { locationOf, pageOf } from "../support/http/dashboard.ts";
import { startApp, type TestApp } from "../support/http/http_app.ts";
import { blocksOf, MANUAL, pageNames, readPage } from "../support/process/manual_pages.ts";
import { ROOT } from "../support/process/task_process.ts";
import { unescaped } from "../support/http/job_pages.ts";

Deno.test("manual: the folder and the served pages are the same", async () => {
  const served = MANUAL_PAGES.map(({ file }) => file);
  assert.deepEqual(served.toSorted(), (await pageNames()).map((name) => `src/manual/${name}.md`));
});

Deno.test("manual: every page is shown, with all of its code", async () => {
  const app = await startApp();
  for (const page of MANUAL_PAGES) {
    const html = await pageOf(app, manualPath(page));
    assert.equal(html.match(/<h1[ >]/g)?.length, 1, page.file);
    assert.ok(html.includes(`<title>${page.title} · Daybook</title>`), page.file);
    assert.equal(html.match(/aria-current="page"/g)?.length, 2, page.file);
    const shown = unescaped(html);
    for (const { text } of blocksOf(await Deno.readTextFile(ROOT + page.file))) {
      assert.ok(shown.includes(text.trimEnd()), `${page.file}:\n${text}`);
    }
  }
});

Deno.test("manual: every link leads to an existing page and heading", async () => {
  const app = await startApp();
  const pages = new Map<string, string>();
  for (const page of MANUAL_PAGES) {
    pages.set(manualPath(page), await pageOf(app, manualPath(page)));
  }
  for (const [path, html] of pages) {
    const article = html.slice(html.indexOf("<article>"), html.indexOf("</article>"));
    for (const [, href = ""] of article.matchAll(/ href="([^"]+)"/g)) {
      const target = new URL(href, `http://localhost:8000${path}`);
      if (target.hash !== "") {
        const id = decodeURIComponent(target.hash.slice(1));
        assert.ok(pages.get(target.pathname)?.includes(` id="${id}"`), `${path}: ${href}`);
      } else if (target.origin === "http://localhost:8000") await assertServed(app, target, path);
    }
  }
});

/**
 * Links to jobs belong to the examples of the page; only pages that every server has can be
 * checked.
 */
async function assertServed(app: TestApp, { pathname }: URL, path: string): Promise<void> {
  if (pathname.startsWith("/ui/jobs/")) return;
  const response = await app.get(pathname, { accept: "text/html" });
  await response.body?.cancel();
  assert.equal(response.status, 200, `${path} leads to ${pathname}`);
}

Deno.test("manual: links to other files of the repository are valid", async () => {
  let count = 0;
  for (const name of await pageNames()) {
    for (const [, target = ""] of (await readPage(name)).text.matchAll(/\]\((\.\.[^)]*)\)/g)) {
      const { pathname, hash } = new URL(target, MANUAL);
      const text = await Deno.readTextFile(pathname);
      const ids = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => headingId(heading));
      assert.ok(hash === "" || ids.includes(hash.slice(1)), `${name}: ${target}`);
      count++;
    }
  }
  assert.ok(count >= 3);
});

Deno.test("manual: an unknown page says so", async () => {
  const app = await startApp();
  assert.match(await pageOf(app, "/ui/manual/nothing", { status: 404 }), /no page|Cannot find/);
});

Deno.test("manual: a page named by its file is found", async () => {
  const app = await startApp();
  for (
    const [file, page] of [["writing-jobs.md", "/ui/manual/writing-jobs"], [
      "README.md",
      "/ui/manual",
    ]]
  ) {
    assert.equal(
      await locationOf(await app.get(`/ui/manual/${file}`)),
      page,
    );
  }
});

Deno.test("markdown: HTML and scripts are shown as text", () => {
  const text = [
    "# A <b>title</b>",
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)> & `<i>` [x](javascript:alert(1)) \\*not strong\\*",
    "- one **two** *three*",
    "| a | b |\n| - | - |\n| `1` | [two](https://example.com/?a=1&b=2) |",
  ].join("\n\n");
  const hrefOf = (target: string) => target.startsWith("https:") ? target : undefined;
  const html = String(<Markdown text={text} hrefOf={hrefOf} />);
  assert.doesNotMatch(html, /<script|<img|<i>|<b>|javascript:/);
  assert.match(html, /<h1 id="a-btitleb">A &lt;b&gt;title&lt;\/b&gt;<\/h1>/);
  assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.match(html, /&amp; <code>&lt;i&gt;<\/code> <span>x<\/span> \*not strong\*/);
  assert.match(html, /<li>one <strong>two<\/strong> <em>three<\/em><\/li>/);
  assert.match(html, /<td><a href="https:\/\/example.com\/\?a=1&amp;b=2">two<\/a><\/td>/);
});
