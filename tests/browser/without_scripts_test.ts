/** With scripts off every screen still reads, and every form still works. */

import assert from "node:assert/strict";
import { DESKTOP, inContext, testInBrowser } from "../support/chromium.ts";
import { withDemo } from "../support/demo_server.ts";
import { SCREENS, screensOf } from "./screens.ts";

testInBrowser(
  "without scripts: every screen reads, and nothing is there that only a script can use",
  (browser) =>
    withDemo((demo) =>
      inContext(browser, { viewport: DESKTOP, javaScriptEnabled: false }, async (context) => {
        const page = await context.newPage();
        for (const { path, says } of [...SCREENS, ...screensOf(demo.jobIn("waiting"))]) {
          const response = await page.goto(demo.url + path);
          assert.equal(response?.status(), 200, path);
          const text = await page.locator("main").innerText();
          assert.match(text, says, path);
          assert.ok(text.length > 100, `${path}: ${text}`);
          // A button outside of a form does nothing without a script.
          const useless = page.locator("button:visible:not(form button)");
          assert.deepEqual(await useless.allInnerTexts(), [], path);
        }
      })
    ),
);
