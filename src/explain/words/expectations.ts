/** Puts the events that a job waits for into words: their type, the values they need, how many. */

import { type Correlation, termsOf } from "../../core/correlation.ts";
import { countOf } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { type EventMatcher, type ExpectedEvent, requiredMatches } from "../../core/job_plan.ts";
import type { JsonScalar } from "../../core/json.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";

/** What an expectation wants: `ec.shipment.ShipmentCompleted where orderId = "42"`. */
export function wantedText({ matcher, taskId }: ExpectedEvent): string {
  return matcherText(matcher, taskId === undefined ? "" : ` of task ${taskId}`);
}

/** `shop.Paid where orderId = 42`. */
export function matcherText({ eventType, correlation }: EventMatcher, ofTask = ""): string {
  const where = correlation === "any" ? "" : ` where ${correlationText(correlation)}`;
  return `${eventType}${ofTask}${where}`;
}

/** `within 3 d of the start, or it is waived`. */
export function deadlineText({ ms, otherwise }: { ms: number; otherwise: string }): string {
  const end = otherwise === "fail" ? "the job fails" : "it is waived";
  return `within ${durationText(ms)} of the start, or ${end}`;
}

/** `1 of 3`. */
export function matchedText(expected: ExpectedEvent, matched: number): string {
  return countOf(matched, requiredMatches(expected.multiplicity));
}

const ANYTHING = "any attributes";
export const NEVER = "never";

/** `orderId = "42" and region = "EU"`. */
export function correlationText(correlation: Correlation): string {
  if (correlation === "any") return ANYTHING;
  if ("all" in correlation) return joined(correlation.all, " and ", ANYTHING);
  if ("anyOf" in correlation) return joined(correlation.anyOf, " or ", NEVER);
  if ("not" in correlation) return `not ${grouped(correlation.not)}`;
  const is = "in" in correlation ? "is" : "=";
  const terms = termsOf(correlation).map(([path, allowed]) =>
    `${shownText(path)} ${is} ${choiceText(allowed)}`
  );
  return terms.join(" and ") || ANYTHING;
}

/** A single part stands alone. */
function joined(parts: readonly Correlation[], word: string, ofNone: string): string {
  const [only, another] = parts;
  if (only === undefined) return ofNone;
  return another === undefined ? correlationText(only) : parts.map(grouped).join(word);
}

/** In brackets when "and" and "or" would be ambiguous. */
function grouped(correlation: Correlation): string {
  const text = correlationText(correlation);
  return isCompound(correlation) ? `(${text})` : text;
}

function isCompound(correlation: Correlation): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  if ("equals" in correlation || "in" in correlation) return termsOf(correlation).length > 1;
  const parts = "all" in correlation ? correlation.all : correlation.anyOf;
  const [only] = parts;
  return parts.length > 1 || (only !== undefined && isCompound(only));
}

export const ONE_OF = "one of ";
/** How many of several allowed values are named. */
export const VALUES_SHOWN_MAX = 5;

/** The value, or `one of "EU", "US"`. */
export function choiceText(values: readonly JsonScalar[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return shownScalar(only);
  if (values.length === 0) return `${ONE_OF}none`;
  const more = values.length - VALUES_SHOWN_MAX;
  const shown = values.slice(0, VALUES_SHOWN_MAX).map(shownScalar).join(", ");
  return `${ONE_OF}${shown}${more > 0 ? ` and ${more} more` : ""}`;
}
