/** How each screen looks in a browser, with a job in each situation. */

import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { DESKTOP, inContext, NARROWEST } from "../support/process/chromium.ts";
import type { DemoProcess } from "../support/process/demo_process.ts";
import { sideBySide } from "./side_by_side.ts";
import { WatchedPage } from "./watched_page.ts";
import { type Screen, SCREENS, screensOf } from "./screens.ts";

/** The screens whose pages differ most. */
const FEW_SITUATIONS = ["waiting", "recovery required"];
const SITUATIONS = [...FEW_SITUATIONS, "backing off", "executing", "plan without code"];

/** The minimum size of a touch target, in pixels. */
const TARGET_MIN = 44;
/** The maximum height of a job in a list, in pixels. */
const CARD_MAX = 160;
/** The number of letters that must fit on a line. */
const WORD_MAX = 18;

function screensIn(demo: DemoProcess, situations: readonly string[]): readonly Screen[] {
  return [...SCREENS, ...situations.flatMap((situation) => screensOf(demo.jobIn(situation)))];
}

type Look = (watched: WatchedPage, screen: Screen) => Promise<readonly string[]>;

/** What is wrong with all screens in one view: one run reports everything. */
async function look(
  browser: Browser,
  { url }: DemoProcess,
  screens: readonly Screen[],
  view: Parameters<Browser["newContext"]>[0],
  faultsOf: Look,
): Promise<void> {
  const faults = await inContext(browser, view, async (context) => {
    const watched = await WatchedPage.open(context);
    const found: string[] = [];
    for (const screen of screens) {
      await watched.goto(url + screen.path);
      found.push(...await faultsOf(watched, screen), ...await watched.newFaults());
    }
    return found;
  });
  assert.ok(faults.length === 0, faults.join("\n"));
}

/** Checks that do not depend on width or colours. */
const whole: Look = async (watched, { path, says }) => {
  const text = await watched.page.locator("main").innerText();
  const silence = says.test(text) ? [] : [`${path} does not say ${says}: ${text.slice(0, 200)}`];
  const broken = (await brokenNumbers(watched)).map((number) => `${path} breaks ${number}`);
  const glued = (await gluedWords(watched)).map((words) => `${path} reads out ${words}`);
  return [
    ...silence,
    ...broken,
    ...glued,
    ...await watched.axeFindings(),
    ...await headingFaults(watched),
  ];
};

const colours: Look = (watched) => watched.axeFindings("the colours");

/** Nothing is cut off, touch targets are large enough, and a list shows several jobs at once. */
const narrow: Look = async (watched, { path }) => {
  const small = [...await smallTargets(watched), ...await tallCards(watched)];
  const broken = [...await brokenWords(watched), ...await brokenNumbers(watched)];
  return [
    ...await watched.axeFindings("all but the colours"),
    ...small.map((target) => `${path}: ${target}`),
    ...broken.map((word) => `${path} breaks ${word}`),
  ];
};

/** Links and buttons are within the window; only tables scroll sideways. */
const enlarged: Look = async ({ page }, { path }) => {
  const outside = await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll("nav a, main button")]
      .filter((element) => element.checkVisibility() && element.closest(".table-box") === null)
      .filter((element) => element.getBoundingClientRect().right > innerWidth)
      .map((element) => element.outerHTML.slice(0, 120))
  `);
  return outside.map((element) => `${path} has outside of the window ${element}`);
};

/** There is one first heading, and none skips a level. */
async function headingFaults({ page }: WatchedPage): Promise<readonly string[]> {
  const levels = await page.evaluate<readonly number[]>(
    "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(({ tagName }) => Number(tagName[1]))",
  );
  const skips = levels.some((level, index) => level > (levels[index - 1] ?? 0) + 1);
  const isWrong = skips || levels.filter((level) => level === 1).length !== 1;
  return isWrong ? [`${page.url()} has headings of levels ${levels}`] : [];
}

/** Short texts outside of code must be on one line to be readable. */
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
        const seen = [...range.getClientRects()].filter(({ width }) => width > 0);
        const lines = new Set(seen.map(({ top }) => Math.round(top)));
        if (lines.size > 1) broken.push(word + " in " + element.outerHTML.slice(0, 120));
      }
    }
    return broken;
  })()`);
}

/** Ids, times, durations and numbers must not break. */
async function brokenNumbers({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll(".id, time, .duration, .number, .count")]
      .filter((element) => element.checkVisibility({ contentVisibilityAuto: true }))
      .filter((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const seen = [...range.getClientRects()].filter(({ width }) => width > 1);
        const bottom = Math.max(...seen.map(({ bottom }) => bottom));
        return seen.some((rect) => rect.bottom < bottom - rect.height / 2);
      })
      .map((element) => element.outerHTML.slice(0, 160))
  `);
}

/** Words that only a margin separates: read out or copied, they are one word. */
async function gluedWords({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`(() => {
    const blockOf = (element) =>
      getComputedStyle(element).display.startsWith("inline") ? blockOf(element.parentElement) : element;
    const rectOf = (text, at) => {
      const range = document.createRange();
      range.selectNodeContents(text);
      return [...range.getClientRects()].at(at);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const glued = [];
    for (let last, text = walker.nextNode(); text !== null; last = text, text = walker.nextNode()) {
      if (text.parentElement.closest("[role=img]") !== null) continue;
      if (!/\\w$/.test(last?.data ?? "") || !/^\\w/.test(text.data)) continue;
      const block = blockOf(text.parentElement);
      if (block !== blockOf(last.parentElement) || getComputedStyle(block).display === "flex") continue;
      if (rectOf(text, 0)?.left > rectOf(last, -1)?.right + 1) glued.push(last.data + text.data);
    }
    return glued;
  })()`);
}

/** Visible buttons and fields; links within sentences are exempt, as in WCAG. */
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

async function tallCards({ page }: WatchedPage): Promise<readonly string[]> {
  return await page.evaluate<readonly string[]>(`
    [...document.querySelectorAll(".job-row")]
      .map((row) => [row, row.getBoundingClientRect().height])
      .filter(([, height]) => height > ${CARD_MAX})
      .map(([row, height]) => row.id + " is " + Math.round(height) + " high: " + row.innerText)
  `);
}

async function readWithoutScripts(browser: Browser, demo: DemoProcess): Promise<void> {
  const options = { viewport: DESKTOP, javaScriptEnabled: false };
  const faults = await inContext(browser, options, async (context) => {
    const page = await context.newPage();
    const found: string[] = [];
    for (const { path, says } of screensIn(demo, ["waiting"])) {
      await page.goto(demo.url + path);
      const text = await page.locator("main").innerText();
      if (!says.test(text) || text.length < 100) found.push(`${path} says: ${text}`);
      // A button outside a form does nothing without a script.
      const useless = await page.locator("button:visible:not(form button)").allInnerTexts();
      found.push(...useless.map((button) => `${path} has a button that does nothing: ${button}`));
    }
    return found;
  });
  assert.ok(faults.length === 0, faults.join("\n"));
}

/** At desktop size, at phone size, between them, in dark mode and without scripts. */
export async function lookAtScreens(browser: Browser, demo: DemoProcess): Promise<void> {
  const few = screensIn(demo, FEW_SITUATIONS);
  const desk = { viewport: DESKTOP, colorScheme: "light" } as const;
  const phone = { viewport: NARROWEST, hasTouch: true, colorScheme: "light" } as const;
  // What is left of a desktop that is enlarged by half.
  const tablet = { viewport: { width: 853, height: 533 } } as const;
  const dark = { viewport: DESKTOP, colorScheme: "dark" } as const;
  await sideBySide({
    "on a desk": () => look(browser, demo, screensIn(demo, SITUATIONS), desk, whole),
    "on the narrowest phone": () => look(browser, demo, few, phone, narrow),
    "enlarged": () => look(browser, demo, few, tablet, enlarged),
    "in the dark": () => look(browser, demo, few, dark, colours),
    "without scripts": () => readWithoutScripts(browser, demo),
  });
}
