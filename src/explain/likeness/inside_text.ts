/**
 * Whether a text has a value inside: an id with a prefix, as in `urn:order:7118`, or an object that
 * was encoded as a text of JSON.
 */

import type { JsonObject, JsonScalar } from "../../core/json.ts";
import { placesIn } from "../elsewhere.ts";
import { looseForm } from "./loose_form.ts";
import { isDistinctive } from "./own_values.ts";

/** Shorter values are parts of many texts by chance. */
const LENGTH_MIN = 4;
/** Longer texts are not searched. */
export const SEARCHED_LENGTH_MAX = 16_384;
/** How many values are searched in one text. */
const VALUES_MAX = 64;

/** The descriptions of such a text in an explanation. */
export const CONTAINED_TEXT = "the text contains the expected value";
export const ENCODED_TEXT = "the text is JSON that has the expected value";

/** `undefined` if the text has none of the values inside, or is no text. */
export function insideText(values: readonly JsonScalar[], found: JsonScalar): string | undefined {
  if (typeof found !== "string" || found.length > SEARCHED_LENGTH_MAX) return undefined;
  const sought = values.slice(0, VALUES_MAX).filter(isDistinctive);
  const encoded = encodedValues(found);
  if (sought.some((value) => encoded.has(looseForm(value)))) return ENCODED_TEXT;
  return sought.some((value) => contains(found, `${value}`)) ? CONTAINED_TEXT : undefined;
}

/** Loose forms of the values in a text that is an object or a list as JSON. */
function encodedValues(text: string): ReadonlySet<string> {
  if (!/^\s*[[{]/.test(text)) return new Set();
  try {
    const encoded: JsonObject = { text: JSON.parse(text) };
    return new Set(placesIn(encoded).map(({ value }) => looseForm(value)));
  } catch {
    return new Set();
  }
}

/** Between characters that are neither letters nor digits. */
function contains(text: string, value: string): boolean {
  if (value.length < LENGTH_MIN) return false;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (isBoundary(text, at) && isBoundary(text, at + value.length)) return true;
  }
  return false;
}

function isBoundary(text: string, at: number): boolean {
  return !/[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at)) ||
    !/^[\p{L}\p{N}]/u.test(text.slice(at, at + 2));
}
