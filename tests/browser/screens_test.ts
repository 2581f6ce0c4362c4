/** Each screen, with a job in each situation: how it is in a browser, whichever it is. */

import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import {
  DESKTOP,
  inContext,
  NARROWEST,
  testInBrowser,
  type View,
  VIEWS,
} from "../support/chromium.ts";
import type { DemoProcess } from "../support/demo_process.ts";
import { withDemo } from "../support/demo_server.ts";
import { WatchedPage } from "../support/watched_page.ts";
import { type Screen, SCREENS, screensOf } from "./screens.ts";

/** Those whose pages differ most. */
const FEW_SITUATIONS = ["waiting", "recovery required"];
const SITUATIONS = [...FEW_SITUATIONS, "backing off", "executing", "plan without code"];

/** Where a finger has to hit, in pixels. */
const TARGET_MIN = 44;
/** Letters that have to have room beside each other. */
const WORD_MAX = 18;

function screensIn(demo: DemoProcess, situations: readonly string[]): readonly Screen[] {
  return [...SCREENS, ...situations.flatMap((situation) => screensOf(demo.jobIn(situation)))];
}

/** What is wrong with all screens in one view: one run tells all of it. */
async function faultsIn(
  browser: Browser,
  screens: readonly Screen[],
  { url }: DemoProcess,
  view: View,
): Promise<string[]> {
  return await inContext(browser, view, async (context) => {
    const watched = await WatchedPage.open(context);
    const faults: string[] = [];
    for (const { path, says } of screens) {
      await watched.goto(url + path);
      const text = await watched.page.locator("main").innerText();
      if (!says.test(text)) faults.push(`${path} does not say ${says}: ${text.slice(0, 200)}`);
      faults.push(...await watched.seriousFindings(), ...await watched.newFaults());
      faults.push(...await headingFaults(watched));
    }
    return faults;
  });
}

/** There is one first heading, and none skips a level. */
async function headingFaults({ page }: WatchedPage): Promise<readonly string[]> {
  const levels = await page.evaluate<readonly number[]>(
    "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(({ tagName }) => Number(tagName[1]))",
  );
  const skips = levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1);
  const isWrong = skips || levels.filter((level) => level === 1).length !== 1;
  return isWrong ? [`${page.url()} has headings of levels ${levels}`] : [];
}

async function narrowFaults(browser: Browser, demo: DemoProcess): Promise<string[]> {
  return await inContext(browser, { viewport: NARROWEST, hasTouch: true }, async (context) => {
    const watched = await WatchedPage.open(context);
    const faults: string[] = [];
    for (const { path } of screensIn(demo, FEW_SITUATIONS)) {
      await watched.goto(demo.url + path);
      const small = await smallTargets(watched);
      const broken = await brokenWords(watched);
      faults.push(...await watched.newFaults());
      faults.push(...small.map((target) => `${path}: ${target}`));
      faults.push(...broken.map((word) => `${path} breaks ${word}`));
    }
    return faults;
  });
}

/** What is no code and not very long is in one line; elsewhere it cannot be read. */
async function brokenWords({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const broken = [];
    for (let text = walker.nextNode(); text !== null; text = walker.nextNode()) {
      const element = text.parentElement;
      if (element.closest("code, pre, .id, .mono, .unseen, textarea, option, svg") !== null) continue;
      if (!element.checkVisibility({ contentVisibilityAuto: true })) continue;
      for (const { index, 0: word } of text.data.matchAll(/(?<!\\S)\\p{L}{2,${WORD_MAX}}(?![^\\s:,.])/gu)) {
        const range = document.createRange();
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) broken.push(word + " in " + element.outerHTML.slice(0, 120));
      }
    }
    return broken;
  })()`);
}

/** Buttons and fields that are shown; links within sentences are left out, as WCAG has it. */
async function smallTargets({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll("button, select, input:not([type=hidden]), summary, nav a")]
      .filter((element) => element.checkVisibility({ contentVisibilityAuto: true }))
      .map((element) => [element, element.closest("label") ?? element])
      .map(([element, target]) => [element, target.getBoundingClientRect()])
      .filter(([, { width, height }]) => width > 0 && height > 0 && height < ${TARGET_MIN})
      .map(([element, { width, height }]) =>
        element.outerHTML.slice(0, 120) + " " + Math.round(width) + "x" + Math.round(height))
  `);
}

async function faultsWithoutScripts(browser: Browser, demo: DemoProcess): Promise<string[]> {
  const options = { viewport: DESKTOP, javaScriptEnabled: false };
  return await inContext(browser, options, async (context) => {
    const page = await context.newPage();
    const faults: string[] = [];
    for (const { path, says } of screensIn(demo, ["waiting"])) {
      await page.goto(demo.url + path);
      const text = await page.locator("main").innerText();
      if (!says.test(text) || text.length < 100) faults.push(`${path} says: ${text}`);
      // A button outside of a form does nothing without a script.
      const useless = await page.locator("button:visible:not(form button)").allInnerTexts();
      faults.push(...useless.map((button) => `${path} has a button that does nothing: ${button}`));
    }
    return faults;
  });
}

function assertNone(faults: readonly string[]): void {
  assert.ok(faults.length === 0, faults.join("\n"));
}

testInBrowser(
  "screens: each is as it should be in a browser",
  (browser, t) =>
    withDemo(async (demo) => {
      for (const colorScheme of ["light", "dark"] as const) {
        await t.step(`${colorScheme}: no error, no breach, and all can use it`, async () => {
          const views = VIEWS.filter((view) => view.colorScheme === colorScheme);
          const screens = screensIn(demo, colorScheme === "light" ? SITUATIONS : FEW_SITUATIONS);
          // Side by side: the time goes into waiting for each page.
          const faults = await Promise.all(
            views.map((view) => faultsIn(browser, screens, demo, view)),
          );
          assertNone(faults.flat());
        });
      }
      await t.step(
        `${NARROWEST.width} wide: nothing is cut off, and a finger hits what it wants`,
        async () => {
          assertNone(await narrowFaults(browser, demo));
        },
      );
      await t.step("without scripts it reads, and has no button that needs one", async () => {
        assertNone(await faultsWithoutScripts(browser, demo));
      });
    }),
);
