import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { taskId } from "../../src/core/ids.ts";
import { findTask, isTerminal } from "../../src/core/job_state.ts";
import { csvImport, type ImportSummary } from "../../src/jobs/csv_import.ts";
import { type Job, RefusedError, type SubmittedInput } from "../../src/mod.ts";
import { type TestDaybook, testDaybook } from "../../src/testing/mod.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import airports from "./airports.csv" with { type: "text" };

/** Half of the airports in vega-datasets 3.2.1; the data is in the public domain. */
const AIRPORTS_COUNT = 1_691;

const AIRPORT_TYPES = { latitude: "number", longitude: "number" } as const;
const LOADED = "csv.RowsLoaded";

type Input = SubmittedInput<typeof csvImport["input"]>;

async function imported(input: Input, crashAfter?: string) {
  const daybook = await testDaybook([csvImport]);
  if (crashAfter !== undefined) daybook.crashAfter(crashAfter);
  const job = await daybook.wait(await daybook.submit(csvImport, input));
  return { daybook, id: job.jobId, job };
}

function summaryOf({ state, output, failure }: Job<ImportSummary>): ImportSummary {
  assert.ok(output, `${state}: ${failure?.error.message}`);
  return output;
}

/** All entries, because an event that a task emits names no job. */
async function loaded(daybook: TestDaybook, id: string) {
  return (await daybook.events()).filter(({ eventType, attributes }) =>
    eventType === LOADED && attributes.importId === id
  );
}

async function loadedRows(daybook: TestDaybook, id: string): Promise<readonly unknown[]> {
  return (await loaded(daybook, id)).flatMap(({ attributes }) => attributes.rows);
}

function airportsByAnotherWay(): readonly unknown[] {
  return parse(airports, {
    columns: true,
    cast: (text, { column, header }) =>
      !header && String(column) in AIRPORT_TYPES ? Number(text) : text,
  });
}

Deno.test("csv.import: every airport is loaded, in four chunks, with unchanged values", async () => {
  const { daybook, id, job } = await imported({ csv: airports, columns: AIRPORT_TYPES });

  const { rows, accepted, rejected, chunks, rejections } = summaryOf(job);
  assert.deepEqual({ rows, accepted, rejected, chunks, rejections }, {
    rows: AIRPORTS_COUNT,
    accepted: AIRPORTS_COUNT,
    rejected: 0,
    chunks: 4,
    rejections: [],
  });
  assert.deepEqual(await loadedRows(daybook, id), airportsByAnotherWay());
});

Deno.test("csv.import: the summary describes the columns", async () => {
  const { job } = await imported({ csv: airports, columns: AIRPORT_TYPES });
  const rows = airportsByAnotherWay() as readonly Record<string, string | number>[];
  const numbers = (name: string) => rows.map((row) => Number(row[name]));
  const range = (name: string) => ({
    min: Math.min(...numbers(name)),
    max: Math.max(...numbers(name)),
  });
  const count = (name: string) => new Set(rows.map((row) => row[name])).size;

  assert.deepEqual(summaryOf(job).columns, {
    iata: { type: "string", empty: 0, distinct: "many" },
    name: { type: "string", empty: 0, distinct: "many" },
    city: { type: "string", empty: 0, distinct: "many" },
    state: { type: "string", empty: 0, distinct: count("state") },
    country: { type: "string", empty: 0, distinct: count("country") },
    latitude: { type: "number", empty: 0, ...range("latitude") },
    longitude: { type: "number", empty: 0, ...range("longitude") },
  });
});

Deno.test("csv.import: the event about loaded rows is in the batch of its chunk's completion", async () => {
  const { daybook, id } = await imported({ csv: "a\n1\n2\n3\n", chunkRows: 2 });
  const facts = await loaded(daybook, id);
  assert.deepEqual(facts.map(({ attributes }) => attributes), [
    { importId: id, chunk: "chunk-0001", firstLine: 2, rows: [{ a: "1" }, { a: "2" }] },
    { importId: id, chunk: "chunk-0002", firstLine: 4, rows: [{ a: "3" }] },
  ]);
  const entries = await daybook.events();
  for (const { causedBy = 0 } of facts) {
    assert.equal(entries[causedBy - 1]?.eventType, "job.TaskCompleted");
  }
});

Deno.test("csv.import: bad rows are rejected with their line, and the others loaded", async () => {
  const csv = [
    "id,name,age",
    "1,Ada,36",
    "2,,41",
    '3,"two',
    'lines",forty',
    "4,Cyd",
    '5,"Eve"x,20',
    "6,Fay,21",
    "",
  ].join("\r\n");
  const { daybook, id, job } = await imported({
    csv,
    columns: { id: "integer", age: "integer" },
    required: ["name"],
    chunkRows: 2,
  });

  const { accepted, rejected, rejections } = summaryOf(job);
  assert.deepEqual({ accepted, rejected }, { accepted: 2, rejected: 4 });
  assert.deepEqual(rejections, [
    { line: 3, reason: "name is required and empty" },
    { line: 4, reason: 'age is not a whole number from -(2^53 - 1) to 2^53 - 1: "forty"' },
    { line: 6, reason: "has 2 fields, and the header 3" },
    { line: 7, reason: "a closing quote is followed by more than the end of its field" },
  ]);
  assert.deepEqual(await loadedRows(daybook, id), [
    { id: 1, name: "Ada", age: 36 },
    { id: 6, name: "Fay", age: 21 },
  ]);
});

Deno.test("csv.import: only the first hundred rejections are listed, but all are counted", async () => {
  const { job } = await imported({
    csv: `a\n${"x\n".repeat(250)}`,
    columns: { a: "integer" },
    chunkRows: 60,
  });
  const { rejected, rejections } = summaryOf(job);
  assert.equal(rejected, 250);
  assert.deepEqual(
    rejections.map(({ line }) => line),
    Array.from({ length: 100 }, (_, index) => index + 2),
  );
});

Deno.test("csv.import: quoted line ends, CRLF and a byte order mark change no value", async () => {
  const csv = '\ufeffid;text\r\n1;"a\r\nb"\r\n2;"say ""hi"""\r\n3;"x;y"';
  const { daybook, id } = await imported({ csv, delimiter: ";", chunkRows: 1 });
  assert.deepEqual(await loadedRows(daybook, id), [
    { id: "1", text: "a\r\nb" },
    { id: "2", text: 'say "hi"' },
    { id: "3", text: "x;y" },
  ]);
  const lines = (await loaded(daybook, id)).map(({ attributes }) => attributes.firstLine);
  assert.deepEqual(lines, [2, 4, 5]);
});

Deno.test("csv.import: a header that cannot be used fails the job at once", async () => {
  const { job } = await imported({ csv: "a,a\n1,2\n" });
  const { failure } = job;
  assert.equal(failure?.kind, "poison");
  assert.equal(failure?.taskId, "split");
  assert.equal(failure?.error.message, 'Cannot use the header: it has duplicates: "a"');
});

Deno.test("csv.import: an invalid input is refused before there is a job", async () => {
  const daybook = await testDaybook([csvImport]);
  for (
    const [more, pointer] of [
      [{ chunkRows: 0 }, "/input/chunkRows"],
      [{ chunkRows: 10_001 }, "/input/chunkRows"],
      [{ delimiter: '"' }, "/input/delimiter"],
      [{ delimiter: ",," }, "/input/delimiter"],
      [{ columns: { a: "date" } }, "/input/columns/a"],
      [{ comma: ";" }, "/input/comma"],
      [{ csv: 1 }, "/input/csv"],
    ] as const
  ) {
    const input = { csv: "a\n", ...more } as Input;
    await assert.rejects(daybook.submit(csvImport, input), (error) => {
      assert.ok(error instanceof RefusedError);
      assert.deepEqual(error.issues.map((issue) => issue.pointer), [pointer]);
      return true;
    });
  }
});

Deno.test("csv.import: a chunk's progress is on record, up to its last row", async () => {
  const { daybook, id } = await imported({ csv: `a\n${"1\n".repeat(600)}`, chunkRows: 600 });
  const reports = (await daybook.events(id)).flatMap(({ eventType, taskId, attributes }) =>
    eventType === "job.TaskProgressed" ? [{ taskId, ...attributes }] : []
  );
  assert.deepEqual(reports.at(-1), {
    taskId: "chunk-0001",
    done: 600,
    total: 600,
    note: "600 accepted, 0 rejected",
  });
  assert.ok(reports.length > 1);
});

Deno.test("csv.import: after a crash completed chunks are not read again", async () => {
  const input = { csv: airports, columns: AIRPORT_TYPES } as const;
  const { daybook, id, job } = await imported(input, "chunk-0003");

  assert.equal(summaryOf(job).accepted, AIRPORTS_COUNT);
  assert.deepEqual(await loadedRows(daybook, id), airportsByAnotherWay());
  const entries = await daybook.events(id);
  const started = entries.flatMap(({ eventType, taskId }) =>
    eventType === "job.TaskStarted" && taskId !== "main" ? [taskId] : []
  );
  const completed = ["split", "chunk-0001", "chunk-0002", "chunk-0003"];
  assert.deepEqual(started.slice(0, 4), completed);
  assert.deepEqual(started.slice(4).filter((taskId) => completed.includes(taskId ?? "")), []);
});

Deno.test("csv.import: a cancelled import loads nothing of its current chunk", async () => {
  // In the middle of a chunk, which depends on real time, so the test kit cannot do this.
  const daybook = await Harness.start({ definitions: [csvImport] });
  const input = { csv: `a\n${"1\n".repeat(10_000)}`, chunkRows: 10_000 };
  const outcome = await daybook.engine.create({ type: "csv.import", input });
  assert.ok(outcome.ok);
  const { jobId: id } = outcome.value.job;
  const first = taskId("chunk-0001");
  const hasProgress = () => {
    const job = daybook.engine.job(id) ?? assert.fail();
    return findTask(job, first)?.progress !== undefined;
  };
  await daybook.engine.waitFor(id, hasProgress, 1);

  await daybook.control(id, "cancel");
  const job = await daybook.engine.waitFor(id, isTerminal, 1);

  assert.equal("failure" in job && job.failure?.kind, "cancelled");
  assert.notEqual(findTask(job, first)?.status, "completed");
  const entries = await daybook.engine.entries(0, 10_000);
  assert.ok(entries.every(({ eventType }) => eventType !== LOADED));
  // The code notices after its pause.
  await new Promise((resolve) => setTimeout(resolve, 5));
});
