/** Colours and marks, which are the same in every command. */

import { stateText } from "../../core/condition.ts";
import type { Style, Terminal } from "../terminal.ts";

export type Paint = Terminal["style"];

/** Each style with the states, conditions and statuses that have it. */
const STYLES: readonly (readonly [Style, readonly string[]])[] = [
  ["dim", ["Created", "created", "scheduled", "abandoned"]],
  ["blue", ["Running", "running", "executing", "queued", "waiting", "sleeping"]],
  ["yellow", ["Compensating", "compensating", "compensated", "backingOff", "suspended"]],
  ["yellow", ["interrupted"]],
  ["green", ["Done", "succeeded", "completed"]],
  ["red", ["Failed", "failed", "parked", "compensationFailed"]],
  ["magenta", ["cancelled"]],
];

/** A state, a condition or a task's status in its colour. */
export function painted(paint: Paint, name: string, text = name): string {
  const style = STYLES.find(([, names]) => names.includes(name))?.[0];
  return style === undefined ? text : paint(style, text);
}

export function paintedState(
  paint: Paint,
  job: { readonly state: string; readonly condition: string },
  text = stateText(job),
): string {
  return painted(paint, job.condition === "cancelled" ? "cancelled" : job.state, text);
}

/** Positions at the end of a sentence: ` [3, 17]`. */
const REFERENCES = / +\[\d+(?:, (?:\d+|\.\.\.))*\]$/;

/** The lines with colours: titles bold, near misses yellow, evidence dim. */
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
