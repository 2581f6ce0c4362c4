/** What users write is text, wherever it is shown, whatever it is. */

import assert from "node:assert/strict";
import type { BrowserContext } from "playwright-core";
import { DESKTOP, inContext, PHONE, testInBrowser } from "../support/chromium.ts";
import { DaybookProcess } from "../support/daybook_process.ts";
import {
  type HostileJobs,
  hostileJobs,
  HOSTILITIES,
  type Hostility,
  MARKUP,
} from "../support/hostile_journal.ts";
import { ROOT } from "../support/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { WatchedPage } from "../support/watched_page.ts";
import { SCREENS, screensOf } from "./screens.ts";

const DEFINITIONS = `${ROOT}tests/support/hostile_definitions.ts`;
/** Of a page, whatever is in the journal. */
const PAGE_BYTES_MAX = 600_000;

/** Elements and attributes that only a text could have made. */
const SMUGGLED = "x-pwned, [data-pwned], [onerror], [onload], main img, main script, main style";

async function withHostileJobs(
  hostility: Hostility,
  run: (url: string, jobs: HostileJobs) => Promise<void>,
): Promise<void> {
  await inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({
      journal,
      args: [`--definitions=${DEFINITIONS}`],
      permissions: [`--allow-read=${journal},${ROOT}`],
    });
    try {
      await run(daybook.url, await hostileJobs(daybook, hostility));
    } finally {
      await daybook.stop();
    }
  });
}

async function checkPage(context: BrowserContext, url: string): Promise<void> {
  const watched = await WatchedPage.open(context);
  const response = await watched.page.goto(url, { waitUntil: "load" });
  assert.equal(response?.status(), 200, url);
  const bytes = (await response?.body())?.byteLength ?? 0;
  assert.ok(bytes < PAGE_BYTES_MAX, `${url} has ${bytes} bytes`);
  assert.equal(await watched.page.locator(SMUGGLED).count(), 0, url);
  assert.equal(await watched.page.evaluate("globalThis.pwned"), undefined, url);
  await watched.check();
  await watched.page.close();
}

for (const hostility of HOSTILITIES) {
  testInBrowser(
    `hostile text: ${hostility} is shown as text on every screen, and breaks none`,
    (browser) =>
      withHostileJobs(hostility, async (url, jobs) => {
        const screens = [...SCREENS, ...Object.values(jobs).flatMap(screensOf)];
        for (const viewport of [DESKTOP, PHONE]) {
          await inContext(browser, { viewport }, async (context) => {
            for (const { path } of screens) await checkPage(context, url + path);
          });
        }
      }),
  );
}

testInBrowser(
  "hostile text: a link that was made by somebody else puts nothing on a page but text",
  (browser) =>
    withHostileJobs(
      "markup",
      (url) =>
        inContext(browser, { viewport: DESKTOP }, async (context) => {
          const text = encodeURIComponent(MARKUP);
          for (const { path } of SCREENS) {
            const watched = await WatchedPage.open(context, [400, 422]);
            const given = [
              "search",
              "q",
              "label",
              "type",
              "state",
              "error",
              "cursor",
              "note",
              "next",
            ]
              .map((name) => `${name}=${text}`);
            for (const query of given) {
              await watched.goto(`${url}${path}${path.includes("?") ? "&" : "?"}${query}`);
              assert.equal(await watched.page.locator(SMUGGLED).count(), 0, `${path} ${query}`);
            }
            await watched.check();
            await watched.page.close();
          }
        }),
    ),
);
