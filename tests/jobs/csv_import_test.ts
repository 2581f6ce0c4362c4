import assert from "node:assert/strict";
import type { JsonObject } from "../../src/core/json.ts";
import { parse } from "csv-parse/sync";
import { type JobId, taskId } from "../../src/core/ids.ts";
import { findTask, type JobState } from "../../src/core/job_state.ts";
import { csvImport, type ImportSummary } from "../../src/jobs/csv_import.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { AIRPORTS_COUNT, airportsCsv } from "./job_airports.ts";
import { ended, failureOf, outputOf } from "./job_outcome.ts";

const AIRPORT_TYPES = { latitude: "number", longitude: "number" };
const LOADED = "csv.RowsLoaded";

async function imported(input: JsonObject) {
  const daybook = await Harness.start({ definitions: [csvImport] });
  const id = await daybook.submit("csv.import", input);
  return { daybook, id, job: await ended(daybook, id) };
}

/** A job that has just been created: nothing waits for it to get on. */
async function begun(daybook: Harness, input: JsonObject): Promise<JobId> {
  const outcome = await daybook.engine.create({ type: "csv.import", input });
  assert.ok(outcome.ok);
  return outcome.value.job.jobId;
}

function summaryOf(job: JobState): ImportSummary {
  return outputOf(job) as ImportSummary;
}

/** All entries, since a fact that a task emits names no job. */
async function loaded(daybook: Harness, id: JobId) {
  const entries = await daybook.engine.entries(0, 10_000);
  return entries.filter(({ eventType, attributes }) =>
    eventType === LOADED && "importId" in attributes && attributes["importId"] === id
  );
}

async function loadedRows(daybook: Harness, id: JobId): Promise<readonly unknown[]> {
  return (await loaded(daybook, id)).flatMap(({ attributes }) =>
    "rows" in attributes ? attributes["rows"] : []
  );
}

function airportsByAnotherWay(): readonly unknown[] {
  return parse(airportsCsv(), {
    columns: true,
    cast: (text, { column, header }) =>
      !header && String(column) in AIRPORT_TYPES ? Number(text) : text,
  });
}

Deno.test("csv.import: every airport is loaded, in seven chunks, each value as it was", async () => {
  const { daybook, id, job } = await imported({ csv: airportsCsv(), columns: AIRPORT_TYPES });

  const { rows, accepted, rejected, chunks, rejections } = summaryOf(job);
  assert.deepEqual({ rows, accepted, rejected, chunks, rejections }, {
    rows: AIRPORTS_COUNT,
    accepted: AIRPORTS_COUNT,
    rejected: 0,
    chunks: 7,
    rejections: [],
  });
  assert.deepEqual(await loadedRows(daybook, id), airportsByAnotherWay());
});

Deno.test("csv.import: the summary tells what the columns hold", async () => {
  const { job } = await imported({ csv: airportsCsv(), columns: AIRPORT_TYPES });
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

Deno.test("csv.import: a fact of loaded rows is in the batch of its chunk's completion", async () => {
  const { daybook, id } = await imported({ csv: "a\n1\n2\n3\n", chunkRows: 2 });
  const facts = await loaded(daybook, id);
  assert.deepEqual(facts.map(({ attributes }) => attributes), [
    { importId: id, chunk: "chunk-0001", firstLine: 2, rows: [{ a: "1" }, { a: "2" }] },
    { importId: id, chunk: "chunk-0002", firstLine: 4, rows: [{ a: "3" }] },
  ]);
  for (const { causedBy = 0 } of facts) {
    const [cause] = await daybook.engine.entries(causedBy - 1, 1);
    assert.equal(cause?.eventType, "job.TaskCompleted");
  }
});

Deno.test("csv.import: bad rows are rejected by their line, and the others loaded", async () => {
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

Deno.test("csv.import: no more than the first hundred rejections are told, all are counted", async () => {
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
  const lines = (await loaded(daybook, id)).map(({ attributes }) =>
    "firstLine" in attributes && attributes["firstLine"]
  );
  assert.deepEqual(lines, [2, 4, 5]);
});

Deno.test("csv.import: a header that cannot be used fails the job at once", async () => {
  const { job } = await imported({ csv: "a,a\n1,2\n" });
  const failure = failureOf(job);
  assert.equal(failure?.kind, "poison");
  assert.equal(failure?.taskId, "split");
  assert.equal(failure?.error.message, 'Cannot use the header: it names twice: "a"');
});

Deno.test("csv.import: an input that is not one is refused before there is a job", async () => {
  const daybook = await Harness.start({ definitions: [csvImport] });
  for (
    const [more, pointer] of [
      [{ chunkRows: 0 }, "/chunkRows"],
      [{ chunkRows: 10_001 }, "/chunkRows"],
      [{ delimiter: '"' }, "/delimiter"],
      [{ delimiter: ",," }, "/delimiter"],
      [{ columns: { a: "date" } }, "/columns/a"],
      [{ comma: ";" }, "/comma"],
      [{ csv: 1 }, "/csv"],
    ] as const
  ) {
    const request = { type: "csv.import", input: { csv: "a\n", ...more } };
    const outcome = await daybook.engine.create(request);
    assert.ok(!outcome.ok && outcome.problem.kind === "invalidInput");
    assert.deepEqual(outcome.problem.issues.map((issue) => issue.pointer), [pointer]);
  }
});

Deno.test("csv.import: a chunk's progress is on record, up to its last row", async () => {
  const { daybook, id } = await imported({ csv: `a\n${"1\n".repeat(600)}`, chunkRows: 600 });
  const reports = (await daybook.entries(id)).flatMap(({ eventType, taskId, attributes }) =>
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

Deno.test("csv.import: after a restart completed chunks are not read again", async () => {
  const daybook = await Harness.start({ definitions: [csvImport] });
  const id = await begun(daybook, { csv: airportsCsv(), columns: AIRPORT_TYPES });
  const third = taskId("chunk-0003");
  await daybook.engine.waitFor(id, (job) => findTask(job, third)?.status === "completed", 1);
  const facts = daybook.journal.content.entries.filter(({ eventType }) => eventType === LOADED);
  assert.equal(facts.length, 3);

  const restarted = await daybook.crash();
  const job = await ended(restarted, id);

  assert.equal(summaryOf(job).accepted, AIRPORTS_COUNT);
  assert.deepEqual(await loadedRows(restarted, id), airportsByAnotherWay());
  const started = (await restarted.entries(id)).flatMap(({ eventType, taskId }) =>
    eventType === "job.TaskStarted" && taskId !== "main" ? [taskId] : []
  );
  const completed = ["split", "chunk-0001", "chunk-0002", "chunk-0003"];
  assert.deepEqual(started.slice(0, 4), completed);
  assert.deepEqual(started.slice(4).filter((taskId) => completed.includes(taskId ?? "")), []);
});

Deno.test("csv.import: a cancelled import loads nothing of the chunk that it was reading", async () => {
  const daybook = await Harness.start({ definitions: [csvImport] });
  const id = await begun(daybook, { csv: `a\n${"1\n".repeat(10_000)}`, chunkRows: 10_000 });
  const first = taskId("chunk-0001");
  await daybook.engine.waitFor(id, (job) => findTask(job, first)?.progress !== undefined, 1);

  await daybook.control(id, "cancel");
  const job = await ended(daybook, id);

  assert.equal(failureOf(job)?.kind, "cancelled");
  assert.notEqual(findTask(job, first)?.status, "completed");
  assert.deepEqual(await loaded(daybook, id), []);
});
