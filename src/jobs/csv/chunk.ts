/** One chunk of an import: read, checked, counted, and loaded as durable facts. */

import { setTimeout } from "node:timers/promises";
import type { TaskContext } from "../../engine/definition.ts";
import { type Column, readRow, type RowRead } from "./columns.ts";
import type { Chunk, FileSpec } from "./layout.ts";
import { type CsvRecord, recordsOf } from "./records.ts";
import { type ColumnCount, countValues } from "./statistics.ts";

/** A row that was not loaded. */
export interface Rejection {
  /** The line of the file on which the row begins. */
  readonly line: number;
  readonly reason: string;
}

/** What the journal keeps of a chunk beside its rows. */
export interface ChunkResult {
  readonly accepted: number;
  readonly rejected: number;
  /** The first ones. */
  readonly rejections: readonly Rejection[];
  /** Of the accepted rows, in the order of the columns. */
  readonly counts: readonly ColumnCount[];
}

type LoadedRow = Extract<RowRead, { readonly row: unknown }>["row"];

export const REJECTIONS_MAX = 100;
/** Reading goes on for so many rows before others get a turn. */
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
export async function loadChunk(
  task: TaskContext,
  file: FileSpec,
  columns: readonly Column[],
  chunk: Chunk,
): Promise<ChunkResult> {
  const records = recordsOf(file.csv, chunk, file.delimiter);
  const { rows, rejections } = await readRows(task, columns, records);
  if (rows.length > 0) {
    const { jobId: importId, taskId } = task;
    task.emit("csv.RowsLoaded", { importId, chunk: taskId, firstLine: chunk.line, rows });
  }
  return {
    accepted: rows.length,
    rejected: rejections.length,
    rejections: rejections.slice(0, REJECTIONS_MAX),
    counts: columns.map((column) => countValues(column, rows.map((row) => cell(row, column)))),
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
    // A timer, and no immediate: before each timer the connections get their turn.
    await setTimeout(0);
  }
  return { rows, rejections };
}

function readRecord(columns: readonly Column[], record: CsvRecord): RowRead {
  return "malformed" in record ? { reason: record.malformed } : readRow(columns, record.fields);
}

function cell(row: LoadedRow, { name }: Column) {
  return row[name] ?? null;
}
