import assert from "node:assert/strict";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { type FileSpec, readLayout } from "../../src/jobs/csv/records.ts";

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
