/** Where an event has a value that is missing at the path of a clause. */

import type { JsonObject, JsonScalar } from "../core/json.ts";
import { shownScalar, shownText } from "../core/shown_value.ts";
import { likeliestPlace, type Place, placePath, placesIn } from "./elsewhere.ts";
import { insideText } from "./likeness/inside_text.ts";
import { looseForm } from "./likeness/loose_form.ts";

/** A value of an event at another path than the one in a clause. */
export interface Elsewhere {
  readonly path: string;
  /** As JSON, cut when long. */
  readonly found: string;
  /** Whether it is the expected value, except for form. */
  readonly close: boolean;
  /** A note that it is a text that has the expected value inside. */
  readonly form?: string;
}

/** Where an event has the value of a clause, when there is no scalar at its path. */
export function elsewhereOf(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): Elsewhere | undefined {
  const misplaced = misplacedValue(path, allowed, attributes);
  if (misplaced?.close !== true) {
    const place = placesIn(attributes).find(({ value }) => insideText(allowed, value));
    const form = place && insideText(allowed, place.value);
    if (place !== undefined && form !== undefined) {
      return { ...shownPlace(place), close: false, form };
    }
  }
  return misplaced && { ...shownPlace(misplaced.place), close: misplaced.close };
}

function shownPlace(place: Place): Pick<Elsewhere, "path" | "found"> {
  return { path: shownText(placePath(place)), found: shownScalar(place.value) };
}

/**
 * The likeliest place for a value that is missing at a path, and whether it is at least close to
 * one of the allowed values; `undefined` when no place is likely.
 */
export function misplacedValue(
  path: string,
  allowed: readonly JsonScalar[],
  attributes: JsonObject,
): { readonly place: Place; readonly close: boolean } | undefined {
  const loose = new Set(allowed.map(looseForm));
  const isClose = (value: JsonScalar) => loose.has(looseForm(value));
  const isSame = (value: JsonScalar) => allowed.includes(value);
  const place = likeliestPlace(attributes, path, { isSame, isClose });
  return place === undefined ? undefined : { place, close: isClose(place.value) };
}
