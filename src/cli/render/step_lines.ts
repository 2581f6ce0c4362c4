/** The steps of a replay: what each entry did to the job, by which rule, and why. */

import { columnsOf, fitted, padded, plainText } from "../plain_text.ts";
import type { ReplayAnswer } from "../resources.ts";
import type { Paint } from "./marks.ts";

export interface StepLinesOptions {
  readonly paint: Paint;
  readonly columns: number;
}

type Step = ReplayAnswer["steps"][number];

/** A sentence wraps rather than be cut: it is what one asked for. */
export function stepLines(
  steps: readonly Step[],
  { paint, columns }: StepLinesOptions,
): readonly string[] {
  const types = steps.map(({ eventType }) => plainText(eventType.replace(/^job\./, "")));
  const typeColumns = Math.max(0, ...types.map(columnsOf));
  const idColumns = Math.max(0, ...steps.map(({ logId }) => String(logId).length));
  const indent = " ".repeat(idColumns + typeColumns + 4);
  return steps.flatMap((step, index) => {
    const id = String(step.logId).padStart(idColumns);
    const head = `${id}  ${padded(types[index] ?? "", typeColumns)}`;
    const rule = fitted(plainText(ruleText(step)), columns - indent.length - 2);
    return [`${head}  ${plainText(step.why)}`, indent + paint("dim", rule)];
  });
}

/** `running/satisfied: state Running → Done, condition waiting → succeeded`. */
function ruleText({ rule, changed }: Step): string {
  const changes = changed.map(({ path, from, to }) =>
    `${path} ${valueText(from)} → ${valueText(to)}`
  );
  return `${rule}: ${changes.length === 0 ? "nothing changed" : changes.join(", ")}`;
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "nothing";
}
