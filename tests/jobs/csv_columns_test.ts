import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CellValue,
  type Column,
  type ColumnType,
  countValues,
  DISTINCT_MAX,
  emptyCount,
  mergeCounts,
  readRow,
  summarize,
} from "../../src/jobs/csv/columns.ts";

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

function column(type: ColumnType): Column {
  return { name: "x", type, isRequired: false };
}

function summary(type: ColumnType, values: readonly CellValue[]) {
  return summarize(column(type), countValues(column(type), values));
}

Deno.test("summarize: numbers have a range, and empty fields are counted", () => {
  assert.deepEqual(summary("number", [3, null, -1.5, 2]), {
    type: "number",
    empty: 1,
    min: -1.5,
    max: 3,
  });
  assert.deepEqual(summary("integer", [null]), { type: "integer", empty: 1 });
});

Deno.test("summarize: different texts are counted up to a bound", () => {
  const many = Array.from({ length: DISTINCT_MAX + 1 }, (_, index) => `v${index}`);
  assert.deepEqual(summary("string", ["a", "b", "a", ""]), {
    type: "string",
    empty: 1,
    distinct: 2,
  });
  assert.equal(JSON.stringify(summary("string", many)).includes('"distinct":"many"'), true);
  assert.deepEqual(summary("boolean", [true, true, null]), {
    type: "boolean",
    empty: 1,
    distinct: 1,
  });
});

Deno.test("summarize: a column of long texts is not counted", () => {
  const long = "z".repeat(1_000);
  assert.deepEqual(summary("string", [long]), { type: "string", empty: 0, distinct: "many" });
});

const cells = fc.oneof(
  fc.tuple(
    fc.constant(column("integer")),
    fc.array(fc.option(fc.integer()), { maxLength: 20 }),
  ),
  fc.tuple(
    fc.constant(column("string")),
    fc.array(fc.string({ maxLength: 2 }), { maxLength: 3 * DISTINCT_MAX }),
  ),
);

Deno.test("mergeCounts: two parts merged count as the whole", () => {
  fc.assert(fc.property(cells, fc.nat(), ([column, values], cut) => {
    const at = values.length === 0 ? 0 : cut % values.length;
    const [left, right] = [values.slice(0, at), values.slice(at)] as const;
    const merged = mergeCounts(countValues(column, left), countValues(column, right));
    const whole = countValues(column, values);
    assert.deepEqual(summarize(column, merged), summarize(column, whole));
    assert.deepEqual(mergeCounts(emptyCount(column), whole), whole);
  }));
});
