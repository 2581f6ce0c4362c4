/** Each thing that can be done on the screens is done, with scripts and without. */

import type { BrowserContext } from "playwright-core";
import { DESKTOP, inContext, testInBrowser } from "../support/chromium.ts";
import type { DemoProcess } from "../support/demo_process.ts";
import { withDemo } from "../support/demo_server.ts";
import { sideBySide } from "../support/side_by_side.ts";
import { WatchedPage } from "../support/watched_page.ts";
import { type Action, ACTIONS } from "./actions.ts";

type Doing = (action: Action, context: BrowserContext, demo: DemoProcess) => Promise<void>;

const watched: Doing = async ({ run }, context, demo) => {
  const page = await WatchedPage.open(context);
  await run(page.page, demo);
  await page.checkWithAxe();
  await page.page.close();
};

const unscripted: Doing = async ({ run, needsScripts = false }, context, demo) => {
  if (needsScripts) return;
  const page = await context.newPage();
  await run(page, demo);
  await page.close();
};

/** One after the other: what one does, another finds done. */
async function doAll(doing: Doing, context: BrowserContext, demo: DemoProcess): Promise<void> {
  for (const action of ACTIONS) {
    try {
      await doing(action, context, demo);
    } catch (cause) {
      throw new Error(`${action.name}: ${cause}`, { cause });
    }
  }
}

testInBrowser(
  "actions: each does what it says, and all but the scripts' own do so without scripts as well",
  (browser) =>
    sideBySide({
      "with scripts": () =>
        withDemo((demo) =>
          inContext(browser, { viewport: DESKTOP }, async (context) => {
            await context.grantPermissions(["clipboard-read", "clipboard-write"]);
            await doAll(watched, context, demo);
          })
        ),
      "without scripts": () =>
        withDemo((demo) =>
          inContext(
            browser,
            { viewport: DESKTOP, javaScriptEnabled: false },
            (context) => doAll(unscripted, context, demo),
          )
        ),
    }),
);
