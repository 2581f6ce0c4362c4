/** Text from outside on a terminal. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { fitted, padded, plainPage, plainText, textWidth } from "../../src/cli/plain_text.ts";

const ANY_UNIT = fc.integer({ min: 0, max: 0x2fff }).map((code) => String.fromCharCode(code));
const ANY_TEXT = fc.string({ unit: "grapheme" });
// deno-lint-ignore no-control-regex -- tests that there are none
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

Deno.test("plainText: characters that move the cursor or reverse the line are escaped", () => {
  assert.equal(plainText("a\x1b[2Jb\r\nc\td\x9b\u202ee"), "a\\u001b[2Jb\\r\\nc\\td\\u009b\\u202ee");
});

Deno.test("plainText: letters of any language and emoji are kept", () => {
  const text = "Zürich 東京 😀 é עברית";
  assert.equal(plainText(text), text);
});

Deno.test("plainText: no text puts a control character on a line", () => {
  fc.assert(fc.property(fc.string({ unit: ANY_UNIT }), (text) => {
    assert.ok(!CONTROL.test(plainText(text)));
  }));
});

Deno.test("plainPage: of control characters only newlines and tabs are kept", () => {
  assert.equal(plainPage("a\n\tb\x1b[31m\r\n"), "a\n\tb\\u001b[31m\\r\n");
});

Deno.test("fitted: a text is cut between visible characters, by their width in columns", () => {
  assert.equal(fitted("shipped", 7), "shipped");
  assert.equal(fitted("shipped", 6), "shipp…");
  assert.equal(fitted("東京都", 5), "東京…");
  assert.equal(fitted("東京都", 4), "東…");
  assert.equal(fitted("👩‍👩‍👧x y", 3), "👩‍👩‍👧…");
  assert.equal(fitted("abc", 1), "…");
  assert.equal(fitted("abc", 0), "");
  assert.equal(fitted("abc", Infinity), "abc");
});

Deno.test("fitted and padded: any text takes exactly the given columns", () => {
  fc.assert(
    fc.property(ANY_TEXT.map(plainText), fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const cut = fitted(text, columns);
      assert.ok(textWidth(cut) <= columns);
      assert.equal(textWidth(padded(cut, columns)), columns);
    }),
  );
});
