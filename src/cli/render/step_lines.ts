/** The steps of a replay: what each entry did to the job, and by which rule. */

import { columnsOf, fitted, padded, plainText } from "../plain_text.ts";
import type { ReplayAnswer } from "../resources.ts";
import type { Paint } from "./marks.ts";

export interface StepLinesOptions {
  readonly paint: Paint;
  readonly columns: number;
}

/** A line for each step: position, type, and why; steps that changed nothing are dim. */
export function stepLines(
  steps: ReplayAnswer["steps"],
  { paint, columns }: StepLinesOptions,
): readonly string[] {
  const types = steps.map(({ eventType }) => plainText(eventType.replace(/^job\./, "")));
  const typeColumns = Math.max(0, ...types.map(columnsOf));
  const idColumns = Math.max(0, ...steps.map(({ logId }) => String(logId).length));
  return steps.map((step, index) => {
    const head = `${String(step.logId).padStart(idColumns)}  ${
      padded(types[index] ?? "", typeColumns)
    }`;
    const room = Math.max(columns - columnsOf(head) - 4, 24);
    const line = `${head}  ${fitted(plainText(wordsOf(step)), room)}`.trimEnd();
    return step["changed"] === false ? paint("dim", line) : line;
  });
}

function wordsOf({ why, rule }: ReplayAnswer["steps"][number]): string {
  if (typeof why === "string" && why !== "") return why;
  return typeof rule === "string" ? rule : JSON.stringify(rule ?? "");
}
