/** Text of any code points, without the index of them all that fast-check builds for `binary`. */

import assert from "node:assert/strict";
import fc from "fast-check";

/** A code point, which may be half of a pair; for the `unit` of `fc.string`. */
export const anyCharacter: fc.Arbitrary<string> = fc.integer({ min: 0, max: 0x10ffff }).map(
  (point) => String.fromCodePoint(point),
  (text) => {
    assert.ok(typeof text === "string" && [...text].length === 1);
    return text.codePointAt(0) as number;
  },
);
