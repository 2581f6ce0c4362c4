/** What the first answer to each incident is worth; `incidents/README.md` says how to read it. */

import assert from "node:assert/strict";
import { investigate } from "../support/incident.ts";
import { test } from "../support/sanitized.ts";
import { incidentsIn } from "./incidents/collected.ts";

/** Raised with what the answers reach; it never falls. */
const UNSEEN_CAUSES_MIN = 6;
const UNSEEN = await incidentsIn("unseen");

for (const { name, incident } of await incidentsIn(".")) {
  test(`incident: ${name}`, async () => {
    const { words: _, texts, ...held } = await investigate(incident);
    const all = { cause: true, decisive: true, innocent: true, next: true, silent: true };
    assert.deepEqual(held, all, texts.join("\n--- without its culprit\n"));
  });
}

test(`incidents: of the unseen set, at least ${UNSEEN_CAUSES_MIN} first answers name the cause`, async () => {
  const found: string[] = [];
  for (const { name, incident } of UNSEEN) {
    if ((await investigate(incident)).cause) found.push(name);
  }
  assert.ok(found.length >= UNSEEN_CAUSES_MIN, `only ${found.join(", ")}`);
});
