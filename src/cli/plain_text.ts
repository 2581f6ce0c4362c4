/**
 * Makes text from outside safe for a terminal. Notes, labels and messages come from any sender, so
 * characters that would move the cursor or reverse the line are escaped.
 */

import stringWidth from "string-width";

/** Control characters, and those that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** The same, except line ends and tabs. */
const UNPRINTABLE_IN_PAGES =
  /(?![\n\t])[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line, with unprintable characters escaped as in JSON. */
export function plainText(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** Several lines, with all other unprintable characters escaped. */
export function plainPage(text: string): string {
  return text.replace(UNPRINTABLE_IN_PAGES, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, "0");
  return SHORT_ESCAPES[character] ?? `\\u${code}`;
}

/** The number of columns of a text without styles. */
export function textWidth(text: string): number {
  return stringWidth(text);
}

/** The text cut to a number of columns, with an ellipsis. */
export function fitted(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let [kept, used] = ["", 0];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += textWidth(segment);
    if (used > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? "" : `${kept}…`;
}

/** The text padded with spaces to a number of columns. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** The rows with each cell padded to the width of its column. */
export function aligned(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => textWidth(row[column] ?? "")))
  );
  return rows.map((row) => row.map((cell, column) => padded(cell, widths?.[column] ?? 0)));
}
