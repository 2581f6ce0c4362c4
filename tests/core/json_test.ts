import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { copyJson, equalJson, type JsonValue } from "../../src/core/json.ts";

const values = fc.jsonValue() as fc.Arbitrary<JsonValue>;

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
