/**
 * `csv.import`: reads a CSV file in chunks and loads its rows. An example of a job whose
 * number of tasks follows from its input.
 */

import * as v from "valibot";
import { setTimeout } from "node:timers/promises";
import { defineJob } from "../engine/definition.ts";
import type { TaskContext } from "../engine/job_context.ts";
import {
  type Column,
  COLUMN_TYPES,
  type ColumnCount,
  type ColumnSummary,
  countValues,
  emptyCount,
  mergeCounts,
  readRow,
  type RowRead,
  summarize,
} from "./csv/columns.ts";
import type { Chunk, CsvRecord, FileSpec, Layout } from "./csv/records.ts";

/** A row that was not loaded. */
interface Rejection {
  /** The line of the file on which the row begins. */
  readonly line: number;
  readonly reason: string;
}

/** What the journal keeps about a chunk besides its rows. */
interface ChunkResult {
  readonly accepted: number;
  readonly rejected: number;
  /** The first ones. */
  readonly rejections: readonly Rejection[];
  /** Statistics of the accepted rows, in the order of the columns. */
  readonly counts: readonly ColumnCount[];
}

/** Loaded at its first use, so that no start loads the CSV parser. */
const csv = () => import("./csv/records.ts");

type LoadedRow = Extract<RowRead, { readonly row: unknown }>["row"];

const REJECTIONS_MAX = 100;
/** How many rows are read before other work gets a turn. */
const ROWS_PER_TURN = 250;

/**
 * Loads a chunk: its good rows become one `csv.RowsLoaded` fact, recorded in the batch
 * that records the chunk's completion. A crash before that batch leaves neither, so the
 * next attempt loads nothing twice.
 *
 * To load into a database instead, write the rows here and make the write repeatable: a
 * crash after it and before the completion runs the task again. `importId` and the task's
 * id name the chunk over all attempts.
 */
async function loadChunk(
  task: TaskContext,
  file: FileSpec,
  columns: readonly Column[],
  chunk: Chunk,
): Promise<ChunkResult> {
  const { parseRecords } = await csv();
  const records = parseRecords(file.csv, chunk, file.delimiter);
  const { rows, rejections } = await readRows(task, columns, records);
  if (rows.length > 0) {
    const { jobId: importId, taskId } = task;
    task.emit("csv.RowsLoaded", { importId, chunk: taskId, firstLine: chunk.line, rows });
  }
  return {
    accepted: rows.length,
    rejected: rejections.length,
    rejections: rejections.slice(0, REJECTIONS_MAX),
    counts: columns.map((column) =>
      countValues(column, rows.map((row) => row[column.name] ?? null))
    ),
  };
}

async function readRows(
  task: TaskContext,
  columns: readonly Column[],
  records: readonly CsvRecord[],
) {
  const rows: LoadedRow[] = [];
  const rejections: Rejection[] = [];
  for (const [index, record] of records.entries()) {
    task.signal.throwIfAborted();
    const read = readRecord(columns, record);
    if ("row" in read) rows.push(read.row);
    else rejections.push({ line: record.line, reason: read.reason });
    const done = index + 1;
    if (done % ROWS_PER_TURN !== 0 && done !== records.length) continue;
    task.progress(done, records.length, `${rows.length} accepted, ${rejections.length} rejected`);
    // A timer instead of `setImmediate`: connections are served before each timer.
    await setTimeout(0);
  }
  return { rows, rejections };
}

function readRecord(columns: readonly Column[], record: CsvRecord): RowRead {
  return "malformed" in record ? { reason: record.malformed } : readRow(columns, record.fields);
}

const CHUNK_ROWS_MAX = 10_000;
const CHUNK_ROWS_RULE = `must be a whole number from 1 to ${CHUNK_ROWS_MAX}`;

const chunkRows = v.pipe(
  v.number(),
  v.integer(CHUNK_ROWS_RULE),
  v.minValue(1, CHUNK_ROWS_RULE),
  v.maxValue(CHUNK_ROWS_MAX, CHUNK_ROWS_RULE),
);

const delimiter = v.pipe(
  v.string(),
  v.regex(/^[^"\r\n\ud800-\udfff]$/, "must be one character other than a quote or a line end"),
);

const input = v.strictObject({
  csv: v.pipe(
    v.string(),
    v.description("The file, with a header."),
    v.examples(["article,amount\nscrew,12\nnut,7\n"]),
  ),
  columns: v.exactOptional(v.pipe(
    v.record(v.string(), v.picklist(COLUMN_TYPES)),
    v.description("Types of columns, by name; the others are strings."),
  )),
  required: v.exactOptional(v.pipe(
    v.array(v.string()),
    v.description("Columns that must have a value in every row."),
  )),
  chunkRows: v.optional(chunkRows, 500),
  delimiter: v.optional(delimiter, ","),
});

/** The output of an import; the rows themselves are in `csv.RowsLoaded`. */
export interface ImportSummary {
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  /** The first ones. */
  readonly rejections: ChunkResult["rejections"];
  readonly columns: Readonly<Record<string, ColumnSummary>>;
  readonly chunks: number;
}

/**
 * `run` awaits nothing but `ctx`, and what it does between calls depends only on results. So it can
 * be called again after a restart: chunks that are on record are not read again. Chunks are read one
 * after the other, because that uses the processor. Tasks that wait for other machines would run
 * side by side with `Promise.all`.
 */
export const csvImport = defineJob({
  type: "csv.import",
  version: 1,
  description: "Reads a CSV file in chunks, rejects bad rows by their line, loads the rest.",
  input,
  async run(ctx, file): Promise<ImportSummary> {
    const layout = await ctx.task("split", async () => (await csv()).readLayout(file));
    const results: ChunkResult[] = [];
    for (const [index, chunk] of layout.chunks.entries()) {
      const taskId = `chunk-${String(index + 1).padStart(4, "0")}`;
      const load = (task: TaskContext) => loadChunk(task, file, layout.columns, chunk);
      results.push(await ctx.task(taskId, load));
    }
    return importSummary(layout, results);
  },
});

function importSummary({ columns }: Layout, results: readonly ChunkResult[]): ImportSummary {
  const accepted = results.reduce((sum, result) => sum + result.accepted, 0);
  const rejected = results.reduce((sum, result) => sum + result.rejected, 0);
  return {
    rows: accepted + rejected,
    accepted,
    rejected,
    rejections: results.flatMap(({ rejections }) => rejections).slice(0, REJECTIONS_MAX),
    columns: Object.fromEntries(columns.map((column, index) => [
      column.name,
      summaryOfColumn(column, index, results),
    ])),
    chunks: results.length,
  };
}

function summaryOfColumn(column: Column, index: number, results: readonly ChunkResult[]) {
  const counts = results.flatMap(({ counts }) => counts.slice(index, index + 1));
  return summarize(column, counts.reduce(mergeCounts, emptyCount(column)));
}
