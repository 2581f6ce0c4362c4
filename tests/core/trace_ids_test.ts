import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatTraceparent,
  parseTraceparent,
  traceFields,
  traceOfEntry,
} from "../../src/core/trace_ids.ts";
import { anyCharacter } from "../support/any_character.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const PLACE = { traceId: TRACE_ID, spanId: SPAN_ID };

const hex = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""))
    .filter((text) => !/^0+$/.test(text));

Deno.test("parseTraceparent: it reads what formatTraceparent writes", () => {
  fc.assert(fc.property(hex(32), hex(16), (traceId, spanId) => {
    assert.deepEqual(parseTraceparent(formatTraceparent({ traceId, spanId })), { traceId, spanId });
    const unsampled = formatTraceparent({ traceId }, spanId);
    assert.equal(unsampled, `00-${traceId}-${spanId}-00`);
    assert.deepEqual(parseTraceparent(unsampled), { traceId });
  }));
});

Deno.test("formatTraceparent: it is valid even without a known span", () => {
  assert.deepEqual(parseTraceparent(formatTraceparent({ traceId: TRACE_ID })), {
    traceId: TRACE_ID,
  });
});

Deno.test("parseTraceparent: a later version is read as far as it is known", () => {
  assert.deepEqual(parseTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01`), PLACE);
  assert.deepEqual(parseTraceparent(`cc-${TRACE_ID}-${SPAN_ID}-01-what-comes`), PLACE);
  assert.deepEqual(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-ff`), PLACE);
});

const INVALID: readonly (readonly [string, unknown])[] = [
  ["nothing", ""],
  ["no text", null],
  ["a number", 7],
  ["version ff", `ff-${TRACE_ID}-${SPAN_ID}-01`],
  ["version 00 with more after it", `00-${TRACE_ID}-${SPAN_ID}-01-x`],
  ["version 00 with a dash after it", `00-${TRACE_ID}-${SPAN_ID}-01-`],
  ["a later version with more that is not set off", `cc-${TRACE_ID}-${SPAN_ID}-01.x`],
  ["upper case", `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
  ["a trace id of zeros", `00-${"0".repeat(32)}-${SPAN_ID}-01`],
  ["a span id of zeros", `00-${TRACE_ID}-${"0".repeat(16)}-01`],
  ["a short trace id", `00-${TRACE_ID.slice(1)}-${SPAN_ID}-01`],
  ["a long span id", `00-${TRACE_ID}-${SPAN_ID}0-01`],
  ["one digit of flags", `00-${TRACE_ID}-${SPAN_ID}-1`],
  ["no flags", `00-${TRACE_ID}-${SPAN_ID}`],
  ["two at once", `00-${TRACE_ID}-${SPAN_ID}-01, 00-${TRACE_ID}-${SPAN_ID}-01`],
  ["a line break", `00-${TRACE_ID}-${SPAN_ID}-01\n`],
  ["a space before", ` 00-${TRACE_ID}-${SPAN_ID}-01`],
];

for (const [what, traceparent] of INVALID) {
  Deno.test(`parseTraceparent: ${what} is not valid`, () => {
    assert.equal(parseTraceparent(traceparent), undefined);
  });
}

Deno.test("parseTraceparent: one changed character makes it invalid, or another trace position", () => {
  const valid = `00-${TRACE_ID}-${SPAN_ID}-01`;
  fc.assert(fc.property(fc.nat(valid.length - 1), fc.string({ unit: anyCharacter }), (at, text) => {
    const changed = valid.slice(0, at) + text + valid.slice(at + 1);
    const ids = parseTraceparent(changed);
    assert.ok(ids === undefined || changed.includes(`-${ids.traceId}-${ids.spanId ?? ""}`));
  }));
});

Deno.test("traceOfEntry: invented ids are not a position in a trace", () => {
  assert.deepEqual(traceOfEntry(PLACE), PLACE);
  assert.deepEqual(traceOfEntry({ traceId: TRACE_ID }), { traceId: TRACE_ID });
  for (const ids of [{}, { spanId: SPAN_ID }, { traceId: "abc", spanId: SPAN_ID }]) {
    assert.equal(traceOfEntry(ids), undefined);
  }
  assert.equal(traceOfEntry({ traceId: TRACE_ID, spanId: "abc" }), undefined);
});

Deno.test("traceFields: it copies present ids, and creates none", () => {
  assert.equal(traceFields({}), undefined);
  assert.deepEqual(traceFields({ traceId: "abc" }), { traceId: "abc" });
  assert.deepEqual(traceFields({ spanId: "abc" }), { spanId: "abc" });
});
