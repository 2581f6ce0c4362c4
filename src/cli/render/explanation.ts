/** The prose of an explanation, in colours; see `explanationText`. */

import type { Paint } from "./marks.ts";

/** Positions at the end of a sentence: ` [3, 17]`. */
const REFERENCES = / +\[\d+(?:, (?:\d+|\.\.\.))*\]$/;

/** The same lines: titles bold, near misses yellow, evidence dim. */
export function paintedExplanation(prose: string, paint: Paint): readonly string[] {
  let title = "";
  return prose.trimEnd().split("\n").map((line) => {
    if (line === "") return line;
    if (line.startsWith(" ")) return paintedLine(title, line, paint);
    title = line;
    return paint("bold", line);
  });
}

function paintedLine(title: string, line: string, paint: Paint): string {
  if (title === "Evidence") return paint("dim", line);
  if (/^ +(?:curl|deno task) /.test(line)) return paint("cyan", line);
  const references = REFERENCES.exec(line)?.[0] ?? "";
  const statement = line.slice(0, line.length - references.length);
  const text = title === "Near misses" ? paint("yellow", statement) : statement;
  return references === "" ? text : text + paint("dim", references);
}
