/** The table of targets: what was measured, what stands beside it, and the verdict. */

export interface Row {
  readonly what: string;
  readonly measured: string;
  /** What ran in turn with it. */
  readonly baseline: string;
  /** What the target is about, such as `2.1 times`. */
  readonly reached: string;
  /** The same, by a bare server that does nothing but what the target needs; only where one ran. */
  readonly floor?: string;
  readonly target: string;
  readonly verdict: Verdict;
}

export type Verdict = "beyond" | "met" | "MISSED" | "LEFT OUT";

/** The more the better; `beyond` is what would be more than was asked for. */
export function atLeast(value: number, target: number, beyond = Infinity): Verdict {
  if (value >= beyond) return "beyond";
  return value >= target ? "met" : "MISSED";
}

export function atMost(value: number, target: number): Verdict {
  return value <= target ? "met" : "MISSED";
}

const HEADINGS = ["what", "Daybook", "beside it", "reached", "floor", "target", "verdict"];

/** In Markdown, as `bench/README.md` shows it. */
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
