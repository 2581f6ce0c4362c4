import assert from "node:assert/strict";
import fc from "fast-check";
import { type Correlation, correlationTerms, holds } from "../../src/core/correlation.ts";
import { taskId } from "../../src/core/ids.ts";
import type { MatchableEvent } from "../../src/core/job_plan.ts";
import { type JsonObject, type JsonValue, valueAt } from "../../src/core/json.ts";
import { correlationText } from "../../src/explain/words/expectations.ts";
import {
  correlationDistance,
  correlationMismatches,
  expectationDistance,
  findNearest,
  mismatchDistance,
  mismatchesText,
  mismatchesWith,
  mismatchText,
} from "../../src/explain/likeness/mismatch.ts";
import { looseForm } from "../../src/explain/likeness/loose_form.ts";
import { oneLine, shownValue } from "../../src/core/shown_value.ts";
import { expectation } from "../support/engine/entries.ts";
import {
  attributesOf,
  correlations,
  hostileAttributes,
  hostileCorrelations,
  hostileScalars,
} from "../core/arbitrary_correlations.ts";
import { cases } from "../support/effort.ts";

/** Texts about failed clauses. */
function told(correlation: Correlation, attributes: JsonObject): readonly string[] {
  return correlationMismatches(correlation, attributes).map(mismatchText);
}

Deno.test("correlationMismatches: there are none exactly when the correlation holds", () => {
  const seen = { holding: 0, failing: 0 };
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const holding = holds(correlation, attributes);
      seen[holding ? "holding" : "failing"]++;
      assert.equal(correlationMismatches(correlation, attributes).length === 0, holding);
    }),
    { numRuns: cases(20_000) },
  );
  assert.ok(seen.holding > cases(3_000) && seen.failing > cases(3_000), JSON.stringify(seen));
});

Deno.test("correlationMismatches: a clause is close exactly when the loose forms are equal", () => {
  let close = 0;
  fc.assert(
    fc.property(hostileScalars, hostileScalars, fc.nat(4), (expected, other, how) => {
      const found =
        [other, String(expected), ` ${expected}\t`, String(expected).toUpperCase()][how] ??
          looseForm(expected);
      const [clause] = correlationMismatches({ equals: { a: expected } }, { a: found });
      if (found === expected) return assert.equal(clause, undefined);
      if (clause?.close) close++;
      assert.equal(clause?.close, looseForm(expected) === looseForm(found));
    }),
    { numRuns: cases(5_000) },
  );
  assert.ok(close > cases(1_000), `only ${close} were close`);
});

Deno.test("correlationMismatches: what is missing, a list and an object are never close", () => {
  for (const found of [undefined, ["42"], { id: "42" }] as (JsonValue | undefined)[]) {
    const attributes: JsonObject = found === undefined ? {} : { a: found };
    const [clause] = correlationMismatches({ equals: { a: "42" } }, attributes);
    assert.equal(clause?.close, false);
  }
});

Deno.test("mismatchText: it names the types if they differ", () => {
  assert.deepEqual(told({ equals: { orderId: "42" } }, { orderId: 42 }), [
    'orderId: expected "42" (text), found 42 (number)',
  ]);
  assert.deepEqual(told({ equals: { paid: true } }, { paid: "true" }), [
    'paid: expected true (true or false), found "true" (text)',
  ]);
  assert.deepEqual(told({ equals: { paid: null } }, { paid: "null" }), [
    'paid: expected null (null), found "null" (text)',
  ]);
});

Deno.test("mismatchText: it says what was expected and found, for each failed clause", () => {
  const correlation: Correlation = { equals: { orderId: "42", region: "EU", paid: true } };

  assert.deepEqual(told(correlation, { paid: true, region: "US" }), [
    'orderId: expected "42", found nothing',
    'region: expected "EU", found "US"',
  ]);
  assert.deepEqual(told(correlation, { paid: true, region: "eu ", orderId: ["42"] }), [
    'orderId: expected "42", found ["42"]; "42" is at orderId.0',
    'region: expected "EU", found "eu " (spaces around it and letter case)',
  ]);
  assert.deepEqual(told({ equals: { "to.city": "Oslo" } }, { to: { city: { name: "Oslo" } } }), [
    'to.city: expected "Oslo", found {"name":"Oslo"}; "Oslo" is at to.city.name',
  ]);
});

Deno.test("mismatchText: for a missing value it says where it is instead: nested, under another spelling, or elsewhere", () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ order: { orderId: "42" } }, '"42" is at order.orderId'],
    [{ orders: [{ id: 7 }, { orderId: "42" }] }, '"42" is at orders.1.orderId'],
    [{ orderID: "42" }, '"42" is at orderID'],
    [{ "order-id": 42 }, "42 (number) is at order-id"],
    [{ order_id: "43" }, '"43" is at order_id'],
    [{ ordreId: "43", orderIdd: "43" }, '"43" is at orderIdd'],
    [{ order: { id: "43" } }, '"43" is at order.id'],
    [{ "order.orderId": "42" }, '"42" is at ["order.orderId"]'],
    [{ number: "42", order_id: "43" }, '"42" is at number'],
    [{ number: "42", order_id: 42 }, "42 (number) is at order_id"],
    [{ number: "42", order: { orderId: "42" } }, '"42" is at order.orderId'],
  ];
  for (const [attributes, where] of cases) {
    assert.deepEqual(told({ equals: { orderId: "42" } }, attributes), [
      `orderId: expected "42", found nothing; ${where}`,
    ]);
  }
  assert.deepEqual(told({ equals: { "order.orderId": "42" } }, { orderId: "42" }), [
    'order.orderId: expected "42", found nothing; "42" is at orderId',
  ]);
  assert.deepEqual(told({ in: { region: ["EU", "US"] } }, { to: { Region: "US" } }), [
    'region: expected one of "EU", "US", found nothing; "US" is at to.Region',
  ]);
});

Deno.test("mismatchText: for a wrong value, or a chance hit elsewhere, no other place is named", () => {
  assert.deepEqual(told({ equals: { orderId: "42" } }, { orderId: "43", number: "42" }), [
    'orderId: expected "42", found "43"',
  ]);
  assert.deepEqual(told({ equals: { paid: true, size: 1 } }, { gift: true, count: 1 }), [
    "paid: expected true, found nothing",
    "size: expected 1, found nothing",
  ]);
  assert.deepEqual(told({ equals: { line1: "x" } }, { line2: "y" }), [
    'line1: expected "x", found nothing',
  ]);
  assert.deepEqual(told({ equals: { id: "42" } }, { ip: "43", id: { of: "43" } }), [
    'id: expected "42", found {"of":"43"}',
  ]);
});

Deno.test("mismatchText: it examines the outermost 32 scalars of an event, however large it is", () => {
  const others = (count: number): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, index]));
  const near = told({ equals: { id: "42" } }, { ...others(30), deep: { id: "42" } });
  assert.deepEqual(near, ['id: expected "42", found nothing; "42" is at deep.id']);
  const far = told({ equals: { id: "42" } }, { ...others(32), deep: { id: "42" } });
  assert.deepEqual(far, ['id: expected "42", found nothing']);

  const lists: JsonValue = Array.from({ length: 100_000 }, () => []);
  assert.deepEqual(told({ equals: { id: "42" } }, { lists, order: { id: "42" } }), [
    'id: expected "42", found nothing; "42" is at order.id',
  ]);
});

Deno.test("correlationMismatches: only a missing scalar is searched elsewhere, and close only if it is the expected one", () => {
  const seen = { close: 0, other: 0 };
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const nested = { outer: attributes };
      for (const { path, elsewhere } of correlationMismatches(correlation, nested)) {
        assert.ok(path === "" || valueAt(nested, path) === undefined);
        if (elsewhere === undefined) continue;
        seen[elsewhere.close ? "close" : "other"]++;
        assert.equal(elsewhere.found, shownValue(valueAt(nested, elsewhere.path)));
      }
    }),
    { numRuns: cases(5_000) },
  );
  assert.ok(seen.close > cases(100) && seen.other > cases(100), JSON.stringify(seen));
});

Deno.test("mismatchText: of several allowed values it names a few, the nearest first", () => {
  assert.deepEqual(told({ in: { region: ["EU", "US"] } }, { region: "JP" }), [
    'region: expected one of "EU", "US", found "JP"',
  ]);
  assert.deepEqual(told({ in: { region: ["EU", "US"] } }, { region: "eu" }), [
    'region: expected one of "EU", "US", found "eu" (letter case)',
  ]);
  assert.deepEqual(told({ in: { size: [41, 42] } }, { size: "42" }), [
    'size: expected one of 41, 42, found "42" (text)',
  ]);
  assert.deepEqual(told({ in: { size: [1, 2, 3, 4, 5, 6, 7] } }, { size: "7" }), [
    'size: expected one of 7, 1, 2, 3, 4 and 2 more, found "7" (text)',
  ]);
  assert.deepEqual(told({ in: { size: [7] } }, {}), ["size: expected 7, found nothing"]);
  assert.deepEqual(told({ in: { size: [] } }, { size: 7 }), [
    "size: expected one of none, found 7",
  ]);
});

Deno.test("mismatchText: a forbidden value is named, with its path", () => {
  const eu: Correlation = { equals: { region: "EU" } };

  assert.deepEqual(told({ not: eu }, { region: "EU" }), [
    'region: expected anything but "EU", found "EU"',
  ]);
  assert.deepEqual(told({ not: { in: { region: ["EU", "US"] } } }, { region: "EU" }), [
    'region: expected anything but one of "EU", "US", found "EU"',
  ]);
  assert.deepEqual(told({ not: { anyOf: [{ equals: { size: 1 } }, eu] } }, { region: "EU" }), [
    'region: expected anything but "EU", found "EU"',
  ]);
  assert.deepEqual(told({ not: { not: eu } }, { region: "US" }), [
    'region: expected "EU", found "US"',
  ]);
  assert.deepEqual(
    told({ not: { all: [eu, { equals: { size: 1 } }] } }, { region: "EU", size: 1 }),
    [
      'expected not (region = "EU" and size = 1), found that it holds',
    ],
  );
});

Deno.test("mismatchText: of alternatives, the nearest is described", () => {
  const correlation: Correlation = {
    anyOf: [
      { equals: { orderId: "42", region: "EU" } },
      { equals: { legacyId: "L-42" } },
      { all: [{ equals: { orderId: "42" } }, { in: { region: ["JP"] } }] },
    ],
  };

  assert.deepEqual(told(correlation, { orderId: 42, region: "JP" }), [
    'orderId: expected "42" (text), found 42 (number)',
  ]);
  assert.deepEqual(told(correlation, { legacyId: "l-42" }), [
    'legacyId: expected "L-42", found "l-42" (letter case)',
  ]);
});

Deno.test("mismatchText: an unsatisfiable clause is reported as such", () => {
  for (const impossible of [{ anyOf: [] }, { not: "any" }] as Correlation[]) {
    assert.deepEqual(told(impossible, { a: 1 }), ["expected never, found an event"]);
  }
});

Deno.test("mismatchText: a long value keeps its beginning and its end, and no surrogate pair is split", () => {
  const long = `order-${"x".repeat(60)}-`;
  assert.deepEqual(told({ equals: { id: `${long}1` } }, { id: `${long}2` }), [
    `id: expected "order-${"x".repeat(34)}…${"x".repeat(18)}-1", ` +
    `found "order-${"x".repeat(34)}…${"x".repeat(18)}-2"`,
  ]);
  for (const shift of ["", "x"]) {
    const pairs = `${shift}${"😀".repeat(50)}`;
    const [text = ""] = told({ equals: { id: "1" } }, { id: pairs });
    assert.match(text, /^id: expected "1", found "x?(😀)+…(😀)+"$/u);
    const [listed = ""] = told({ equals: { id: "1" } }, { id: [pairs] });
    assert.match(listed, /^id: expected "1", found \["x?(😀)+…$/u);
  }
});

Deno.test("mismatchText: it never has invisible or control characters", () => {
  const unseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
  fc.assert(
    fc.property(hostileCorrelations, hostileAttributes, (correlation, attributes) => {
      const mismatches = correlationMismatches(correlation, attributes);
      for (const text of [...mismatches.map(mismatchText), correlationText(correlation)]) {
        assert.doesNotMatch(text, unseen);
      }
      for (const { expected, found } of mismatches) {
        assert.doesNotMatch(`${expected}${found}`, unseen);
      }
    }),
    { numRuns: cases(5_000) },
  );
});

Deno.test("mismatchText: an invisible difference is written out", () => {
  assert.deepEqual(told({ equals: { id: "42" } }, { id: "42\u200b" }), [
    'id: expected "42", found "42\\u200b" (U+200B more)',
  ]);
  assert.deepEqual(told({ equals: { id: "a b" } }, { id: "a\u00a0b\u{e0041}\u009b" }), [
    'id: expected "a b", found "a\\u00a0b\\udb40\\udc41\\u009b"',
  ]);
});

Deno.test("mismatchesWith: another task is a separate clause", () => {
  const expected = expectation("packed", "ec.Packed", {
    taskId: taskId("pack"),
    correlation: { equals: { orderId: "42" } },
  });
  const texts = (task?: string) =>
    mismatchesWith(expected, {
      eventType: "ec.Packed",
      attributes: { orderId: "42" },
      ...(task === undefined ? {} : { taskId: taskId(task) }),
    }).map(mismatchText);

  assert.deepEqual(texts("pack"), []);
  assert.deepEqual(texts("Pack"), ['taskId: expected "pack", found "Pack" (letter case)']);
  assert.deepEqual(texts(), ['taskId: expected "pack", found nothing']);
});

Deno.test("mismatchDistance: several close clauses are nearer than one that is not close", () => {
  const equals = { orderId: "42", region: "EU", size: 1 };
  const distance = (attributes: JsonObject) =>
    mismatchDistance(correlationMismatches({ equals }, attributes));

  assert.equal(distance({ orderId: 42, region: "eu", size: "1" }), 3);
  assert.equal(distance({ orderId: "42", region: "US", size: 1 }), 10);
  assert.equal(distance({ orderId: "42", region: "EU", size: 1 }), 0);
  assert.equal(distance({ order_id: "42", region: "EU", size: 1 }), 9);
  assert.equal(distance({ order_id: "43", region: "EU", size: 1 }), 10);
});

Deno.test("mismatchesText: it describes three clauses, and counts the rest", () => {
  const equals = { a: 1, b: 2, c: 3, d: 4, e: 5 };
  const mismatches = correlationMismatches({ equals }, { a: 1 });

  assert.equal(
    mismatchesText(mismatches),
    "b: expected 2, found nothing; c: expected 3, found nothing; d: expected 4, found nothing; " +
      "and 1 more",
  );
  assert.equal(mismatchesText(mismatches.slice(0, 1)), "b: expected 2, found nothing");
});

Deno.test("correlationText: it reads as a sentence, with brackets where and meets or", () => {
  const a: Correlation = { equals: { a: "1" } };
  const bc: Correlation = { equals: { b: 2, c: null } };
  const cases: readonly (readonly [Correlation, string])[] = [
    ["any", "any attributes"],
    [{ equals: {} }, "any attributes"],
    [bc, "b = 2 and c = null"],
    [{ in: { a: ["x", "y"], b: [1] } }, 'a is one of "x", "y" and b is 1'],
    [{ all: [] }, "any attributes"],
    [{ anyOf: [] }, "never"],
    [{ anyOf: [a, bc] }, 'a = "1" or (b = 2 and c = null)'],
    [{ all: [a, { anyOf: [a, bc] }] }, 'a = "1" and (a = "1" or (b = 2 and c = null))'],
    [{ not: a }, 'not a = "1"'],
    [{ not: { all: [bc] } }, "not (b = 2 and c = null)"],
  ];
  for (const [correlation, text] of cases) assert.equal(correlationText(correlation), text);
});

Deno.test("correlationTerms: alternatives count as many clauses as the shortest one", () => {
  const one: Correlation = { equals: { a: 1 } };
  const two: Correlation = { equals: { b: 2, c: 3 } };
  const three: Correlation = { all: [one, two] };
  const cases: readonly (readonly [Correlation, number])[] = [
    ["any", 0],
    [two, 2],
    [{ in: { a: [1, 2], b: [3] } }, 2],
    [three, 3],
    [{ not: three }, 1],
    [{ anyOf: [] }, 1],
    [{ anyOf: [three, two] }, 2],
    [{ anyOf: [three, two, one] }, 1],
    [{ all: [{ anyOf: [three, two] }, one] }, 3],
    [{ anyOf: [three, "any"] }, 0],
  ];
  for (const [correlation, terms] of cases) assert.equal(correlationTerms(correlation), terms);
});

Deno.test("oneLine: words and emoji that a joiner holds together stay whole", () => {
  for (
    const text of [
      "\u0645\u06cc\u200c\u0631\u0648\u0645",
      "\u{1f469}\u200d\u{1f469}\u200d\u{1f467}",
    ]
  ) {
    assert.equal(oneLine(text), text);
  }
  assert.equal(oneLine("one\u202e\n\u200b two"), "one two");
});

Deno.test("correlationDistance: it is that of the described clauses", () => {
  const seen = new Set<number>();
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const distance = mismatchDistance(correlationMismatches(correlation, attributes));
      assert.equal(correlationDistance(correlation, attributes), distance);
      seen.add(distance);
    }),
    { numRuns: 20_000 },
  );
  assert.ok([0, 1, 2, 9, 10, 11, 20].every((distance) => seen.has(distance)), String([...seen]));
});

Deno.test("expectationDistance: another task is a separate clause, which is close if only the case differs", () => {
  const tasks = fc.constantFrom("charge", "Charge", "reserve").map(taskId);
  fc.assert(
    fc.property(correlations, attributesOf, tasks, tasks, (correlation, attributes, one, other) => {
      const expected = expectation("paid", "ec.Paid", { correlation, taskId: one });
      const event: MatchableEvent = { eventType: "ec.Paid", taskId: other, attributes };
      const distance = mismatchDistance(mismatchesWith(expected, event));
      assert.equal(expectationDistance(expected, event), distance);
    }),
    { numRuns: cases(5_000) },
  );
});

Deno.test("correlationDistance: a very large number of parts does not overflow the stack", () => {
  const parts = Array<Correlation>(200_000).fill({ equals: { a: 1 } });
  assert.equal(correlationDistance({ anyOf: parts }, {}), 10);
  assert.equal(correlationDistance({ all: parts }, {}), 2_000_000);
});

Deno.test("findNearest: it returns the first of several equally near ones, and none of none", () => {
  assert.equal(findNearest(["far", "b", "a"], (name) => name.length), "b");
  assert.equal(findNearest([], () => 0), undefined);
});
