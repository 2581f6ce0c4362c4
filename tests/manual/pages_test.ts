/** Does what every page of the manual says, in a copy of this repository. */

import { inCheckout } from "../support/checkout.ts";
import { pageNames, readPage } from "../support/manual_pages.ts";
import { PageWalk } from "../support/page_walk.ts";
import { hasTools } from "../support/tools.ts";

Deno.test({
  name: "manual: every page does what it says",
  // Without curl and jq nobody can do what the pages say; CI installs them.
  ignore: !hasTools("curl", "jq"),
  fn: async (t) => {
    await inCheckout(async (checkout) => {
      for (const name of await pageNames()) {
        const page = await readPage(name);
        await t.step(name, () => new PageWalk(page, checkout).run());
        await checkout.tidy();
      }
    });
  },
});
