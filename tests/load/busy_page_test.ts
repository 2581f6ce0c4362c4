/** The dashboard while 500 jobs a second finish: it stays stable, and does not grow. */

import assert from "node:assert/strict";
import type { Browser, CDPSession, Page } from "playwright-core";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { DESKTOP, inContext, testInBrowser } from "../support/process/chromium.ts";
import { rounds } from "../support/effort.ts";
import { sideBySide } from "../browser/side_by_side.ts";
import { ROOT } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { WatchedPage } from "../browser/watched_page.ts";
import { PATIENCE_MS, until as comesTo } from "../support/until.ts";

/** The share of a second between starts: small enough that jobs do not arrive in bursts. */
const PARTS = 20;

/** Jobs that arrive and finish at a steady rate. */
class BusyJobs {
  #started = 0;
  #isStopped = false;
  readonly #began = performance.now();
  readonly #going: Promise<void>;

  constructor(private readonly daybook: DaybookProcess, private readonly perSecond: number) {
    this.#going = this.#go();
    // The error is passed to the caller of `stop`.
    this.#going.catch(() => {});
  }

  /** Resolves when all have ended, with the number of started jobs and the rate. */
  async stop(): Promise<{ readonly jobs: number; readonly perSecond: number }> {
    this.#isStopped = true;
    await this.#going;
    await this.#untilAllEnded();
    const seconds = (performance.now() - this.#began) / 1_000;
    return { jobs: this.#started, perSecond: Math.round(this.#started / seconds) };
  }

  /** Resolves when this many have failed. */
  async failed(count: number): Promise<void> {
    await comesTo("jobs have failed", async () => {
      const page = await this.daybook.get(`/jobs?state=Failed&limit=${count}`);
      return (page as { readonly jobs: readonly unknown[] }).jobs.length === count;
    });
  }

  /** Behind the rate it catches up; ahead of it, it waits. */
  async #go(): Promise<void> {
    const part = this.perSecond / PARTS;
    while (!this.#isStopped) {
      const events = Array.from({ length: part }, (_, index) => ({
        eventType: "busy.Asked",
        attributes: { number: this.#started + index },
      }));
      this.#started += part;
      const response = await this.daybook.post("/events", events);
      await response.body?.cancel();
      assert.equal(response.status, 200, "the events are taken");
      const dueMs = this.#began + this.#started / this.perSecond * 1_000 - performance.now();
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    }
  }

  async #untilAllEnded(): Promise<void> {
    for (const condition of ["queued", "executing"]) {
      for (;;) {
        const page = await this.daybook.get(`/jobs?condition=${condition}&limit=1`);
        const [job] = (page as { readonly jobs: readonly { readonly jobId: string }[] }).jobs;
        if (job === undefined) break;
        const path = `${this.daybook.url}/jobs/${encodeURIComponent(job.jobId)}`;
        const response = await fetch(path, { headers: { prefer: "wait=10" } });
        await response.body?.cancel();
      }
    }
  }
}

// Pages with forbidden behaviour while jobs finish, to check the tests.

const RESTLESS = {
  /** Inserts new rows on top, under the pointer. */
  "moves its rows": `list.prepend(list.lastElementChild)`,
  /** Pushes down the content below, where there is no link, but never out of sight. */
  "pushes down what is below":
    `banner.style.height = banner.style.height === "60px" ? "0px" : "60px"`,
  /** Keeps what it replaces. */
  "keeps what it replaces": `kept.push(Array.from({ length: 300 }, () => row("old")))`,
} as const;

type Restlessness = keyof typeof RESTLESS;
const RESTLESSNESSES = Object.keys(RESTLESS) as readonly Restlessness[];

/** Faster than a real page, so that the test is short. */
const RENEWED_EVERY_MS = 50;

function pageOf(restlessness: Restlessness): string {
  return `<!doctype html><html lang="en"><title>Restless</title>
    <main><ul id="list"></ul><div id="banner"></div><p>below</p></main>
    <script>
      const kept = [];
      function row(name) {
        const item = document.createElement("li");
        item.innerHTML = '<a href="/ui/jobs/' + name + '">' + name + "</a>";
        return item;
      }
      for (let number = 0; number < 9; number++) list.append(row("job-" + number));
      setInterval(() => {
        ${RESTLESS[restlessness]};
        document.dispatchEvent(new CustomEvent("daybook:asking"));
      }, ${RENEWED_EVERY_MS});
    </script>`;
}

async function withRestlessPage(
  restlessness: Restlessness,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const headers = { "content-type": "text/html" };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) =>
      new URL(url).pathname === "/"
        ? new Response(pageOf(restlessness), { headers })
        : new Response(null, { status: 204 }),
  );
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`);
  } finally {
    await server.shutdown();
  }
}

const JOBS_PER_SECOND = 500;
/** At least as many as a page lists: until then its list grows, and pushes down what is below. */
const FAILED_SHOWN = 10;
/** A page is refreshed at most once a second. */
const RENEWALS = rounds(3, 300);
/** Refreshes until a page has loaded everything. */
const RENEWALS_BEFORE = 3;
/** Time for the request and the changes that it causes. */
const SHOWN_AFTER_MS = 200;
const MEBIBYTE = 1024 * 1024;
/** Tolerance for the browser engine; a leak of rows soon exceeds it. */
const GROWTH_MAX_BYTES = 2 * MEBIBYTE;
const LOOKS_MAX = 10;
/** Less than a page of rows: a page that keeps what it replaces grows by a page each time. */
const GROWTH_MAX_NODES = 1_500;
/**
 * Cumulative layout shift: a line of text pushed down by its own height is 0.0006; up to 0.1 counts
 * as good (web.dev/cls).
 */
const SHIFT_MAX = 0.0005;

const DEFINITIONS = `${ROOT}tests/load/busy_definitions.ts`;

async function whileBusy(run: (url: string) => Promise<void>): Promise<void> {
  await inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: [`--definitions=${DEFINITIONS}`],
      permissions: [`--allow-read=${journal},${ROOT}`],
    });
    const busy = new BusyJobs(daybook, JOBS_PER_SECOND);
    try {
      await busy.failed(FAILED_SHOWN);
      await run(daybook.url);
      const { jobs, perSecond } = await busy.stop();
      console.log(`    ${jobs} jobs, ${perSecond} a second`);
    } finally {
      await busy.stop();
      await daybook.stop();
    }
  });
}

/**
 * Resolves after this many announcements of changes, with time to show them; a page without
 * announcements fails.
 */
async function renewed(page: Page, times: number): Promise<void> {
  await page.evaluate(`new Promise((resolve, reject) => {
    let left = ${times};
    const late = setTimeout(() => reject(new Error("it hears of nothing new")), ${PATIENCE_MS});
    document.addEventListener("daybook:asking", function count() {
      if (--left > 0) return;
      document.removeEventListener("daybook:asking", count);
      clearTimeout(late);
      setTimeout(resolve, ${SHOWN_AFTER_MS});
    });
  })`);
}

interface Size {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** The memory of the page after garbage collection. */
async function sizeOf(cdp: CDPSession): Promise<Size> {
  // Twice, because objects freed by the first one hold others.
  for (let turn = 0; turn < 2; turn++) await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const { nodes, jsEventListeners } = await cdp.send("Memory.getDOMCounters");
  return { heapBytes: usedSize, nodes, listeners: jsEventListeners };
}

/** The target of a click. */
async function underPointer(page: Page, { x, y }: Point): Promise<string | null> {
  return await page.evaluate<string | null>(
    `document.elementFromPoint(${x}, ${y})?.closest("a")?.getAttribute("href") ?? null`,
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Points at a link to a job, like a user who is about to click. Playwright's hover finds a link, and
 * points at it some steps later, when a busy machine may show other rows.
 */
async function pointAtJob(page: Page): Promise<Point> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const point = await page.evaluate<Point | null>(`(() => {
      const links = document.querySelectorAll('main a[href^="/ui/jobs/"]');
      const link = links[Math.min(2, links.length - 1)];
      link?.scrollIntoView({ block: "nearest" });
      const box = link?.getBoundingClientRect();
      return box ? { x: box.x + Math.min(20, box.width / 2), y: box.y + box.height / 2 } : null;
    })()`);
    if (point === null) continue;
    await page.mouse.move(point.x, point.y);
    // What it had asked for before that may still come with the first, and move what it shows.
    await renewed(page, 2);
    if (await underPointer(page, point) !== null) return point;
  }
  assert.fail(`${page.url()} shows no job that can be pointed at`);
}

/** @param isStill Whether it must not move even without a pointer. */
async function checkPage(browser: Browser, url: string, isStill: boolean): Promise<void> {
  await inContext(browser, { viewport: DESKTOP }, async (context) => {
    const watched = await WatchedPage.open(context);
    await watched.goto(url);
    await renewed(watched.page, RENEWALS_BEFORE);
    const point = await pointAtJob(watched.page);
    await checkShift(watched, () => checkPointed(watched.page, point));
    await watched.page.mouse.move(0, 0);
    const whileFree = () => checkGrowth(watched.page);
    await (isStill ? checkShift(watched, whileFree) : whileFree());
    await checkPause(watched.page);
    await watched.check();
  });
}

/** The element under the pointer stays. */
async function checkPointed(page: Page, point: Point): Promise<void> {
  const job = await underPointer(page, point);
  for (let turn = 0; turn < RENEWALS; turn++) {
    await renewed(page, 1);
    assert.equal(await underPointer(page, point), job, `${page.url()}: what a click leads to`);
  }
}

async function checkShift(watched: WatchedPage, during: () => Promise<void>): Promise<void> {
  const before = await watched.observed();
  await during();
  const { shift, shifted } = await watched.observed();
  const moved = shifted.slice(before.shifted.length);
  const by = shift - before.shift;
  assert.ok(by < SHIFT_MAX, `${watched.page.url()} moved by ${by}: ${moved.join("\n")}`);
}

async function checkGrowth(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await renewed(page, RENEWALS_BEFORE);
  const before = await sizeOf(cdp);
  await renewed(page, RENEWALS);
  let after = await sizeOf(cdp);
  // In the middle of a renewal a page has two contents; one that keeps the old ones only grows.
  for (let looks = 1; hasGrown(before, after) && looks < LOOKS_MAX; looks++) {
    await renewed(page, 1);
    after = await sizeOf(cdp);
  }
  const text = `${page.url()}: ${JSON.stringify(before)}, ${JSON.stringify(after)}`;
  assert.ok(!hasGrown(before, after), text);
}

function hasGrown(before: Size, after: Size): boolean {
  return after.heapBytes - before.heapBytes >= GROWTH_MAX_BYTES ||
    after.nodes - before.nodes >= GROWTH_MAX_NODES ||
    after.listeners > before.listeners + 20;
}

/** While paused, only the count of new entries changes; afterwards, everything is there. */
async function checkPause(page: Page): Promise<void> {
  const control = page.locator("#live-control");
  await control.click();
  const shown = await page.locator("main").innerText();
  await until(page, `/[1-9]/.test(${COUNT})`);
  const first = await page.evaluate<string>(COUNT);
  await until(page, `${COUNT} !== ${JSON.stringify(first)}`);
  assert.equal(await page.locator("main").innerText(), shown, `${page.url()}: while it is paused`);
  const isRenewed = renewed(page, 1);
  await control.click();
  await isRenewed;
}

/** The text of the button, with the count of new entries. */
const COUNT = "document.getElementById('live-text').textContent";

/** The content security policy forbids eval, which Playwright's wait uses. */
async function until(page: Page, condition: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const look = () => (${condition}) ? resolve() : requestAnimationFrame(look);
    look();
  })`);
}

const PAGES = [
  { path: "/", isStill: true },
  { path: "/ui/jobs", isStill: true },
  // New entries come on top while the user is not reading.
  { path: "/ui/stream", isStill: false },
] as const;

testInBrowser(
  "busy: every live page stays stable while 500 jobs a second finish, and does not grow",
  (browser) =>
    whileBusy((url) =>
      sideBySide(Object.fromEntries(
        PAGES.map(({ path, isStill }) => [path, () => checkPage(browser, url + path, isStill)]),
      ))
    ),
);

const FOUND_AS: Readonly<Record<Restlessness, RegExp>> = {
  "moves its rows": /what a click leads to/,
  "pushes down what is below": /moved by/,
  "keeps what it replaces": /"nodes":/,
};

for (const restlessness of RESTLESSNESSES) {
  testInBrowser(
    `busy: a page that ${restlessness} is found`,
    (browser) =>
      withRestlessPage(restlessness, async (url) => {
        await assert.rejects(checkPage(browser, url, true), FOUND_AS[restlessness]);
      }),
  );
}
