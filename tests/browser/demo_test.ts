/** The screens and all their actions, with and without scripts. */

import type { BrowserContext } from "playwright-core";
import { DESKTOP, inContext, testInBrowser } from "../support/process/chromium.ts";
import { type DemoProcess, withTwoDemos } from "../support/process/demo_process.ts";
import { sideBySide } from "./side_by_side.ts";
import { WatchedPage } from "./watched_page.ts";
import { type Action, ACTIONS } from "./actions.ts";
import { lookAtScreens } from "./screen_looks.ts";

type Doing = (action: Action) => Promise<void>;

// In one tab each, because opening one takes longer than most actions.

async function watched(context: BrowserContext, demo: DemoProcess): Promise<Doing> {
  const watched = await WatchedPage.open(context);
  return async ({ run, refusals = [] }) => {
    watched.expected = refusals;
    await run(watched.page, demo);
    // The colours are those of the screens.
    await watched.checkWithAxe("all but the colours");
  };
}

async function unscripted(context: BrowserContext, demo: DemoProcess): Promise<Doing> {
  const page = await context.newPage();
  return async ({ run, needsScripts = false }) => {
    if (!needsScripts) await run(page, demo);
  };
}

/** One after the other, because some actions depend on earlier ones. */
async function doAll(doing: Doing): Promise<void> {
  for (const action of ACTIONS) {
    try {
      await doing(action);
    } catch (cause) {
      throw new Error(`${action.name}: ${cause}`, { cause });
    }
  }
}

// One test, because a demo takes long until it has a job in each situation.
testInBrowser(
  "screens and actions: they are accessible, do what they say, and mostly need no script",
  (browser, t) =>
    withTwoDemos(async (demo, other) => {
      await t.step("each screen is correct on every device", async () => {
        await lookAtScreens(browser, demo);
      });
      await t.step("each action does what it says", () =>
        sideBySide({
          "with scripts": () =>
            inContext(browser, { viewport: DESKTOP, timezoneId: "Asia/Tokyo" }, async (context) => {
              await context.grantPermissions(["clipboard-read", "clipboard-write"]);
              await doAll(await watched(context, demo));
            }),
          "without scripts": () => {
            const options = { viewport: DESKTOP, javaScriptEnabled: false };
            return inContext(
              browser,
              options,
              async (context) => await doAll(await unscripted(context, other)),
            );
          },
        }));
    }),
);
