/** Which values may be misspellings of others, and which are different values. */

import assert from "node:assert/strict";
import type { JsonScalar } from "../../../src/core/json.ts";
import { looseForm } from "../../../src/explain/likeness/loose_form.ts";
import { isSpellingSlip, spellingSlips } from "../../../src/explain/likeness/spelling_slip.ts";

type Pair = readonly [JsonScalar, JsonScalar];

const SLIPS: readonly Pair[] = [
  ["R-400", "R-40O"],
  ["INV-1203", "INV-I203"],
  [4000, "400O"],
  ["Schmid", "Schmidt"],
  ["nordwind", "nordvind"],
  ["nordwind", "norwind"],
];

const OTHERS: readonly Pair[] = [
  ["7118", "7119"],
  [7118, 7119],
  ["R-400", "R-4000"],
  ["R-400", "R-400"],
  ["R-400A", "R-400B"],
  ["O40", "040"],
  ["nordwind", "nrodwind"],
  ["Schmid", "Schmitz"],
];

Deno.test("isSpellingSlip: one wrong letter, on either side, but never a digit for a digit", () => {
  for (const [left, right] of SLIPS) {
    assert.ok(isSpellingSlip(left, right) && isSpellingSlip(right, left), `${left} ${right}`);
  }
  for (const [left, right] of OTHERS) {
    assert.ok(!isSpellingSlip(left, right) && !isSpellingSlip(right, left), `${left} ${right}`);
  }
});

Deno.test("spellingSlips: they are exactly the slips", () => {
  for (const [left, right] of SLIPS) {
    assert.ok([...spellingSlips(looseForm(left))].includes(looseForm(right)), `${left} ${right}`);
  }
  for (const value of ["r400", "nordwind", "inv1203b", "abc"]) {
    for (const slip of spellingSlips(value)) {
      assert.ok(isSpellingSlip(value, slip), `${value} ${slip}`);
    }
  }
});
