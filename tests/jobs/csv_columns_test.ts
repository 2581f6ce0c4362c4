import assert from "node:assert/strict";
import { type Column, type ColumnType, readRow } from "../../src/jobs/csv/columns.ts";

function read(type: ColumnType, text: string, isRequired = false) {
  const column: Column = { name: "x", type, isRequired };
  const result = readRow([column], [text]);
  return "row" in result ? result.row["x"] : result.reason;
}

Deno.test("readRow: a text of each type becomes a value of that type", () => {
  assert.equal(read("string", " 1 "), " 1 ");
  assert.equal(read("number", "-90.23450472"), -90.23450472);
  assert.equal(read("number", "1.5e3"), 1_500);
  assert.equal(read("integer", "+007"), 7);
  assert.equal(read("boolean", "TRUE"), true);
  assert.equal(read("boolean", "false"), false);
});

Deno.test("readRow: a text that is not of its type gives a reason with that text", () => {
  for (const text of ["abc", "1,5", "0x10", "1e999", " 1", "NaN", "Infinity", "."]) {
    assert.equal(
      read("number", text),
      `x is not a number that can be kept exactly: ${JSON.stringify(text)}`,
    );
  }
  assert.equal(
    read("integer", "1.0"),
    'x is not a whole number from -(2^53 - 1) to 2^53 - 1: "1.0"',
  );
  assert.equal(read("boolean", "1"), 'x is not true or false: "1"');
});

Deno.test("readRow: a whole number that JSON would change is refused", () => {
  assert.equal(read("integer", "9007199254740991"), 9007199254740991);
  assert.match(String(read("integer", "9007199254740993")), /^x is not a whole number/);
  assert.match(String(read("number", "9007199254740993")), /^x is not a number/);
});

Deno.test("readRow: an empty field is null, or an empty text; if required, it gives a reason", () => {
  assert.equal(read("string", ""), "");
  assert.equal(read("number", ""), null);
  assert.equal(read("boolean", ""), null);
  assert.equal(read("string", "", true), "x is required and empty");
});

Deno.test("readRow: a wrong number of fields gives a reason with both numbers", () => {
  const column: Column = { name: "x", type: "string", isRequired: false };
  assert.deepEqual(readRow([column], ["1", "2"]), { reason: "has 2 fields, and the header 1" });
});

Deno.test("readRow: every reason of a row is listed", () => {
  const columns: Column[] = ["a", "b"].map((name) => ({ name, type: "number", isRequired: true }));
  const read = readRow(columns, ["", "z"]);
  assert.match("reason" in read ? read.reason : "", /^a is required and empty; b is not/);
});

Deno.test("readRow: a long text is cut in the reason", () => {
  assert.ok(String(read("number", "z".repeat(10_000))).length < 200);
});

Deno.test("readRow: a column named __proto__ is a column like any other", () => {
  const column: Column = { name: "__proto__", type: "string", isRequired: false };
  const result = readRow([column], ["x"]);
  assert.ok("row" in result);
  assert.equal(Object.getPrototypeOf(result.row), Object.prototype);
  assert.equal(JSON.stringify(result.row), '{"__proto__":"x"}');
});
