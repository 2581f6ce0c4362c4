/** Likeness of texts, values and types, by which events that were meant are found. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { withDistances } from "../../src/core/duration.ts";
import { isSpellingSlip, spellingSlips } from "../../src/explain/likeness/spelling_slip.ts";
import { nearestName, neighbourhood, slipBetween } from "../../src/explain/likeness/names.ts";
import { cases } from "../support/effort.ts";
import type { JsonScalar } from "../../src/core/json.ts";
import { formDifference, looseForm } from "../../src/explain/likeness/loose_form.ts";
import { recodedForms, recodingNote } from "../../src/explain/likeness/recoding.ts";

Deno.test("withDistances: a time gets its distance, and a quoted value stays as it is", () => {
  const nowMs = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(
    withDistances('due at 2026-01-01T06:00:00Z: found "2026-01-01T07:00:00Z"', nowMs),
    'due at 2026-01-01T06:00:00Z (in 6 h): found "2026-01-01T07:00:00Z"',
  );
});

/** The textbook algorithm, for comparison. */
function levenshtein(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let l = 1; l <= left.length; l++) {
    const next = [l];
    for (let r = 1; r <= right.length; r++) {
      const exchanged = (row[r - 1] ?? 0) + (left[l - 1] === right[r - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[r] ?? 0) + 1, (next[r - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

Deno.test("slipBetween: it is the Levenshtein distance up to two, and undefined beyond", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "."), { maxLength: 7 })
    .map((letters) => letters.join(""));
  const seen = new Map<number | undefined, number>();
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      const distance = levenshtein(left, right);
      const slip = slipBetween(left, right);
      seen.set(slip, (seen.get(slip) ?? 0) + 1);
      assert.equal(slip, distance === 0 || distance > 2 ? undefined : distance);
    }),
    { numRuns: cases(10_000) },
  );
  for (const slip of [1, 2, undefined]) assert.ok((seen.get(slip) ?? 0) > cases(500), `${slip}`);
});

Deno.test("slipBetween: a difference only in letter case is the nearest slip", () => {
  assert.equal(slipBetween("ec.orderplaced", "ec.OrderPlaced"), 0);
  assert.equal(slipBetween("ec.OrderPlaced", "ec.OrderPlaced"), undefined);
  assert.equal(slipBetween("ec.OrderPlacd", "ec.OrderPlaced"), 1);
  assert.equal(slipBetween("ec.OrderPalced", "ec.OrderPlaced"), 2);
});

Deno.test("nearestName: it returns the nearest, the first of several, or none", () => {
  const names = ["ec.Paid", "ec.Shipped", "ec.Skipped", "ec.shipped"];

  assert.equal(nearestName("ec.Shiped", names), "ec.Shipped");
  assert.equal(nearestName("EC.SHIPPED", names), "ec.Shipped");
  assert.equal(nearestName("ec.Refunded", names), undefined);
  assert.equal(nearestName("ec.Shipped", []), undefined);
});

Deno.test("nearestName: short names that differ in most letters do not match", () => {
  assert.equal(nearestName("a.D1", ["a.Ok"]), undefined);
  assert.equal(nearestName("a.Conf", ["a.Done"]), undefined);
  assert.equal(nearestName("a.D1", ["a.D2"]), "a.D2");
});

// Which values differ only in form, and how the difference is described.

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

// Which values may be misspellings of others, and which are different values.

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

// Which event types may have been meant by one another.

const WANTED = "billing.payment.PaymentReceived";

Deno.test("neighbourhood: a similar name is described by its difference", () => {
  const NEIGHBOURS: Readonly<Record<string, string>> = {
    "billing.payments.PaymentReceived": "singular and plural",
    "billing.payment.PaymentsReceived": "singular and plural",
    "Billing.payment.Payment_Received": "letter case and dividers only",
    "billing.payment.PaymentReceved": "a letter differs",
    "billing.payment.PaymentRecieved": "two letters are swapped",
    "billing.payment.PaymentRezeifed": "two letters differ",
    "biling.payment.PaymentReceived": "its namespace is spelled differently",
    "bill.payment.PaymentReceived": "another namespace",
    "shop.PaymentReceived": "another namespace",
    "payment.billing.PaymentReceived": "the order of its parts",
    "billing.payment.PaymentReceived.v2": "a part more",
    "billing.PaymentReceived": "a part less",
    "billing.payment.Received": "a longer or shorter name",
  };
  for (const [found, how] of Object.entries(NEIGHBOURS)) {
    assert.equal(neighbourhood(WANTED, found), how, found);
  }
});

Deno.test("neighbourhood: a name about something else is not a neighbour", () => {
  for (
    const found of [
      WANTED,
      "billing.payment.PaymentRefused",
      "billing.refund.RefundReceived",
      "shop.ParcelShipped",
    ]
  ) {
    assert.equal(neighbourhood(WANTED, found), undefined, found);
  }
  assert.equal(neighbourhood("order.Completed", "shipment.Completed"), undefined);
  assert.equal(neighbourhood("shop.Paid", "shop.Packed"), undefined);
  assert.equal(neighbourhood("shop.line1.Full", "shop.line2.Full"), undefined);
});
