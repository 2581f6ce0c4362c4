/** Which values differ only in form, and how the difference is described. */

import assert from "node:assert/strict";
import type { JsonScalar } from "../../../src/core/json.ts";
import { formDifference, looseForm } from "../../../src/explain/likeness/loose_form.ts";

const SAME: readonly (readonly [JsonScalar, ...JsonScalar[]])[] = [
  [42, "42", " 42 ", "042", "42.0"],
  ["EU", "eu", " Eu"],
  ["Jörg", "Jo\u0308rg", "JÖRG"],
  ["Straße", "STRASSE"],
  ["2026-11-26", "26.11.2026", "2026/11/26", "11/26/2026", "2026-11-26T01:00:00+01:00"],
  ["2026-11-26T10:30:00Z", "2026-11-26T11:30:00.000+01:00", 1_795_689_000_000],
  ["ORD-7118", "ord 7118", "ORD_7118"],
  ["ABC-1", "АBC-1"],
  ["AB1234", "\u0410\u04121234", "ab1234", "\u0430\u04321234"],
  ["zero", "ze\u200bro"],
  ["10.5", "10,5", 10.5],
];

const OTHER: readonly (readonly [JsonScalar, JsonScalar])[] = [
  ["a-1-2", "a-12"],
  ["2026-11-26", "2026-11-27"],
  ["11/10/2026", "2026-11-10"],
  ["1", "true"],
  ["ORD-7118", "ORD-7119"],
  [42, 4.2],
];

Deno.test("looseForm: values that a sender might confuse have the same form", () => {
  for (const values of SAME) {
    const forms = new Set(values.map(looseForm));
    assert.equal(forms.size, 1, [...forms].join(" | "));
  }
});

Deno.test("looseForm: a text of more than 200 characters, as it is or normalized, has only its own form", () => {
  for (const text of ["A".repeat(201), "A" + "\ufdfa".repeat(12)]) {
    assert.equal(looseForm(text), text);
  }
  assert.equal(looseForm("A".repeat(200)), "a".repeat(200));
});

Deno.test("looseForm: values with different meanings have different forms", () => {
  for (const [left, right] of OTHER) assert.notEqual(looseForm(left), looseForm(right));
});

Deno.test("formDifference: it names invisible differences by their code points", () => {
  assert.equal(
    formDifference("Jörg", "Jo\u0308rg"),
    '"ö" as U+00F6 was expected, "o\u0308" as U+006F and U+0308 came',
  );
  assert.equal(
    formDifference("ABC-1", "АBC-1"),
    '"A" as U+0041 was expected, "А" as U+0410 came',
  );
  assert.equal(formDifference("42", "42\u200b"), "U+200B more");
  assert.equal(formDifference("a\u00a0b", "a b"), "U+00A0 was expected, U+0020 came");
});

Deno.test("formDifference: it names every other kind of difference", () => {
  assert.equal(formDifference("EU", "eu"), "letter case");
  assert.equal(formDifference("EU", " EU"), "spaces around it");
  assert.equal(formDifference("2026-11-26", "26.11.2026"), "the same date, written in another way");
  assert.equal(
    formDifference("2026-11-30T10:00:00Z", "2026-11-30T11:00:00+01:00"),
    "the same time, in another time zone",
  );
  assert.equal(formDifference("042", "42"), "the same number, written in another way");
  assert.equal(formDifference("ORD-1", "ORD_1"), "what divides its parts");
  assert.equal(formDifference("42", 42), undefined);
  assert.equal(formDifference("EU", "US"), undefined);
});
