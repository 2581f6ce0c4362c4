/**
 * The records of a CSV file: the fields of each with its line, the malformed ones with a reason; the
 * header, and where to cut the file so that no record is split.
 */

import { parse } from "csv-parse/sync";
import { errorMessage } from "../../core/thrown.ts";
import { NonRetryableError } from "../../engine/job_errors.ts";
import type { Column, ColumnType } from "./columns.ts";

// Finds where the records of a CSV text begin and end, and on which lines. The parser's own line
// numbers are wrong for CRLF inside quotes, so these are used.

/** A stretch of the text, of one record or of several. */
interface Stretch {
  /** Offset of the first character. */
  readonly start: number;
  /** Offset after the last character; of one record, without its line end. */
  readonly end: number;
  /** The line on which it begins, 1 for the first of the file. */
  readonly line: number;
}

const QUOTE = '"'.charCodeAt(0);
const LINE_FEED = "\n".charCodeAt(0);
const CARRIAGE_RETURN = "\r".charCodeAt(0);

/**
 * The records of a stretch, in order. Lines end with CRLF, LF or CR; those inside quotes
 * belong to their field. Empty lines are no records.
 */
export function* recordSpans(
  text: string,
  stretch: Stretch,
  delimiter: string,
): Generator<Stretch> {
  const delimiterCode = delimiter.charCodeAt(0);
  let { start, line } = stretch;
  while (start < stretch.end) {
    const { end, next, lines } = recordAt(text, start, stretch.end, delimiterCode);
    if (end > start) yield { start, end, line };
    line += lines;
    start = next;
  }
}

/** A quote opens a quoted field only at the field's beginning (RFC 4180, section 2). */
function recordAt(text: string, start: number, limit: number, delimiter: number) {
  let lines = 0;
  let isQuoted = false;
  let isFieldStart = true;
  for (let at = start; at < limit; at++) {
    const code = text.charCodeAt(at);
    const width = lineEndWidth(text, at, code);
    if (width > 0) {
      lines++;
      if (!isQuoted) return { end: at, next: at + width, lines };
      at += width - 1;
    } else if (code === QUOTE) {
      if (isQuoted && text.charCodeAt(at + 1) === QUOTE) at++;
      else isQuoted = !isQuoted && isFieldStart;
    }
    isFieldStart = !isQuoted && code === delimiter;
  }
  return { end: limit, next: limit, lines };
}

function lineEndWidth(text: string, at: number, code: number): 0 | 1 | 2 {
  if (code === LINE_FEED) return 1;
  if (code !== CARRIAGE_RETURN) return 0;
  return text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
}

export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly malformed: string };

/**
 * The records of a stretch. It is parsed as a whole. Only when some record is malformed, or the
 * parser finds other records than `recordSpans`, is each parsed separately, so that one stray quote
 * costs one row. That takes ten times as long.
 */
export function parseRecords(text: string, stretch: Stretch, delimiter: string): CsvRecord[] {
  const spans = [...recordSpans(text, stretch, delimiter)];
  const rows = tryParse(text.slice(stretch.start, stretch.end), delimiter);
  if (Array.isArray(rows) && rows.length === spans.length) {
    return spans.map(({ line }, index) => ({ line, fields: rows[index] ?? [] }));
  }
  return spans.map((span) => parseRecord(text, span, delimiter));
}

function parseRecord(text: string, { start, end, line }: Stretch, delimiter: string) {
  const rows = tryParse(text.slice(start, end), delimiter);
  if (!Array.isArray(rows)) return { line, malformed: rows.malformed };
  return { line, fields: rows[0] ?? [] };
}

function tryParse(text: string, delimiter: string): string[][] | { readonly malformed: string } {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      relax_column_count: true,
      skip_empty_lines: true,
    });
  } catch (error) {
    return { malformed: malformation(error) };
  }
}

/** Rewords a message of the parser, whose line numbers refer to the slice it was given. */
function malformation(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is never closed, so it takes in everything after it";
    case "INVALID_OPENING_QUOTE":
      return 'a quote is inside a field that does not begin with one; double it: "a ""b"" c"';
    case "CSV_INVALID_CLOSING_QUOTE":
      return "a closing quote is followed by more than the end of its field";
    default:
      return `cannot be parsed: ${errorMessage(error)}`;
  }
}

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

function toChunks(spans: Iterable<Stretch>, rowsMax: number, objectLength: number): Chunk[] {
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

function readColumns(file: FileSpec, header: Stretch | undefined): readonly Column[] {
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
