/** The layout of a CSV file: its header, and where to cut it so that no record is split. */

import { NonRetryableError } from "../../engine/job_errors.ts";
import type { Column, ColumnType } from "./columns.ts";
import { parseRecord, type RecordSpan, recordSpans, type Stretch } from "./records.ts";

/** The options that a sender gives with a file. */
export interface FileSpec {
  readonly csv: string;
  readonly columns?: Readonly<Record<string, ColumnType>>;
  readonly required?: readonly string[];
  readonly chunkRows: number;
  readonly delimiter: string;
}

export interface Chunk extends Stretch {
  readonly rows: number;
}

export interface Layout {
  readonly columns: readonly Column[];
  readonly chunks: readonly Chunk[];
}

const COLUMNS_MAX = 1_000;
const CHUNKS_MAX = 9_999;

/**
 * A chunk gets no more rows when its rows, written as JSON, would be longer than this:
 * they become one line of the journal.
 */
const CHUNK_LENGTH_MAX = 512 * 1024;
/** Quotes, a colon and a comma around each name and value. */
const JSON_LENGTH_PER_FIELD = 6;

/** @throws {NonRetryableError} when the header, or the number of chunks, cannot be used. */
export function readLayout(file: FileSpec): Layout {
  const start = file.csv.startsWith("\ufeff") ? 1 : 0;
  const spans = recordSpans(file.csv, { start, end: file.csv.length, line: 1 }, file.delimiter);
  const columns = readColumns(file, spans.next().value ?? undefined);
  const chunks = toChunks(spans, file.chunkRows, objectLength(columns));
  if (chunks.length > CHUNKS_MAX) {
    throw new NonRetryableError(
      `Cannot import: the file has ${chunks.length} chunks and the limit is ${CHUNKS_MAX}; ` +
        "give a higher chunkRows, or send it in parts",
    );
  }
  return { columns, chunks };
}

/** Names and punctuation of a row as an object, in characters. */
function objectLength(columns: readonly Column[]): number {
  return columns.reduce((sum, { name }) => sum + name.length + JSON_LENGTH_PER_FIELD, 0);
}

function toChunks(spans: Iterable<RecordSpan>, rowsMax: number, objectLength: number): Chunk[] {
  const chunks: Chunk[] = [];
  let length = 0;
  for (const { start, end, line } of spans) {
    const rowLength = end - start + objectLength;
    const last = chunks.at(-1);
    if (last === undefined || last.rows === rowsMax || length + rowLength > CHUNK_LENGTH_MAX) {
      chunks.push({ start, end, line, rows: 1 });
      length = rowLength;
    } else {
      chunks[chunks.length - 1] = { ...last, end, rows: last.rows + 1 };
      length += rowLength;
    }
  }
  return chunks;
}

function readColumns(file: FileSpec, header: RecordSpan | undefined): readonly Column[] {
  if (header === undefined) throw unusable("the file is empty");
  const record = parseRecord(file.csv, header, file.delimiter);
  if ("malformed" in record) throw unusable(`line ${header.line}: ${record.malformed}`);
  const names = record.fields;
  if (names.length > COLUMNS_MAX) {
    throw unusable(`it has ${names.length} columns and the limit is ${COLUMNS_MAX}`);
  }
  refuseUnnamed(names);
  refuseMissing(names, [...Object.keys(file.columns ?? {}), ...file.required ?? []]);
  const types = new Map(Object.entries(file.columns ?? {}));
  const required = new Set(file.required);
  return names.map((name) => ({
    name,
    type: types.get(name) ?? "string",
    isRequired: required.has(name),
  }));
}

function refuseUnnamed(names: readonly string[]): void {
  const unnamed = names.findIndex((name) => name.trim() === "");
  if (unnamed !== -1) throw unusable(`column ${unnamed + 1} has no name`);
  const duplicates = names.filter((name, index) => names.indexOf(name) !== index);
  if (duplicates.length > 0) throw unusable(`it has duplicates: ${listed(duplicates)}`);
}

/**
 * Reports columns that were described but do not exist: most are misspelt, and no row could be
 * valid.
 */
function refuseMissing(names: readonly string[], described: readonly string[]): void {
  const missing = described.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw unusable(`it lacks ${listed(missing)}; it has ${listed(names)}`);
  }
}

function listed(names: readonly string[]): string {
  return [...new Set(names)].map((name) => JSON.stringify(name)).join(", ");
}

function unusable(reason: string): NonRetryableError {
  return new NonRetryableError(`Cannot use the header: ${reason}`);
}
