/** What a command writes to: text for people, JSON lines for programs. */

import { styleText } from "node:util";

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";

export interface Terminal {
  /** A person is looking: readable text and colour; otherwise one JSON value to a line. */
  readonly isInteractive: boolean;
  /** Columns of the screen; 80 when there is none. */
  readonly columns: number;
  /** Writes a line to the standard output. */
  out(line: string): void;
  /** Writes a line to the standard error output. */
  err(line: string): void;
  /** The text in a style, or as it is where colour is not wanted. */
  style(style: Style, text: string): string;
  /**
   * Shows how far something is, in place, on the standard error output; nothing where
   * nobody is looking. `total` 0 is unknown.
   */
  progress(label: string, done: number, total: number): void;
  /** Ends the line that `progress` keeps writing anew. */
  progressEnd(): void;
}

const BAR_COLUMNS = 30;
/** Writing more often than this only flickers. */
const PROGRESS_EVERY_MS = 50;

/** The terminal of this process. `NO_COLOR` is heeded (https://no-color.org). */
export function systemTerminal(env: (name: string) => string | undefined): Terminal {
  const isInteractive = Deno.stdout.isTerminal();
  const showsProgress = Deno.stderr.isTerminal();
  const isColoured = isInteractive && (env("NO_COLOR") ?? "") === "";
  // As they are now: a command that calls other people's code may silence the console.
  const { log, error } = console;
  let drawnAt = -Infinity;
  let isDrawn = false;
  const draw = (text: string) => {
    Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}\x1b[K`));
    isDrawn = true;
  };
  return {
    isInteractive,
    columns: isInteractive ? Deno.consoleSize().columns : 80,
    out: (line) => log(line),
    err: (line) => error(line),
    style: (style, text) => isColoured ? styleText(style, text, { validateStream: false }) : text,
    progress(label, done, total) {
      const now = performance.now();
      const isLast = total > 0 && done >= total;
      if (!showsProgress || (now - drawnAt < PROGRESS_EVERY_MS && !isLast)) return;
      drawnAt = now;
      draw(progressLine(label, done, total));
    },
    progressEnd() {
      if (isDrawn) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
      isDrawn = false;
    },
  };
}

/** `label [######------]  50 %`, or only the number while the total is not known. */
export function progressLine(label: string, done: number, total: number): string {
  if (total <= 0) return `${label} ${done}`;
  const share = Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * BAR_COLUMNS);
  const bar = "#".repeat(filled) + "-".repeat(BAR_COLUMNS - filled);
  return `${label} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}
