/** Explanations that are not of one job, as text for a terminal. */

import type { About } from "./about.ts";
import { counted } from "../core/counted.ts";
import type { EventExplanation } from "./event_explanation.ts";
import type { Citation } from "./explanation.ts";
import type { LimitsWhatIf } from "./limits_what_if.ts";
import type { QueueExplanation } from "./queue_explanation.ts";
import { wrapped } from "../core/wrapped.ts";
import { toQueueBrief } from "./brief.ts";
import {
  bullet,
  commandLines,
  evidenceLines,
  item,
  section,
  summaryText,
  type TextOptions,
  WIDTH,
} from "./explanation_text.ts";

export function eventExplanationText(
  { summary, reached, more = 0, nearly, refused }: EventExplanation<Citation>,
  width = WIDTH,
): string {
  const unlisted = more === 0 ? [] : item(`${counted(more, "more job")} that it reached.`, width);
  const all = [...reached, ...nearly, ...refused];
  const lines = [
    ...wrapped(width, summary, "", ""),
    ...section("Reached", [...reached.flatMap((job) => bullet(job, width)), ...unlisted]),
    ...section("Nearly", nearly.flatMap((job) => bullet(job, width))),
    ...section("Refused under its id", refused.flatMap((other) => bullet(other, width))),
    ...section("Evidence", evidenceLines(all.flatMap(({ cites }) => cites.slice(0, 8)))),
  ];
  return lines.join("\n") + "\n";
}

export function queueExplanationText(
  explanation: QueueExplanation<Citation>,
  { commandOf, width = WIDTH, nowMs }: TextOptions,
): string {
  const { summary, reasons, next, evidence } = toQueueBrief(explanation, nowMs);
  const lines = [
    ...wrapped(width, summaryText(summary), "", ""),
    ...section("Why", reasons.flatMap((reason) => bullet(reason, width))),
    ...section(
      "Next",
      next.flatMap((step) => [...bullet(step, width), ...commandLines(step, commandOf)]),
    ),
    ...section("Evidence", evidenceLines(evidence)),
  ];
  return lines.join("\n") + "\n";
}

/** What other limits would change for a job. */
export function limitsWhatIfText(
  { statement, because, assumes }: Pick<
    LimitsWhatIf<Citation>,
    "statement" | "because" | "assumes"
  >,
  width = WIDTH,
): string {
  const lines = [
    ...wrapped(width, statement, "", ""),
    ...section("Why", because.flatMap((reason) => bullet(reason, width))),
    ...section("Assumptions", assumes.flatMap((text) => item(text, width))),
    ...section("Evidence", evidenceLines(because.flatMap(({ cites }) => cites))),
  ];
  return lines.join("\n") + "\n";
}

/** The jobs and events that carry a value. */
export function aboutText({ summary, jobs, events }: About<Citation>, width = WIDTH): string {
  const all = [...jobs, ...events];
  const lines = [
    ...wrapped(width, summary, "", ""),
    ...section("Jobs", jobs.flatMap((job) => bullet(job, width))),
    ...section("Events", events.flatMap((event) => bullet(event, width))),
    ...section("Evidence", evidenceLines(all.flatMap(({ cites }) => cites))),
  ];
  return lines.join("\n") + "\n";
}
