import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Correlation,
  correlationFlaw,
  holds,
  holdsInPart,
  indexAlternatives,
} from "../../src/core/correlation.ts";
import { isScalar, type JsonObject, type JsonScalar, valueAt } from "../../src/core/json.ts";
import { cases } from "../support/effort.ts";

interface Case {
  readonly name: string;
  readonly correlation: Correlation;
  readonly holdsFor: readonly JsonObject[];
  readonly failsFor: readonly JsonObject[];
}

/** An object as parsed from the journal: `__proto__` is an own property. */
function parsed(text: string): JsonObject {
  return JSON.parse(text);
}

const CASES: readonly Case[] = [
  {
    name: "any holds for everything",
    correlation: "any",
    holdsFor: [{}, { a: 1 }],
    failsFor: [],
  },
  {
    name: "equals distinguishes text from a number",
    correlation: { equals: { order: "42" } },
    holdsFor: [{ order: "42" }, { order: "42", more: true }],
    failsFor: [{ order: 42 }, { order: "042" }, { order: "42 " }, { order: ["42"] }],
  },
  {
    name: "equals distinguishes a number from text",
    correlation: { equals: { order: 42 } },
    holdsFor: [{ order: 42 }, { order: 42.0 }],
    failsFor: [{ order: "42" }, { order: 42.5 }, { order: true }],
  },
  {
    name: "equals does not confuse empty, zero, false and null",
    correlation: { equals: { order: 0 } },
    holdsFor: [{ order: 0 }],
    failsFor: [{ order: "" }, { order: "0" }, { order: false }, { order: null }, {}],
  },
  {
    name: "equals compares booleans",
    correlation: { equals: { paid: true } },
    holdsFor: [{ paid: true }],
    failsFor: [{ paid: false }, { paid: "true" }, { paid: 1 }],
  },
  {
    name: "equals null is not a missing path",
    correlation: { equals: { order: null } },
    holdsFor: [{ order: null }],
    failsFor: [{}, { order: 0 }, { order: "" }, { order: "null" }, { other: null }],
  },
  {
    name: "equals needs every path",
    correlation: { equals: { order: "42", amount: 7 } },
    holdsFor: [{ amount: 7, order: "42" }],
    failsFor: [{ order: "42" }, { amount: 7 }, { order: "42", amount: 8 }],
  },
  {
    name: "equals of nothing holds",
    correlation: { equals: {} },
    holdsFor: [{}, { a: 1 }],
    failsFor: [],
  },
  {
    name: "equals never equals an object or an array",
    correlation: { equals: { order: "[object Object]" } },
    holdsFor: [{ order: "[object Object]" }],
    failsFor: [{ order: {} }, { order: [] }, { order: ["[object Object]"] }],
  },
  {
    name: "a dotted path goes into nested objects",
    correlation: { equals: { "order.customer.id": "c1" } },
    holdsFor: [{ order: { customer: { id: "c1" } } }],
    failsFor: [
      { order: { customer: { id: "c2" } } },
      { order: { customer: "c1" } },
      { order: { id: "c1" } },
      { order: null },
      { order: "customer.id" },
      { customer: { id: "c1" } },
    ],
  },
  {
    name: "a dotted path never means a key with dots in it",
    correlation: { equals: { "a.b": 1 } },
    holdsFor: [{ a: { b: 1 } }],
    failsFor: [{ "a.b": 1 }],
  },
  {
    name: "a path goes through null, text and numbers to nothing",
    correlation: { equals: { "a.length": 3 } },
    holdsFor: [{ a: { length: 3 } }],
    failsFor: [{ a: "abc" }, { a: null }, { a: 3 }],
  },
  {
    name: "in holds for each of its scalars, strictly",
    correlation: { in: { status: ["paid", 7, null, false] } },
    holdsFor: [{ status: "paid" }, { status: 7 }, { status: null }, { status: false }],
    failsFor: [{ status: "7" }, { status: true }, { status: "null" }, {}, { status: ["paid"] }],
  },
  {
    name: "in needs every path",
    correlation: { in: { status: ["paid"], amount: [1, 2] } },
    holdsFor: [{ status: "paid", amount: 2 }],
    failsFor: [{ status: "paid" }, { amount: 2 }, { status: "paid", amount: 3 }],
  },
  {
    name: "in goes into nested objects",
    correlation: { in: { "order.status": ["paid"] } },
    holdsFor: [{ order: { status: "paid" } }],
    failsFor: [{ "order.status": "paid" }, { status: "paid" }],
  },
  {
    name: "in an empty list holds for nothing",
    correlation: { in: { status: [] } },
    holdsFor: [],
    failsFor: [{}, { status: "paid" }, { status: null }],
  },
  {
    name: "all needs every part",
    correlation: { all: [{ equals: { a: 1 } }, { equals: { b: 2 } }] },
    holdsFor: [{ a: 1, b: 2 }],
    failsFor: [{ a: 1 }, { b: 2 }, {}],
  },
  {
    name: "an empty all holds",
    correlation: { all: [] },
    holdsFor: [{}, { a: 1 }],
    failsFor: [],
  },
  {
    name: "anyOf needs one part",
    correlation: { anyOf: [{ equals: { a: 1 } }, { equals: { b: 2 } }] },
    holdsFor: [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    failsFor: [{}, { a: 2, b: 1 }],
  },
  {
    name: "an empty anyOf does not hold",
    correlation: { anyOf: [] },
    holdsFor: [],
    failsFor: [{}, { a: 1 }],
  },
  {
    name: "not inverts a predicate, including missing paths",
    correlation: { not: { equals: { a: 1 } } },
    holdsFor: [{ a: 2 }, { a: "1" }, { a: null }, {}],
    failsFor: [{ a: 1 }],
  },
  {
    name: "not any holds for nothing",
    correlation: { not: "any" },
    holdsFor: [],
    failsFor: [{}, { a: 1 }],
  },
  {
    name: "forms nest",
    correlation: {
      all: [
        { in: { a: [1, 2] } },
        { not: { anyOf: [{ equals: { b: 1 } }, { equals: { b: 2 } }] } },
      ],
    },
    holdsFor: [{ a: 1 }, { a: 2, b: 3 }],
    failsFor: [{ a: 3 }, { a: 1, b: 1 }, { a: 2, b: 2 }],
  },
];

for (const { name, correlation, holdsFor, failsFor } of CASES) {
  Deno.test(`holds: ${name}`, () => {
    for (const attributes of holdsFor) {
      assert.equal(holds(correlation, attributes), true, JSON.stringify(attributes));
    }
    for (const attributes of failsFor) {
      assert.equal(holds(correlation, attributes), false, JSON.stringify(attributes));
    }
  });
}

const INHERITED = [
  "constructor",
  "constructor.name",
  "constructor.prototype",
  "toString",
  "toString.name",
  "hasOwnProperty",
  "__proto__",
  "__proto__.constructor.name",
  "a.__proto__",
  "a.constructor.name",
];

Deno.test("valueAt: inherited properties are missing", () => {
  for (const path of INHERITED) assert.equal(valueAt({ a: { b: 1 } }, path), undefined, path);
});

Deno.test("holds: equals and in ignore inherited properties", () => {
  const attributes = { a: { b: 1 } };

  for (const path of INHERITED) {
    for (const scalar of ["Object", "toString", null, 0, 1, true]) {
      assert.equal(holds({ equals: { [path]: scalar } }, attributes), false, path);
      assert.equal(holds({ in: { [path]: [scalar] } }, attributes), false, path);
    }
  }
});

Deno.test("holds: an own property with the name of an inherited one counts", () => {
  const attributes = parsed('{"__proto__":{"x":1},"constructor":"c","toString":null}');

  assert.ok(holds({ equals: { "__proto__.x": 1, constructor: "c", toString: null } }, attributes));
  assert.ok(!holds({ equals: { "__proto__.x": 2 } }, attributes));
});

Deno.test("holds: a predicate may name __proto__ itself", () => {
  const correlation = JSON.parse('{"equals":{"__proto__":1}}') as Correlation;

  assert.ok(holds(correlation, parsed('{"__proto__":1}')));
  assert.ok(!holds(correlation, parsed('{"__proto__":2}')));
  assert.ok(!holds(correlation, {}));
});

Deno.test("valueAt: a path with an empty part names an empty key", () => {
  assert.equal(valueAt({ "": 1 }, ""), 1);
  assert.equal(valueAt({ a: { "": 2 } }, "a."), 2);
  assert.equal(valueAt({ a: 1 }, ""), undefined);
});

Deno.test("isScalar: text, numbers, booleans and null, and nothing else", () => {
  for (const value of ["", 0, false, null]) assert.ok(isScalar(value));
  for (const value of [undefined, {}, [], () => 0]) assert.ok(!isScalar(value));
});

Deno.test("indexAlternatives: equals and in give one alternative for each path", () => {
  assert.deepEqual(indexAlternatives({ equals: { a: 1, "b.c": "x" } }), [
    [{ path: "a", value: 1 }],
    [{ path: "b.c", value: "x" }],
  ]);
  assert.deepEqual(indexAlternatives({ in: { a: [1, 2] } }), [
    [{ path: "a", value: 1 }, { path: "a", value: 2 }],
  ]);
});

Deno.test("indexAlternatives: all offers the alternatives of each part", () => {
  const correlation: Correlation = {
    all: ["any", { equals: { a: 1 } }, { not: { equals: { b: 1 } } }, { in: { c: [1] } }],
  };

  assert.deepEqual(indexAlternatives(correlation), [
    [{ path: "a", value: 1 }],
    [{ path: "c", value: 1 }],
  ]);
});

Deno.test("indexAlternatives: anyOf gives alternatives only when every part does", () => {
  const a: Correlation = { equals: { a: 1 } };

  assert.deepEqual(indexAlternatives({ anyOf: [a, { in: { b: [2, 3] } }] }), [
    [{ path: "a", value: 1 }, { path: "b", value: 2 }, { path: "b", value: 3 }],
  ]);
  assert.deepEqual(indexAlternatives({ anyOf: [a, "any"] }), []);
  assert.deepEqual(indexAlternatives({ anyOf: [a, { not: a }] }), []);
});

Deno.test("indexAlternatives: a predicate that accepts any attributes gives no alternatives", () => {
  const open: readonly Correlation[] = ["any", { not: "any" }, { equals: {} }, { all: [] }];

  for (const correlation of open) assert.deepEqual(indexAlternatives(correlation), []);
});

const FLAWS: readonly (readonly [unknown, RegExp])[] = [
  [{ equals: { a: 1 }, in: { b: [1] } }, /has equals, in: .*; all combines several$/],
  [{ not: { all: [{ equals: { a: 1 }, not: "any" }] } }, /has equals, not: /],
  [{ equals: undefined, in: { a: [1] } }, /has equals, in: /],
  [{ orderId: "42" }, /has orderId: it must be "any" or an object with one of equals, in, all,/],
  [{}, /has no member: /],
  ["42", /is 42: it must be "any" or an object/],
  [null, /is null: it must be/],
  [[{ equals: { a: 1 } }], /is a list: it must be/],
  [{ not: undefined }, /is undefined: it must be/],
  [{ equals: "a" }, /^equals is a, not an object of paths$/],
  [{ equals: { a: [1] } }, /^equals of a is a list, not a scalar$/],
  [{ equals: { a: undefined } }, /^equals of a is undefined, not a scalar$/],
  [{ in: { a: "b" } }, /^in of a is b, not a list of scalars$/],
  [{ in: { a: [1, NaN] } }, /^in of a is NaN, not a scalar$/],
  [{ all: { equals: { a: 1 } } }, /^all is \[object Object\], not a list of correlations$/],
  [{ anyOf: "any" }, /^anyOf is any, not a list of correlations$/],
  [{ all: Array(1) }, /^the correlation is undefined: it must be/],
  [{ in: { a: Array(1) } }, /^in of a is undefined, not a scalar$/],
];

for (const [index, [correlation, told]] of FLAWS.entries()) {
  Deno.test(`correlationFlaw: what code cannot mean is named, not ignored (${index + 1})`, () => {
    assert.match(correlationFlaw(correlation) ?? "none", told);
  });
}

// Few paths and few scalars, so that predicates often hold.
const paths = fc.constantFrom("a", "b", "b.a");
const scalars = fc.constantFrom<JsonScalar>("1", 1, null);
const attributesOf: fc.Arbitrary<JsonObject> = fc.record({
  a: fc.oneof({ weight: 4, arbitrary: scalars }, fc.array(scalars, { maxLength: 2 })),
  b: fc.oneof(scalars, fc.record({ a: scalars })),
}, { requiredKeys: [] });

const { correlation: correlations } = fc.letrec<{ correlation: Correlation }>((tie) => ({
  correlation: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    {
      weight: 4,
      arbitrary: fc.record({ equals: fc.dictionary(paths, scalars, { maxKeys: 2 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        in: fc.dictionary(paths, fc.uniqueArray(scalars), { maxKeys: 2 }),
      }),
    },
    fc.constant<Correlation>("any"),
    { weight: 3, arbitrary: fc.record({ all: fc.array(tie("correlation"), { maxLength: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ anyOf: fc.array(tie("correlation"), { maxLength: 3 }) }) },
    fc.record({ not: tie("correlation") }),
  ),
}));

Deno.test("indexAlternatives: every accepted event satisfies a term of the alternatives", () => {
  let told = 0;
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const alternatives = indexAlternatives(correlation);
      if (!holds(correlation, attributes) || alternatives.length === 0) return;
      told++;
      for (const terms of alternatives) {
        assert.ok(terms.some(({ path, value }) => valueAt(attributes, path) === value));
      }
    }),
    { numRuns: cases(20_000) },
  );
  assert.ok(told > cases(1_000), `only ${told} cases tell anything`);
});

Deno.test("correlationFlaw: no predicate that the type allows has one", () => {
  fc.assert(fc.property(correlations, (one) => assert.equal(correlationFlaw(one), undefined)));
});

Deno.test("holds: not, all and anyOf obey the laws of logic", () => {
  fc.assert(
    fc.property(correlations, correlations, attributesOf, (one, two, attributes) => {
      const [p, q] = [holds(one, attributes), holds(two, attributes)];
      assert.equal(holds({ not: one }, attributes), !p);
      assert.equal(holds({ all: [one, two] }, attributes), p && q);
      assert.equal(holds({ anyOf: [one, two] }, attributes), p || q);
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("holds: a predicate means the same after a JSON round trip", () => {
  fc.assert(
    fc.property(correlations, attributesOf, (correlation, attributes) => {
      const copy = JSON.parse(JSON.stringify({ correlation, attributes }));
      assert.equal(holds(copy.correlation, copy.attributes), holds(correlation, attributes));
    }),
    { numRuns: cases(2_000) },
  );
});

Deno.test("holdsInPart: a predicate that holds by a value holds in part, and a negated value does not count", () => {
  const eu: Correlation = { equals: { region: "EU", size: 1 } };
  assert.equal(holdsInPart(eu, { region: "EU" }), true);
  assert.equal(holdsInPart(eu, { region: "US", size: "1" }), false);
  assert.equal(holdsInPart({ in: { region: ["EU", "US"] } }, { region: "US" }), true);
  assert.equal(holdsInPart({ in: { region: ["EU", "US"] } }, {}), false);
  assert.equal(holdsInPart({ all: [eu, { equals: { a: 1 } }] }, { a: 1 }), true);
  assert.equal(holdsInPart({ anyOf: [eu, { equals: { a: 1 } }] }, { size: 1 }), true);
  assert.equal(holdsInPart({ not: eu }, {}), false);
  assert.equal(holdsInPart("any", {}), false);
});
