import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRecords, recordSpans } from "../../src/jobs/csv/records.ts";

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
