/** Finds the part of a job's input that an error names, so that its value can be shown. */

import { placePath, placesIn } from "./elsewhere.ts";
import type { JobState } from "../core/job_state.ts";
import { isScalar, type JsonObject } from "../core/json.ts";
import { shownScalar } from "../core/shown_value.ts";

const SHOWN_MAX = 2;
/** Shorter names occur as ordinary words. */
const NAME_LENGTH_MIN = 3;

/** `; its input has weight = "2,5"`, or nothing. */
export function namedInputText({ input, sealed }: JobState, message: string): string {
  if (sealed !== undefined || input === undefined || isScalar(input)) return "";
  const words = new Set(wordsOf(message));
  const named = placesIn({ input } as JsonObject)
    .map((place) => ({ path: placePath(place).slice("input.".length), value: place.value }))
    .filter(({ path }) => {
      const name = path.split(".").at(-1)?.toLowerCase() ?? "";
      return name.length >= NAME_LENGTH_MIN && words.has(name);
    })
    .slice(0, SHOWN_MAX);
  if (named.length === 0) return "";
  const shown = named.map(({ path, value }) => `${path} = ${shownScalar(value)}`);
  return `; its input has ${shown.join(" and ")}`;
}

function wordsOf(message: string): readonly string[] {
  return message.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}
