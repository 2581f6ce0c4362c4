/** Whatever users write is shown as text, on every screen. */

import assert from "node:assert/strict";
import type { Browser, Page, ViewportSize } from "playwright-core";
import { DESKTOP, inContext, NARROWEST, testInBrowser } from "../support/process/chromium.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import {
  type HostileJobs,
  hostileJobs,
  HOSTILITIES,
  type Hostility,
  MARKUP,
  TURNED,
} from "./hostile_journal.ts";
import { HOSTILE, LONG, NAMED } from "./hostile_definitions.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { WatchedPage } from "./watched_page.ts";
import { type Screen, SCREENS, screensOf } from "./screens.ts";

const DEFINITIONS = `${ROOT}tests/browser/hostile_definitions.ts`;
/** The maximum size of a page, whatever is in the journal. */
const PAGE_BYTES_MAX = 600_000;

const TYPE_PAGE = `/ui/system/definitions/${HOSTILE.type}`;

/** The screens that show user text. */
const WITH_TEXTS = SCREENS.filter(({ path }) => /^\/$|^\/ui\/(?:jobs|limits|stream)/.test(path));

/** Elements and attributes that only user text could have created. */
const SMUGGLED = "x-pwned, [data-pwned], [onerror], [onload], main img, main script, main style";

async function withHostileJobs(
  hostilities: readonly Hostility[],
  run: (url: string, jobs: readonly HostileJobs[]) => Promise<void>,
): Promise<void> {
  await inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: [`--definitions=${DEFINITIONS}`],
      permissions: [`--allow-read=${journal},${ROOT}`],
    });
    try {
      const jobs = await Promise.all(
        hostilities.map((hostility) => hostileJobs(daybook, hostility)),
      );
      await run(daybook.url, jobs);
    } finally {
      await daybook.stop();
    }
  });
}

/** What is wrong with a page, including its size. */
async function faultsOf(watched: WatchedPage, url: string): Promise<readonly string[]> {
  const response = await watched.page.goto(url, { waitUntil: "load" });
  const bytes = (await response?.body())?.byteLength ?? 0;
  return [
    ...await smuggledInto(watched),
    ...await turningIn(watched),
    ...await crampedIn(watched),
    ...bytes < PAGE_BYTES_MAX ? [] : [`${url} has ${bytes} bytes`],
    ...await watched.newFaults(),
  ];
}

async function smuggledInto({ page }: WatchedPage): Promise<readonly string[]> {
  const [count, pwned] = [
    await page.locator(SMUGGLED).count(),
    await page.evaluate("globalThis.pwned"),
  ];
  return count === 0 && pwned === undefined ? [] : [`${page.url()} has what a text made`];
}

/**
 * Texts that reverse their surroundings: those with a direction mark that are neither isolated nor
 * alone in their block, and texts of this server that follow one. Code is shown letter by letter,
 * and skipped.
 */
async function turningIn({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text.data)) continue;
      let element = text.parentElement;
      if (element.closest("code, pre, option, textarea") !== null) continue;
      const styleOf = () => getComputedStyle(element);
      while (styleOf().display === "inline" && !/isolate|plaintext/.test(styleOf().unicodeBidi)) {
        element = element.parentElement;
      }
      const goesOn = /\\u061c[^\\u061c]*\\p{L}{3}/u.test(text.data);
      const isApart = !goesOn &&
        /isolate|plaintext/.test(styleOf().unicodeBidi) && styleOf().display === "inline";
      if (isApart || !goesOn && element.textContent.trim() === text.data.trim()) continue;
      found.push(location.pathname + ": reverses its surroundings: " + element.outerHTML.slice(0, 200));
    }
    return found;
  })()`);
}

/** The message of a log must be in view. */
async function crampedIn({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll("#job-log .table-box")]
      .filter((box) => box.scrollWidth > box.clientWidth)
      .map(() => location.pathname + " at " + innerWidth + " has a log that scrolls sideways")
  `);
}

/**
 * The number of tabs that examine pages in parallel. Opening one takes longer than examining most
 * pages.
 */
const TABS = 3;

async function faultsOfAll(
  browser: Browser,
  viewport: ViewportSize,
  urls: readonly string[],
): Promise<readonly string[]> {
  return await inContext(browser, { viewport }, async (context) => {
    const faults: string[] = [];
    const left = urls.values();
    const look = async () => {
      const watched = await WatchedPage.open(context);
      for (const url of left) faults.push(...await faultsOf(watched, url));
    };
    await Promise.all(Array.from({ length: TABS }, look));
    return faults;
  });
}

testInBrowser(
  "hostile text: markup, direction marks and a megabyte are shown as text on every screen",
  (browser) =>
    withHostileJobs(HOSTILITIES, async (url, jobs) => {
      const ofJobs = jobs.map((each) => Object.values(each).flatMap(screensOf));
      const urlsOf = (screens: readonly Screen[]) => screens.map(({ path }) => url + path);
      const faults = [
        ...await faultsOfAll(browser, NARROWEST, [
          url + TYPE_PAGE,
          ...urlsOf([...SCREENS, ...ofJobs.flat()]),
        ]),
        // Long texts are the widest, and few screens differ otherwise at desktop size.
        ...await faultsOfAll(browser, DESKTOP, urlsOf([...WITH_TEXTS, ...ofJobs.at(-1) ?? []])),
      ];
      assert.ok(faults.length === 0, faults.join("\n"));
    }),
);

/** Names of query parameters of all screens. */
const NAMES = ["search", "q", "label", "type", "state", "error", "cursor", "note", "next", "from"];

/** Parses pages without showing them, and returns those with elements created by a text. */
async function smuggling(page: Page, paths: readonly string[]): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`Promise.all(${JSON.stringify(paths)}.map(
    async (path) => {
      const answer = await fetch(path, { headers: { accept: "text/html" } });
      const read = new DOMParser().parseFromString(await answer.text(), "text/html");
      return read.querySelector(${JSON.stringify(SMUGGLED)}) === null ? [] : [path];
    },
  )).then((found) => found.flat())`);
}

testInBrowser(
  "hostile text: a crafted link adds nothing but text to a page",
  (browser) =>
    withHostileJobs([], (url) =>
      inContext(browser, { viewport: DESKTOP }, async (context) => {
        const page = await context.newPage();
        await page.goto(`${url}/`);
        const paths = SCREENS.flatMap(({ path }) =>
          NAMES.map((name) =>
            `${path}${path.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(MARKUP)}`
          )
        );
        assert.deepEqual(await smuggling(page, paths), []);
      })),
);

testInBrowser(
  "hostile text: a long id of no job is cut, and labels that wrap are large enough to touch",
  (browser) =>
    withHostileJobs([], (url) =>
      inContext(browser, { viewport: NARROWEST }, async (context) => {
        const watched = await WatchedPage.open(context, [404]);
        await watched.goto(`${url}/ui/jobs/${"x".repeat(200)}`);
        await watched.check();
        const labels = Object.fromEntries(
          Array.from({ length: 20 }, (_, at) => [`label-${at}`, "שלום".repeat(at)]),
        );
        const body = JSON.stringify({ jobId: "labelled", labels, plan: { expected: [] } });
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${url}/jobs`, { method: "POST", headers, body });
        assert.equal(response.status, 202, await response.text());
        await watched.goto(`${url}/ui/jobs/labelled`);
        await watched.checkWithAxe("all but the colours");
      })),
);

testInBrowser(
  "hostile text: long names stay in their column, and those of held jobs in a pause",
  (browser) =>
    withHostileJobs([], (url) =>
      inContext(browser, { viewport: NARROWEST }, async (context) => {
        const post = async (path: string, body: unknown, further = {}) => {
          const headers = { "content-type": "application/json", ...further };
          const init = { method: "POST", headers, body: JSON.stringify(body) };
          const response = await fetch(url + path, init);
          const text = await response.text();
          assert.ok(response.ok, text);
        };
        const job = { type: HOSTILE.type, jobId: LONG };
        const failing = { ...job, jobId: `failing-${LONG}`, input: { text: LONG, how: "fail" } };
        await post("/jobs", failing, { prefer: "wait=30" });
        await post("/jobs", { type: NAMED.type, input: {} });
        await post("/pauses", { reason: "the partner is down" });
        await post("/jobs", { ...job, input: { text: "a", how: "wait" } });
        const plan = { expected: [{ id: LONG, eventType: "shop.ParcelShipped" }] };
        await post("/jobs", { jobId: "plan", plan });
        const watched = await WatchedPage.open(context);
        for (const path of ["/", "/ui/limits"]) {
          await watched.goto(url + path);
          assert.ok(await watched.page.locator("#pauses a.id").count() > 0, path);
          await watched.check();
        }
        const cutOff = async (boxes: string) =>
          await watched.page.evaluate<readonly string[]>(`
            [...document.querySelectorAll(${JSON.stringify(boxes)})]
              .filter((box) => box.scrollWidth > box.clientWidth)
              .map((box) => box.textContent)
          `);
        await watched.goto(`${url}/ui/system/definitions/${NAMED.type}`);
        await watched.check();
        await watched.goto(url + TYPE_PAGE);
        assert.deepEqual(await cutOff(".as-cards"), []);
        await watched.goto(`${url}/ui/jobs/${failing.jobId}/time`);
        const counts = await watched.page.evaluate<readonly number[]>(`
          [...document.querySelectorAll(".task-progress > span")].map((each) => each.clientHeight)
        `);
        assert.ok(counts.length > 0 && counts.every((height) => height < 30), `${counts}`);
        await watched.page.setViewportSize(DESKTOP);
        await watched.goto(`${url}/ui/jobs/plan/time`);
        assert.deepEqual(await cutOff(".point .table-box"), []);
      })),
);

testInBrowser(
  "hostile text: text that creates an element, or reverses other text, is found",
  (browser) =>
    inContext(browser, {}, async (context) => {
      const watched = await WatchedPage.open(context);
      await watched.page.setContent(`<main>${MARKUP}</main>`);
      const [smuggled] = await smuggledInto(watched);
      assert.match(smuggled ?? "", /has what a text made/);
      await watched.page.setContent(
        `<p>apart <bdi>${TURNED}</bdi></p><p>${TURNED}</p><p>turned <b>${TURNED}</b> with it</p>` +
          `<p>within ${TURNED} it goes on</p>`,
      );
      const turning = await turningIn(watched);
      assert.deepEqual(turning.map((text) => /<p>\w+/.exec(text)?.[0]), ["<p>turned", "<p>within"]);
    }),
);
