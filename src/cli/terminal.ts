/** The output of commands: text for people, JSON lines for programs. */

import { styleText } from "node:util";
import stringWidth from "string-width";
import { EXIT } from "../core/exit_codes.ts";
import { errorMessage } from "../core/thrown.ts";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";

export interface Terminal {
  /** Whether a person reads the output. */
  readonly isInteractive: boolean;
  /** Columns of the screen; 80 if there is none. */
  readonly columns: number;
  out(line: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  /** The text in a style, or unchanged if colour is off. */
  style(style: Style, text: string): string;
  /**
   * Shows progress in place on standard error, if a person is looking. A `total` of 0 is unknown;
   * if `done` is 0 too, only the label is shown. Whatever is written next replaces it.
   */
  progress(label: string, done: number, total: number): void;
  /** Removes the progress, at the end of the command. */
  progressEnd(): void;
}

export function printLines(terminal: Terminal, lines: readonly string[]): void {
  for (const line of lines) terminal.out(line);
}

/** The form of the output of a command. */
export type Form = "json" | "text";

/** Prints text for a person, or a value as a line of JSON. */
export function printResult(
  { form, terminal }: { readonly form: Form; readonly terminal: Terminal },
  value: unknown,
  lines: () => readonly string[],
): void {
  if (form === "text") printLines(terminal, lines());
  else terminal.out(JSON.stringify(value));
}

/** Where text is cut: at the edge of the screen, or nowhere without a screen. */
export function textColumns({ isInteractive, columns }: Terminal): number {
  return isInteractive ? columns : Infinity;
}

const BAR_COLUMNS = 30;
/** Columns of a progress bar besides its label: ` [###---]  50 %`. */
export const PROGRESS_BAR_COLUMNS = BAR_COLUMNS + 9;
/** More frequent updates would only flicker. */
const PROGRESS_EVERY_MS = 50;
const COLUMNS_WITHOUT_SCREEN = 80;

/** The terminal of this process. Respects `NO_COLOR` (https://no-color.org). */
export function systemTerminal(env: (name: string) => string | undefined): Terminal {
  const isInteractive = Deno.stdout.isTerminal();
  const isColoured = isInteractive && (env("NO_COLOR") ?? "") === "";
  const bar = new ProgressBar();
  const line = (stream: typeof Deno.stdout, text: string) => {
    bar.end();
    write(stream, `${text}\n`);
  };
  return {
    isInteractive,
    get columns() {
      return isInteractive ? screenColumns() : COLUMNS_WITHOUT_SCREEN;
    },
    out: (text) => line(Deno.stdout, text),
    err(text) {
      try {
        line(Deno.stderr, text);
      } catch (error) {
        // There is nowhere left to report it, and the command may still succeed.
        if (!(error instanceof OutputError)) throw error;
      }
    },
    style: (style, text) => isColoured ? styleText(style, text, { validateStream: false }) : text,
    progress: (label, done, total) => bar.show(label, done, total),
    progressEnd: () => bar.end(),
  };
}

/** Overwritten in place on standard error, if a person is looking. */
class ProgressBar {
  readonly #isSeen = Deno.stderr.isTerminal();
  #drawnAt = -Infinity;
  #isDrawn = false;

  show(label: string, done: number, total: number): void {
    const now = performance.now();
    // The last update, and a label alone, may stay visible for long.
    const stays = total > 0 ? done >= total : done <= 0;
    if (!this.#isSeen || (now - this.#drawnAt < PROGRESS_EVERY_MS && !stays)) return;
    this.#drawnAt = now;
    // A wrapped line could not be overwritten in place.
    const text = fitted(progressLine(label, done, total), screenColumns() - 1);
    write(Deno.stderr, `\r${text}\x1b[K`);
    this.#isDrawn = true;
  }

  end(): void {
    if (this.#isDrawn) write(Deno.stderr, "\r\x1b[K");
    this.#isDrawn = false;
    this.#drawnAt = -Infinity;
  }
}

/** A screen of unknown size reports 0. */
function screenColumns(): number {
  return Deno.consoleSize().columns || COLUMNS_WITHOUT_SCREEN;
}

/** Ends the process if the output has no reader. */
function write(stream: typeof Deno.stdout, text: string): void {
  if (!writeWhole(stream, new TextEncoder().encode(text))) Deno.exit(EXIT.pipeClosed);
}

/** The output cannot be written, for example because its disk is full. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/**
 * Writes all bytes, in as many writes as needed; `false` if the output has no reader.
 *
 * @throws {OutputError} if it cannot be written.
 */
export function writeWhole(stream: typeof Deno.stdout, bytes: Uint8Array): boolean {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new OutputError(`Cannot write the output: ${errorMessage(error)}`, { cause: error });
  }
}

/** `label [######------]  50 %`; only the number, or nothing, if the total is unknown. */
function progressLine(label: string, done: number, total: number): string {
  if (total <= 0) return done <= 0 ? label : `${label} ${done}`;
  const share = Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = "#".repeat(filled) + "-".repeat(BAR_COLUMNS - filled);
  return `${label} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

// Text from outside has to be safe for a terminal. Notes, labels and messages come from any sender,
// so characters that would move the cursor or reverse the line are escaped.

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
