/** The screens and all their actions, with and without scripts. */

import type { BrowserContext } from "playwright-core";
import { DESKTOP, inContext, testInBrowser } from "../support/process/chromium.ts";
import { type DemoProcess, withTwoDemos } from "../support/process/demo_process.ts";
import { sideBySide } from "./side_by_side.ts";
import { WatchedPage } from "./watched_page.ts";
import { type Action, ACTIONS } from "./actions.ts";
import { lookAtScreens } from "./screen_looks.ts";

type Doing = (action: Action, context: BrowserContext, demo: DemoProcess) => Promise<void>;

const watched: Doing = async ({ run, refusals }, context, demo) => {
  const page = await WatchedPage.open(context, refusals);
  await run(page.page, demo);
  // The colours are those of the screens.
  await page.checkWithAxe("all but the colours");
  await page.page.close();
};

const unscripted: Doing = async ({ run, needsScripts = false }, context, demo) => {
  if (needsScripts) return;
  const page = await context.newPage();
  await run(page, demo);
  await page.close();
};

/** One after the other, because some actions depend on earlier ones. */
async function doAll(doing: Doing, context: BrowserContext, demo: DemoProcess): Promise<void> {
  for (const action of ACTIONS) {
    try {
      await doing(action, context, demo);
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
              await doAll(watched, context, demo);
            }),
          "without scripts": () => {
            const options = { viewport: DESKTOP, javaScriptEnabled: false };
            return inContext(browser, options, (context) => doAll(unscripted, context, other));
          },
        }));
    }),
);
