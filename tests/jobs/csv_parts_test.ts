/** Parts of the CSV import: records, the layout of a file, and columns. */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FileSpec,
  parseRecords,
  readLayout,
  recordSpans,
} from "../../src/jobs/csv/records.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
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

const whole = (text: string) => ({ start: 0, end: text.length, line: 1 });

function linesOf(text: string): readonly [number, string][] {
  return [...recordSpans(text, whole(text), ",")]
    .map(({ start, end, line }) => [line, text.slice(start, end)]);
}

Deno.test("recordSpans: LF, CRLF and CR each end a line, even in one file", () => {
  assert.deepEqual(linesOf("a\nb\r\nc\rd"), [[1, "a"], [2, "b"], [3, "c"], [4, "d"]]);
});

Deno.test("recordSpans: a line end inside quotes belongs to the record and is counted", () => {
  for (const [end, lines] of [["\n", 1], ["\r\n", 1], ["\r", 1], ["\n\n", 2]] as const) {
    const quoted = `1,"x${end}y"`;
    assert.deepEqual(linesOf(`${quoted}\n2,z`), [[1, quoted], [2 + lines, "2,z"]]);
  }
});

Deno.test("recordSpans: a doubled quote does not end its field", () => {
  assert.deepEqual(linesOf('"a""\n"\nb'), [[1, '"a""\n"'], [3, "b"]]);
});

Deno.test("recordSpans: a quote inside an unquoted field opens nothing", () => {
  assert.deepEqual(linesOf('5" disk\nb'), [[1, '5" disk'], [2, "b"]]);
});

Deno.test("recordSpans: empty lines are not records but are counted", () => {
  assert.deepEqual(linesOf("\n\na\n\r\n\nb\n\n"), [[3, "a"], [6, "b"]]);
});

Deno.test("recordSpans: an unclosed quote includes the rest of the text", () => {
  assert.deepEqual(linesOf('a\n"b\nc'), [[1, "a"], [2, '"b\nc']]);
});

Deno.test("parseRecords: a malformed record does not affect others", () => {
  const text = 'a,b\n1,"x"y\n2,a"b\n3,z\n';
  const records = parseRecords(text, whole(text), ",");
  assert.deepEqual(records.map(({ line }) => line), [1, 2, 3, 4]);
  assert.deepEqual(records.map((record) => "malformed" in record), [false, true, true, false]);
  assert.deepEqual(records[3], { line: 4, fields: ["3", "z"] });
});

const field = fc.string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", "\r", "\r\n", " ") });
const written = fc.record({
  rows: fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 8 }),
  lineEnd: fc.constantFrom("\n", "\r\n", "\r"),
});

Deno.test("parseRecords: it returns the written fields, with their lines", () => {
  fc.assert(fc.property(written, ({ rows, lineEnd }) => {
    const records = rows.map((fields) => fields.map(quoted).join(","));
    const text = records.map((record) => record + lineEnd).join("");
    const expected = rows.map((fields, index) => ({
      line: lineCount(records.slice(0, index).map((record) => record + lineEnd).join("")) + 1,
      fields,
    }));
    assert.deepEqual(parseRecords(text, whole(text), ","), expected);
  }));
});

Deno.test("parseRecords: a text cut between records gives the same", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r") }), (text) => {
    const uncut = parseRecords(text, whole(text), ",");
    const pieces = [...recordSpans(text, whole(text), ",")]
      .flatMap((span) => parseRecords(text, span, ","));
    assert.deepEqual(pieces, uncut);
  }));
});

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function lineCount(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}

function layout(csv: string, more: Partial<FileSpec> = {}) {
  return readLayout({ csv, chunkRows: 2, delimiter: ",", ...more });
}

function refusal(csv: string, more: Partial<FileSpec> = {}): string {
  try {
    layout(csv, more);
  } catch (error) {
    assert.ok(error instanceof NonRetryableError);
    return error.message;
  }
  throw new assert.AssertionError({ message: "the header was accepted" });
}

Deno.test("readLayout: chunks begin with a record and know its line", () => {
  const csv = 'a,b\r\n1,"x\r\ny"\r\n2,z\r\n\r\n3,w\r\n';
  assert.deepEqual(
    layout(csv).chunks.map(({ start, end, line, rows }) => [csv.slice(start, end), line, rows]),
    [['1,"x\r\ny"\r\n2,z', 2, 2], ["3,w", 6, 1]],
  );
});

Deno.test("readLayout: columns have the given types, string by default", () => {
  const { columns } = layout("a,b\n", { columns: { b: "integer" }, required: ["a"] });
  assert.deepEqual(columns, [
    { name: "a", type: "string", isRequired: true },
    { name: "b", type: "integer", isRequired: false },
  ]);
});

Deno.test("readLayout: a byte order mark is not part of the first name", () => {
  assert.deepEqual(layout("\ufeffa\n1").columns.map(({ name }) => name), ["a"]);
  assert.deepEqual(layout('\ufeff"a"\n1').columns.map(({ name }) => name), ["a"]);
});

Deno.test("readLayout: a file without rows has no chunks", () => {
  assert.deepEqual(layout("a,b").chunks, []);
});

Deno.test("readLayout: a chunk of long rows ends before its number of rows", () => {
  const row = "z".repeat(200_000);
  const { chunks } = layout(`a\n${row}\n${row}\n${row}\n`, { chunkRows: 10 });
  assert.deepEqual(chunks.map(({ rows }) => rows), [2, 1]);
});

Deno.test("readLayout: a header that cannot be used is refused with its reason", () => {
  assert.equal(refusal(""), "Cannot use the header: the file is empty");
  assert.equal(refusal("\ufeff\r\n\n"), "Cannot use the header: the file is empty");
  assert.equal(refusal("a,b,a\n"), 'Cannot use the header: it has duplicates: "a"');
  assert.equal(refusal("a,,c\n"), "Cannot use the header: column 2 has no name");
  assert.match(refusal('a,"b\n1,2\n'), /^Cannot use the header: line 1: a quote is never closed/);
  const missing = 'Cannot use the header: it lacks "z"; it has "a", "b"';
  assert.equal(refusal("a,b\n", { required: ["z"] }), missing);
  assert.equal(refusal("a,b\n", { columns: { z: "number" }, required: ["z"] }), missing);
});

Deno.test("readLayout: more chunks than a job should have are refused", () => {
  const message = refusal(`a\n${"1\n".repeat(10_000)}`, { chunkRows: 1 });
  assert.match(message, /^Cannot import: the file has 10000 chunks and the limit is 9999/);
});

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
