import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { copyJson, equalJson, type JsonValue, valueAt } from "../../src/core/json.ts";
import { parseJsonText } from "../../src/core/json_text.ts";
import { cases } from "../support/effort.ts";

/** As they are read from a text: JSON has no negative zero, which Node tells from zero. */
const values: fc.Arbitrary<JsonValue> = fc.json().map((text) => JSON.parse(text));

Deno.test("equalJson: it agrees with Node's deep equality, and a copy is equal", () => {
  fc.assert(
    fc.property(values, values, (left, right) => {
      assert.ok(equalJson(left, JSON.parse(JSON.stringify(left))));
      assert.equal(equalJson([left, right], [right, left]), isDeepStrictEqual(left, right));
    }),
  );
});

Deno.test("equalJson: the order of members and undefined members do not matter", () => {
  assert.ok(equalJson({ a: 1, b: [null] }, { b: [null], a: 1 }));
  assert.ok(!equalJson({ a: null }, { b: null }));
  assert.ok(!equalJson({}, []));
  assert.ok(!equalJson({ a: 1 }, { a: 1, b: 2 }));
  assert.ok(!equalJson("42", 42));
});

Deno.test("copyJson: a copy is equal and shares nothing, whatever the member names", () => {
  const value = JSON.parse('{"a":[1,{"b":null,"c":"d"}],"__proto__":{"constructor":[true]}}');
  const before = JSON.stringify(value);
  const copy = copyJson(value);
  assert.equal(JSON.stringify(copy), before);
  copy.a[1].b = 2;
  copy["__proto__"].constructor.push(false);
  assert.equal(JSON.stringify(value), before);
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
});

Deno.test("copyJson: a deep value is copied", () => {
  const depth = 1_000;
  const value = JSON.parse("[".repeat(depth) + "]".repeat(depth));
  assert.equal(JSON.stringify(copyJson(value)), JSON.stringify(value));
});

/** Texts with escaped names at the same place, read one after the other. */
const PAIRS: readonly (readonly [first: string, second: string, names: readonly string[]])[] = [
  ['{"a":1,"\\\\":0}', '{"a":1,"\\n":0}', ["a", "\n"]],
  ['{"a":1,"b\\\\":0}', '{"a":1,"b\\u0041":0}', ["a", "bA"]],
  ['{"a":1,"\\u005c":0}', '{"a":1,"\\"":0}', ["a", '"']],
  ['{"a":1,"\\\\\\"":0}', '{"a":1,"\\"\\n":0}', ["a", '"\n']],
  ['{"a":1,"\\\\\\\\" : 0}', '{"a":1,"\\\\\\n":0}', ["a", "\\\n"]],
];

for (const [first, second, names] of PAIRS) {
  Deno.test(`parseJsonText: ${second} is read correctly after ${first}`, () => {
    const before = parseJsonText(first);
    assert.equal(JSON.stringify(before), JSON.stringify(parseJsonText(first)));
    assert.deepEqual(Object.keys(parseJsonText(second) as object), names);
  });
}

Deno.test("parseJsonText: a text is read correctly after code created a similar object", () => {
  const poisons: readonly ((text: string) => unknown)[] = [
    (text) => JSON.parse(text),
    (text) => structuredClone(JSON.parse(text)),
  ];
  for (const [index, poison] of poisons.entries()) {
    for (
      const [name, like] of [["\n", "\\"], ["\u0001", "\\"], ['"', "\\"], ["\n\n", "\\n"]] as const
    ) {
      const first = `of ${index}`;
      poison(JSON.stringify({ [first]: 0, [like]: [1], last: 2 }));
      const value = { [first]: 0, [name]: [1], last: 2 };
      assert.deepEqual(parseJsonText(JSON.stringify(value)), value);
    }
  }
});

/** Names of few characters, most of which are escaped. */
const names = fc.string({
  unit: fc.constantFrom("\\", "\n", '"', "a", ":", "~0~"),
  maxLength: 4,
});
const textValues = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    names,
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }),
  ),
})).value;

Deno.test("parseJsonText: any value survives a round trip, whatever was read before", () => {
  fc.assert(
    fc.property(textValues, (value) => {
      const text = JSON.stringify(value);
      const read = parseJsonText(text);
      assert.equal(JSON.stringify(read), text);
      assert.deepEqual(read, structuredClone(value));
    }),
    { numRuns: cases(20_000) },
  );
});

Deno.test("parseJsonText: invalid JSON is refused, with or without such names", () => {
  for (const text of ["{", '{"a\\\\":}', '{"\\\\":1}}', '"\\x":']) {
    assert.throws(() => parseJsonText(text), SyntaxError);
  }
});

Deno.test("parseJsonText: a string value is not mistaken for a member name", () => {
  const inner = JSON.stringify({ 'a\\"': { "\\": 1 } });
  for (const value of [inner, { text: inner }, [JSON.stringify(inner)]]) {
    assert.deepEqual(parseJsonText(JSON.stringify(value)), value);
  }
});

Deno.test("valueAt: an element of an array has a path, its length has none", () => {
  assert.equal(valueAt({ items: ["a", "b"] }, "items.1"), "b");
  assert.equal(valueAt({ items: ["a", "b"] }, "items.length"), undefined);
  assert.equal(valueAt({ items: { length: 3 } }, "items.length"), 3);
});
