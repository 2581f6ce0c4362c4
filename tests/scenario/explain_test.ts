/**
 * For each condition and each kind of failure: the text of the explanation, and every citation
 * opened in the file. The texts, without the places in the files, are in `explained/`, a file for
 * each condition; to write them again after a change of wording, and then read the difference:
 *
 *     DAYBOOK_WRITE_TEXTS=1 deno test -A tests/scenario/explain_test.ts && git diff
 */

import assert from "node:assert/strict";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { ALL } from "../support/engine/explained_definitions.ts";
import { jobOf, SCENARIOS } from "../support/engine/explained_scenarios.ts";

const IS_WRITING = Deno.env.get("DAYBOOK_WRITE_TEXTS") === "1";

for (const [condition, scenarios] of Map.groupBy(SCENARIOS, (scenario) => scenario.condition)) {
  const file = new URL(`explained/${condition}.txt`, import.meta.url);
  const texts = IS_WRITING ? new Map<string, string>() : textsIn(Deno.readTextFileSync(file));
  for (const { name, arrange } of scenarios) {
    Deno.test(`explain: ${name.replaceAll("_", " ")}`, async () => {
      const first = await Explained.start({ definitions: ALL });
      const daybook = await arrange(first) ?? first;
      const jobId = jobOf(daybook);
      assert.equal(deriveCondition(daybook.engine.job(jobId as JobId) ?? assert.fail()), condition);
      const text = withoutPlaces(await daybook.text(jobId));
      if (IS_WRITING) await Deno.writeTextFile(file, together(texts.set(name, text)));
      assert.equal(text, texts.get(name));
      assert.equal(withoutPlaces(await daybook.text(jobId)), text);
    });
  }
}

/** Of the evidence, only what a rule of the state table did: places are compared with the files. */
function withoutPlaces(text: string): string {
  const [told = "", evidence = ""] = text.split("\nEvidence\n");
  const rules = evidence.split("\n").filter((line) => line.includes(" (rule "))
    .map((line) => line.replace(/ \S+:\d+ (\S+) \S+/, " $1") + "\n");
  return rules.length === 0 ? told : `${told}\nEvidence\n${rules.join("")}`;
}

/** Each text stands below the name of its scenario. */
function together(texts: ReadonlyMap<string, string>): string {
  return [...texts].map(([name, text]) => `=== ${name} ===\n\n${text}`).join("\n");
}

function textsIn(file: string): Map<string, string> {
  const [, ...parts] = file.split(/(?:^|\n)=== (\w+) ===\n\n/);
  const texts = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) texts.set(parts[at] ?? "", parts[at + 1] ?? "");
  return texts;
}
