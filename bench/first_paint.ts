/**
 * The time to the first paint of each dashboard screen with 10,000 jobs in the journal, in turns
 * with a page of one line from the same machine. Needs Chromium.
 */

import type { Browser, Page } from "playwright-core";
import type { Daybook } from "../src/server/daybook.ts";
import { DESKTOP, inContext, withBrowser } from "../tests/support/process/chromium.ts";
import { paired } from "./figures.ts";
import { openDaybook, PAYLOAD, type Result } from "./fixtures.ts";
import { withFolder } from "./folder.ts";

const JOBS = 10_000;
const SUBMITTED_AT_A_TIME = 100;
const ROUNDS = 5;

const BARE = "<!doctype html><html lang=en><title>Bare</title><h1>Bare</h1></html>";

/** A third runs code, a third waits for events, and a third failed because of an event. */
async function submit({ fetch }: Daybook, number: number): Promise<void> {
  const equals = { orderId: `${number}` };
  const expected = [{ id: "paid", eventType: "bench.Paid", correlation: { equals } }];
  const policy = { errors: [{ eventType: "bench.Lost", correlation: { equals } }] };
  const job = number % 3 === 0
    ? { type: "bench.three", input: { payload: PAYLOAD } }
    : { plan: { expected, policy } };
  const common = { jobId: `job-${number}`, labels: { order: `${number}` } };
  await post(fetch, "/jobs", { ...common, ...job });
  if (number % 3 === 1) {
    await post(fetch, "/events", { eventType: "bench.Lost", attributes: equals });
  }
}

async function post(fetch: Daybook["fetch"], path: string, body: object): Promise<void> {
  const response = await fetch(
    new Request(`http://localhost${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
  if (!response.ok) throw new Error(`Cannot fill the journal: ${await response.text()}`);
  await response.body?.cancel();
}

async function fill(daybook: Daybook): Promise<void> {
  for (let first = 0; first < JOBS; first += SUBMITTED_AT_A_TIME) {
    const numbers = Array.from({ length: SUBMITTED_AT_A_TIME }, (_, index) => first + index);
    await Promise.all(numbers.map((number) => submit(daybook, number)));
  }
}

/** Milliseconds from the navigation to the first text or image, as the browser reports it. */
async function firstPaintMs(page: Page, url: string): Promise<number> {
  await page.goto(url, { waitUntil: "load" });
  return await page.evaluate<number>(`new Promise((resolve) => {
    new PerformanceObserver((list) => {
      for (const { name, startTime } of list.getEntries()) {
        if (name === "first-contentful-paint") resolve(startTime);
      }
    }).observe({ type: "paint", buffered: true });
  })`);
}

const SCREENS: Readonly<Record<string, string>> = {
  overview: "/",
  jobs: "/ui/jobs",
  "jobs that failed": "/ui/jobs?state=Failed",
  job: `/ui/jobs/job-${JOBS - 1}`,
  "time travel": `/ui/jobs/job-${JOBS - 1}/time`,
  stream: "/ui/stream",
  system: "/ui/system",
};

async function measure(browser: Browser, url: string): Promise<readonly Result[]> {
  // A new context each time, so that nothing is cached.
  const paintOf = (path: string) =>
    inContext(
      browser,
      { viewport: DESKTOP },
      async (context) => await firstPaintMs(await context.newPage(), url + path),
    );
  await paintOf("/bare");
  const results: Result[] = [];
  for (const [name, path] of Object.entries(SCREENS)) {
    const { baseline, measured, ratio } = await paired(
      ROUNDS,
      () => paintOf("/bare"),
      () => paintOf(path),
    );
    const figure = `${measured.toFixed(0)} ms to the first paint; a bare page: ` +
      `${baseline.toFixed(0)} ms`;
    results.push({ name: `first paint, ${JOBS} jobs: ${name}`, figure, ratio });
  }
  return results;
}

export async function firstPaint(): Promise<readonly Result[]> {
  return await withFolder(async (folder) => {
    const daybook = await openDaybook(folder);
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) =>
        new URL(request.url).pathname === "/bare"
          ? new Response(BARE, { headers: { "content-type": "text/html" } })
          : daybook.fetch(request),
    );
    try {
      await fill(daybook);
      const url = `http://127.0.0.1:${server.addr.port}`;
      return await withBrowser((browser) => measure(browser, url));
    } finally {
      await daybook.stop(() => server.shutdown());
    }
  });
}
