/** The fields of CSV records, each record with its line, the malformed ones with a reason. */

import { parse } from "csv-parse/sync";
import { messageOf } from "../../core/thrown.ts";
import { type RecordSpan, recordSpans, type Stretch } from "./record_spans.ts";

export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly malformed: string };

/**
 * The records of a stretch. It is parsed at once; only when some record is malformed, or
 * the parser sees other records than `recordSpans`, is each parsed by itself, so that one
 * stray quote costs one row. That takes ten times as long.
 */
export function recordsOf(text: string, stretch: Stretch, delimiter: string): CsvRecord[] {
  const spans = [...recordSpans(text, stretch, delimiter)];
  const rows = tryParse(text.slice(stretch.start, stretch.end), delimiter);
  if (Array.isArray(rows) && rows.length === spans.length) {
    return spans.map(({ line }, index) => ({ line, fields: rows[index] ?? [] }));
  }
  return spans.map((span) => recordOf(text, span, delimiter));
}

/** One record, parsed by itself. */
export function recordOf(text: string, { start, end, line }: RecordSpan, delimiter: string) {
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

/** The parser's messages name lines of the slice that it got: they are told in other words. */
function malformation(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is opened and never closed; all that follows belongs to it";
    case "INVALID_OPENING_QUOTE":
      return 'a quote is inside a field that does not begin with one; double it: "a ""b"" c"';
    case "CSV_INVALID_CLOSING_QUOTE":
      return "a closing quote is followed by more than the end of its field";
    default:
      return `cannot be parsed: ${messageOf(error)}`;
  }
}
