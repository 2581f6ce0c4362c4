/** The fields of CSV records, each record with its line, the malformed ones with a reason. */

import { parse } from "csv-parse/sync";
import { errorMessage } from "../../core/thrown.ts";

// Finds where the records of a CSV text begin and end, and on which lines. The parser's own line
// numbers are wrong for CRLF inside quotes, so these are used.

export interface RecordSpan {
  /** Offset of the first character. */
  readonly start: number;
  /** Offset after the last character, without the line end. */
  readonly end: number;
  /** The line on which the record begins, 1 for the first of the file. */
  readonly line: number;
}

/** A stretch of the text that begins with a record. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
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
): Generator<RecordSpan> {
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

/** Parses one record separately. */
export function parseRecord(text: string, { start, end, line }: RecordSpan, delimiter: string) {
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
