/** What is refused although it is JSON, and answers to what the engine refuses. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJsonText } from "../../src/core/json_text.ts";
import { findFlaws, parseJson } from "../../src/documents/json_document.ts";
import { Refusal } from "../../src/documents/refusal.ts";
import { cases } from "../support/effort.ts";
import { refusalOfFailure } from "../../src/documents/engine_refusal.ts";
import { noDescriptor } from "../support/journal/journal_disk.ts";

// What is refused although it is JSON, compared with a plain check of each value.

const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 24 });
const token = fc.oneof(
  digits,
  fc.tuple(digits, digits).map(([whole, fraction]) => `${whole}.${fraction}`),
  fc.tuple(digits, fc.constantFrom("e", "E", "e+", "e-"), fc.nat(999)).map((parts) =>
    parts.join("")
  ),
  fc.tuple(digits, digits, fc.nat(400)).map(([a, b, exponent]) => `${a}.${b}e${exponent}`),
).chain((text) => fc.constantFrom(text, `-${text}`)).map((text) =>
  text.replace(/^(-?)0+(?=\d)/, "$1")
);

/** As `JSON.parse` reports the source text of each number. */
function isUnsafe(text: string): boolean {
  let unsafe = false;
  const look = (_: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === "number" && !Number.isSafeInteger(value)) {
      unsafe ||= /^-?\d+$/.test(context?.source ?? "") || !Number.isFinite(value);
    }
    return value;
  };
  (JSON.parse as (text: string, look: unknown) => unknown)(text, look);
  return unsafe;
}

Deno.test("numbers: exactly those are refused that could not be recorded as sent", () => {
  let [refused, taken] = [0, 0];
  fc.assert(
    fc.property(token, fc.string(), token, (number, text, other) => {
      const document = `{"a":[1,${number}],${
        // Forbidden and duplicate keys are tested elsewhere.
        JSON.stringify(`key ${text}`)}: "${number}\\"${other}","b":{"c":${other}}}`;
      const { count } = findFlaws(document);
      const unsafe = [number, other].filter(isUnsafe).length;
      assert.equal(count, unsafe, document);
      const recorded = () => parseJsonText(JSON.stringify(parseJsonText(document)));
      if (unsafe === 0) assert.deepEqual(parseJson(document), recorded());
      else assert.throws(() => parseJson(document), Refusal);
      if (unsafe === 0) taken++;
      else refused++;
    }),
    { numRuns: cases(5_000) },
  );
  assert.ok(refused > cases(500) && taken > cases(500), `${refused} refused, ${taken} taken`);
});

Deno.test("numbers: what is not a JSON number is malformed, however long", () => {
  for (const wrong of ["01234567890123456789", "12345678901234567890.", "--12345678901234567890"]) {
    assert.throws(() => parseJson(`{"a":${wrong}}`), { kind: "malformed-json" }, wrong);
  }
});

Deno.test("numbers: minus zero is zero, as it is recorded, and no other number is", () => {
  const zeros = ["-0", "-0.0", "-0e5", "-0.00E-1", "-1e-400"];
  for (const text of [`{"a":-0,"b":[${zeros.join(", ")}],"c":\n-0}`, "[-0]", '[{"a":1},-0]']) {
    assert.deepEqual(parseJson(text), JSON.parse(JSON.stringify(JSON.parse(text))), text);
  }
  assert.deepEqual(parseJson('["-0",":-0",-0.5,0,-1]'), ["-0", ":-0", -0.5, 0, -1]);
  for (const wrong of ["-00", "-0.", "-0e", "-0-0"]) {
    assert.throws(() => parseJson(`{"a":${wrong}}`), { kind: "malformed-json" }, wrong);
  }
});

Deno.test("flaws: each has its pointer; of very many the first are listed, and all are counted", () => {
  const { issues, count } = findFlaws(
    '{"a":[12345678901234567890,{"constructor":1}],"~/b":"\\ud800","\\ud800":1}',
  );
  assert.deepEqual(issues, [
    { pointer: "/a/0", detail: "is beyond 2^53 and would be changed; send it as a string" },
    { pointer: "/a/1/constructor", detail: "is a key that is not allowed: constructor" },
    { pointer: "/~0~1b", detail: "contains a lone surrogate, which is not valid text" },
    { pointer: "", detail: "has a key with a lone surrogate" },
  ]);
  assert.equal(count, 4);

  const many = `[${Array(5_000).fill("12345678901234567890").join(",")}]`;
  assert.deepEqual([findFlaws(many).issues.length, findFlaws(many).count], [50, 5_000]);
});

Deno.test("flaws: one by itself is refused, wherever it is", () => {
  for (
    const flaw of ['{"\\ud800":1}', '"\\ud800"', '{"__proto__":1}', "9007199254740993", "-1e400"]
  ) {
    for (const text of [flaw, `[0,${flaw}]`, `{"a":{"b":[${flaw}]}}`]) {
      assert.throws(() => parseJson(text), { kind: "invalid-request" }, text);
    }
  }
});

// Answers to requests that the engine refuses.

Deno.test("refusals: without a file descriptor a request is refused temporarily, with the reason", () => {
  const refusal = refusalOfFailure(noDescriptor());
  assert.equal(refusal?.kind, "over-capacity");
  assert.equal(refusal?.retryAfterSeconds, 1);
  assert.match(refusal?.message ?? "", /no file descriptor left.*ulimit -n/);
});
