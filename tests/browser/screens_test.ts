/** Each screen, at both sizes and in both colours, with a job in each situation. */

import assert from "node:assert/strict";
import { inContext, NARROWEST, testInBrowser, type View, VIEWS } from "../support/chromium.ts";
import type { DemoProcess } from "../support/demo_process.ts";
import { withDemo } from "../support/demo_server.ts";
import { WatchedPage } from "../support/watched_page.ts";
import { type Screen, SCREENS, screensOf } from "./screens.ts";

/** Those whose pages differ most. */
const SITUATIONS = [
  "waiting",
  "backing off",
  "recovery required",
  "executing",
  "plan without code",
];

/** Where a finger has to hit, in pixels. */
const TARGET_MIN = 44;

function screensIn(demo: DemoProcess, situations: readonly string[]): readonly Screen[] {
  return [...SCREENS, ...situations.flatMap((situation) => screensOf(demo.jobIn(situation)))];
}

testInBrowser(
  "screens: none breaks its policy, logs an error, or keeps somebody from using it",
  (browser) =>
    withDemo(async (demo) => {
      for (const view of VIEWS) {
        await inContext(browser, view, async (context) => {
          const watched = await WatchedPage.open(context);
          for (const { path, says } of screensIn(demo, SITUATIONS)) {
            await watched.goto(demo.url + path);
            assert.match(await watched.page.locator("main").innerText(), says);
            await watched.checkWithAxe();
            await checkHeadings(watched);
          }
        });
      }
    }),
);

/** One first heading, and none that skips a level. */
async function checkHeadings({ page }: WatchedPage): Promise<void> {
  const levels = await page.evaluate<readonly number[]>(
    "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(({ tagName }) => Number(tagName[1]))",
  );
  assert.equal(levels.filter((level) => level === 1).length, 1, `${page.url()}: ${levels}`);
  const skipped = levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1);
  assert.ok(!skipped, `${page.url()}: ${levels}`);
}

testInBrowser(
  "screens: in the narrowest window nothing is cut off, and what is pressed is large enough",
  (browser) =>
    withDemo((demo) => {
      const view: View = { viewport: NARROWEST, colorScheme: "light" };
      return inContext(browser, { ...view, hasTouch: true }, async (context) => {
        const watched = await WatchedPage.open(context);
        for (const { path } of screensIn(demo, ["waiting", "recovery required"])) {
          await watched.goto(demo.url + path);
          await watched.check();
          assert.deepEqual(await smallTargets(watched), [], path);
        }
      });
    }),
);

/** Buttons and fields that are shown; links within sentences are left out, as WCAG has it. */
async function smallTargets({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll("button, select, input:not([type=hidden]), summary, nav a")]
      .map((element) => [element, element.closest("label") ?? element])
      .map(([element, target]) => [element, target.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 0 && height > 0 && height < ${TARGET_MIN})
      .map(([element, { width, height }]) =>
        element.outerHTML.slice(0, 120) + " " + Math.round(width) + "x" + Math.round(height))
  `);
}
