/**
 * The verdict on the first answer to each incident; `incidents/README.md` explains it, and
 * `incidents/table.ts` prints it.
 */

import assert from "node:assert/strict";
import { investigate, isWhole, WORDS_MAX } from "./incident.ts";
import { IS_QUICK } from "../support/effort.ts";
import { incidentsOf, SETS } from "./incidents/collected.ts";

/**
 * How many first answers name the cause, and how many meet all requirements: raised, never lowered.
 */
const REACHED = {
  seen: { causes: 180, whole: 180 },
  unseen: { causes: 20, whole: 20 },
} as const;

for (const set of SETS) {
  if (IS_QUICK && set === "seen") continue;
  const all = await incidentsOf(set);
  const { causes, whole } = REACHED[set];
  Deno.test(`incidents: of ${all.length} ${set} ones, ${causes} first answers name the cause, and ${whole} meet all requirements within ${WORDS_MAX} words`, async () => {
    const held: string[] = [];
    const named: string[] = [];
    const wordy: string[] = [];
    for (const { name, incident } of all) {
      const finding = await investigate(incident);
      if (finding.cause) named.push(name);
      if (isWhole(finding)) held.push(name);
      if (finding.words > WORDS_MAX) wordy.push(`${name} (${finding.words})`);
    }
    assert.ok(named.length >= causes, `the cause is named only in: ${named.join(", ")}`);
    assert.ok(held.length >= whole, `all holds only in: ${held.join(", ")}`);
    assert.deepEqual(wordy, [], `more than ${WORDS_MAX} words`);
  });
}
