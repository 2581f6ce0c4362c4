import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJsonText } from "../../src/core/json_text.ts";
import { cases } from "../support/effort.ts";

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
const values = fc.letrec((tie) => ({
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
    fc.property(values, (value) => {
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
