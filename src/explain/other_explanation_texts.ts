/** Explanations that are not of one job, as text for a terminal. */

import { counted } from "../core/counted.ts";
import { CITES_MAX, toQueueBrief } from "./brief.ts";
import type { About, Citation, EventExplanation, QueueExplanation } from "./explanation.ts";
import {
  bullets,
  item,
  nextLines,
  pageText,
  summaryText,
  type TextOptions,
  WIDTH,
} from "./explanation_text.ts";
import type { LimitsWhatIf } from "./limits_what_if.ts";

export function eventExplanationText(
  { summary, reached, more = 0, nearly, refused }: EventExplanation<Citation>,
  width = WIDTH,
): string {
  const unlisted = more === 0 ? [] : item(`${counted(more, "more job")} that it reached.`, width);
  const all = [...reached, ...nearly, ...refused];
  return pageText(width, summary, {
    "Reached": [...bullets(reached, width), ...unlisted],
    "Nearly": bullets(nearly, width),
    "Refused under its id": bullets(refused, width),
  }, all.flatMap(({ cites }) => cites.slice(0, CITES_MAX)));
}

export function queueExplanationText(
  explanation: QueueExplanation<Citation>,
  { commandOf, width = WIDTH, nowMs }: TextOptions,
): string {
  const { summary, reasons, next, evidence } = toQueueBrief(explanation, nowMs);
  return pageText(width, summaryText(summary), {
    "Why": bullets(reasons, width),
    "Next": nextLines(next, commandOf, width),
  }, evidence);
}

/** What other limits would change for a job. */
export function limitsWhatIfText(
  { statement, because, assumes }: Pick<
    LimitsWhatIf<Citation>,
    "statement" | "because" | "assumes"
  >,
  width = WIDTH,
): string {
  return pageText(width, statement, {
    "Why": bullets(because, width),
    "Assumptions": assumes.flatMap((text) => item(text, width)),
  }, because.flatMap(({ cites }) => cites));
}

/** The jobs and events that carry a value. */
export function aboutText({ summary, jobs, events }: About<Citation>, width = WIDTH): string {
  return pageText(width, summary, {
    "Jobs": bullets(jobs, width),
    "Events": bullets(events, width),
  }, [...jobs, ...events].flatMap(({ cites }) => cites));
}
