/**
 * For each condition and each kind of failure: the whole text of the explanation, and every
 * citation opened in the file. The texts are in `explained/`; to write them again after a change
 * of wording, and then read the difference:
 *
 *     DAYBOOK_WRITE_TEXTS=1 deno test -A tests/scenario/explain_test.ts && git diff
 */

import assert from "node:assert/strict";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { ALL } from "../support/engine/explained_definitions.ts";
import { jobOf, SCENARIOS } from "../support/engine/explained_scenarios.ts";

for (const { name, condition, arrange } of SCENARIOS) {
  Deno.test(`explain: ${name.replaceAll("_", " ")}`, async () => {
    const first = await Explained.start({ definitions: ALL });
    const daybook = await arrange(first) ?? first;
    const jobId = jobOf(daybook);
    assert.equal(deriveCondition(daybook.engine.job(jobId as JobId) ?? assert.fail()), condition);
    await assertText(name, await daybook.text(jobId));
    assert.equal(await daybook.text(jobId), await daybook.text(jobId));
  });
}

async function assertText(name: string, text: string): Promise<void> {
  const file = new URL(`explained/${name}.txt`, import.meta.url);
  if (Deno.env.get("DAYBOOK_WRITE_TEXTS") === "1") await Deno.writeTextFile(file, text);
  assert.equal(text, await Deno.readTextFile(file));
}
