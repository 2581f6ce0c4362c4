/** The table of targets: measurement, baseline and verdict. */

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** The baseline, which ran in turns with it. */
  readonly baseline: string;
  /** The value compared with the target, such as `2.1 times`. */
  readonly reached: string;
  /** The same for a server that does only what the target needs, if one ran. */
  readonly floor?: string;
  readonly target: string;
  readonly verdict: Verdict;
}

export type Verdict = "beyond" | "met" | "MISSED" | "LEFT OUT";

/** Higher is better; `beyond` is a stretch goal above the target. */
export function atLeast(value: number, target: number, beyond = Infinity): Verdict {
  if (value >= beyond) return "beyond";
  return value >= target ? "met" : "MISSED";
}

export function atMost(value: number, target: number): Verdict {
  return value <= target ? "met" : "MISSED";
}

const HEADINGS = ["what", "Daybook", "beside it", "reached", "floor", "target", "verdict"];

/** As Markdown, for `bench/README.md`. */
export function tableOf(rows: readonly Row[]): string {
  return markdownTable(
    HEADINGS,
    rows.map((row) => [
      row.what,
      row.measured,
      row.baseline,
      row.reached,
      row.floor ?? "",
      row.target,
      row.verdict,
    ]),
  );
}

export function markdownTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0))
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lineOf(headings, widths), rule, ...rows.map((row) => lineOf(row, widths))].join("\n");
}

function lineOf(cells: readonly string[], widths: readonly number[]): string {
  return `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
}
