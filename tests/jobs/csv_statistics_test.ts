import assert from "node:assert/strict";
import fc from "fast-check";
import type { CellValue, Column, ColumnType } from "../../src/jobs/csv/columns.ts";
import {
  countValues,
  DISTINCT_MAX,
  emptyCount,
  mergeCounts,
  summarize,
} from "../../src/jobs/csv/statistics.ts";

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
