/** Each thing that can be done on the screens is done, with scripts and without. */

import { DESKTOP, inContext, testInBrowser } from "../support/chromium.ts";
import { withDemo } from "../support/demo_server.ts";
import { WatchedPage } from "../support/watched_page.ts";
import { ACTIONS } from "./actions.ts";

testInBrowser(
  "actions: each does what it says, and nothing goes wrong",
  (browser, t) =>
    withDemo((demo) =>
      inContext(browser, { viewport: DESKTOP }, async (context) => {
        await context.grantPermissions(["clipboard-read", "clipboard-write"]);
        for (const { name, run } of ACTIONS) {
          await t.step(name, async () => {
            const watched = await WatchedPage.open(context);
            await run(watched.page, demo);
            await watched.checkWithAxe();
            await watched.page.close();
          });
        }
      })
    ),
);

testInBrowser(
  "actions: without scripts each that is not a script's own works all the same",
  (browser, t) =>
    withDemo((demo) =>
      inContext(browser, { viewport: DESKTOP, javaScriptEnabled: false }, async (context) => {
        for (const { name, run, needsScripts = false } of ACTIONS) {
          if (needsScripts) continue;
          await t.step(name, async () => {
            const page = await context.newPage();
            await run(page, demo);
            await page.close();
          });
        }
      })
    ),
);
