/** The sign-in and the sign-out, in a browser. */

import assert from "node:assert/strict";
import { DESKTOP, inContext, testInBrowser, VIEWS } from "../support/process/chromium.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { WatchedPage } from "./watched_page.ts";

const TOKEN = "correct-horse-battery-staple";

async function withToken(run: (daybook: DaybookProcess) => Promise<void>): Promise<void> {
  await inFolder(async (journal) => {
    const daybook = await DaybookProcess.start({ journal, env: { DAYBOOK_TOKEN: TOKEN } });
    try {
      await run(daybook);
    } finally {
      await daybook.stop();
    }
  });
}

testInBrowser(
  "sign-in: reads well at both sizes, in both colours, and with a refusal",
  (browser) =>
    withToken(async ({ url }) => {
      for (const view of VIEWS) {
        await inContext(browser, view, async (context) => {
          const watched = await WatchedPage.open(context, [401]);
          await watched.goto(`${url}/ui/sign-in`);
          await watched.checkWithAxe();
          await watched.page.getByLabel("Token").fill("wrong-horse-battery-staple");
          await watched.page.getByRole("button", { name: "Sign in" }).click();
          await watched.page.getByRole("alert").waitFor();
          await watched.checkWithAxe();
        });
      }
    }),
);

testInBrowser(
  "sign-in: it leads to the requested page, no script can read the cookie, and signing out ends the session",
  (browser) =>
    withToken(({ url }) =>
      inContext(browser, { viewport: DESKTOP }, async (context) => {
        const watched = await WatchedPage.open(context);
        const { page } = watched;
        await watched.goto(`${url}/ui/jobs?state=Failed`);
        assert.equal(new URL(page.url()).pathname, "/ui/sign-in");
        await page.getByLabel("Token").fill(TOKEN);
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.waitForURL(`${url}/ui/jobs?state=Failed`);
        await watched.check();
        const [cookie] = await context.cookies();
        assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, "Strict"]);
        assert.ok(!JSON.stringify(cookie).includes(TOKEN));
        assert.equal(await page.evaluate("document.cookie"), "");

        await page.getByRole("button", { name: "Sign out" }).click();
        await page.waitForURL(`${url}/ui/sign-in`);
        await watched.goto(`${url}/ui/jobs`);
        assert.equal(new URL(page.url()).pathname, "/ui/sign-in");
        await watched.check();
      })
    ),
);
