import assert from "node:assert/strict";
import { looseForm } from "../../../src/explain/likeness/loose_form.ts";
import { recodedForms, recodingNote } from "../../../src/explain/likeness/recoding.ts";

const MADE: readonly (readonly [expected: string, found: string, note: string])[] = [
  ["Smith & Sons", "Smith &amp; Sons", "it is the expected value, escaped for HTML"],
  ["O'Hara <x>", "O&#39;Hara &lt;x&gt;", "it is the expected value, escaped for HTML"],
  ["INV/2026/42", "INV%2F2026%2F42", "it is the expected value, escaped for a URL"],
  ["a/b c", "a%2Fb+c", "it is the expected value, escaped for a URL"],
  ["a%2Fb", "a/b", "what was expected is this value, escaped for a URL"],
  ["R&amp;D", "R&D", "what was expected is this value, escaped for HTML"],
  ["Müller", "MÃ¼ller", "it is the expected value, its UTF-8 read in another encoding"],
  [
    "Café “Z”",
    "CafÃ© â€œZâ€\u009d",
    "it is the expected value, its UTF-8 read in another encoding",
  ],
  ["Müller", "M?ller", "it is the expected value, without the letters beyond ASCII"],
  ["Müller", "M\ufffdller", "it is the expected value, without the letters beyond ASCII"],
  ["Müller", "M??ller", "it is the expected value, without the letters beyond ASCII"],
  [
    "1786543210987654321",
    "1786543210987654400",
    "it is the expected value, rounded, as JavaScript and spreadsheets do with long numbers",
  ],
  [
    "4820000000123",
    "4.82E+12",
    "it is the expected value, rounded, as JavaScript and spreadsheets do with long numbers",
  ],
  [
    "KX-118-B",
    "KX‑118‑B",
    "it is the expected value, with the dashes or quotes of a word processor",
  ],
  ["O'Hara", "O’Hara", "it is the expected value, with the dashes or quotes of a word processor"],
  ["48213", "٤٨٢١٣", "it is the expected value, in the digits of another script"],
  ["sensor-0017", "c2Vuc29yLTAwMTc=", "it is the expected value, in base64"],
  ["RE-2026-0000481", "RE-2026-0000", "it is the expected value, cut off"],
];

Deno.test("recodingNote: it says how one value became the other, and a search for its forms finds it", () => {
  for (const [expected, found, note] of MADE) {
    assert.equal(recodingNote(expected, found), note, `${expected} ${found}`);
    assert.ok([...recodedForms(expected)].includes(looseForm(found)), `${expected} ${found}`);
  }
});

Deno.test("recodingNote: neighbours, other words and equal values are not made from each other", () => {
  for (
    const [expected, found] of [
      ["9007199254740993", "9007199254740992"],
      ["1786543210987654321", "1786543210987654322"],
      ["Müller", "Möller"],
      ["Müller", "Miller"],
      ["a b", "a\u00a0b\u009b"],
      ["Ж", "?"],
      ["a&b", "a&c"],
      ["100%", "100"],
      ["4820000000123", "4.83E+12"],
      ["RE-2026-0000481", "RE-2026-0"],
      ["RE-2026-0000481", "RE-2026-000048"],
    ] as const
  ) {
    assert.equal(recodingNote(expected, found), undefined, `${expected} ${found}`);
  }
});
