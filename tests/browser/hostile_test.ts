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

/** What a page does that it should not, with a size that hangs on no text. */
async function faultsOf(context: BrowserContext, url: string): Promise<readonly string[]> {
  const watched = await WatchedPage.open(context);
  const response = await watched.page.goto(url, { waitUntil: "load" });
  const bytes = (await response?.body())?.byteLength ?? 0;
  const faults = [
    ...await smuggledInto(watched),
    ...bytes < PAGE_BYTES_MAX ? [] : [`${url} has ${bytes} bytes`],
    ...await watched.newFaults(),
  ];
  await watched.page.close();
  return faults;
}

async function smuggledInto({ page }: WatchedPage): Promise<readonly string[]> {
  const [count, pwned] = [
    await page.locator(SMUGGLED).count(),
    await page.evaluate("globalThis.pwned"),
  ];
  return count === 0 && pwned === undefined ? [] : [`${page.url()} has what a text made`];
}

for (const hostility of HOSTILITIES) {
  testInBrowser(
    `hostile text: ${hostility} is shown as text on every screen, and breaks none`,
    (browser) =>
      withHostileJobs(hostility, async (url, jobs) => {
        const screens = [...SCREENS, ...Object.values(jobs).flatMap(screensOf)];
        const faults: string[] = [];
        for (const viewport of [DESKTOP, PHONE]) {
          await inContext(browser, { viewport }, async (context) => {
            for (const { path } of screens) faults.push(...await faultsOf(context, url + path));
          });
        }
        assert.ok(faults.length === 0, faults.join("\n"));
      }),
  );
}

/** Names that a query of any screen may have. */
const NAMES = ["search", "q", "label", "type", "state", "error", "cursor", "note", "next", "from"];

testInBrowser(
  "hostile text: a link that was made by somebody else puts nothing on a page but text",
  (browser) =>
    withHostileJobs(
      "markup",
      (url) =>
        inContext(browser, { viewport: DESKTOP }, async (context) => {
          const watched = await WatchedPage.open(context, [400, 422]);
          const faults: string[] = [];
          for (const { path } of SCREENS) {
            for (const name of NAMES) {
              const query = `${name}=${encodeURIComponent(MARKUP)}`;
              await watched.goto(`${url}${path}${path.includes("?") ? "&" : "?"}${query}`);
              faults.push(...await smuggledInto(watched), ...await watched.newFaults());
            }
          }
          assert.ok(faults.length === 0, faults.join("\n"));
        }),
    ),
);

testInBrowser(
  "hostile text: one that made an element is found",
  (browser) =>
    inContext(browser, {}, async (context) => {
      const watched = await WatchedPage.open(context);
      await watched.page.setContent(`<main>${MARKUP}</main>`);
      const [found] = await smuggledInto(watched);
      assert.match(found ?? "", /has what a text made/);
    }),
);
